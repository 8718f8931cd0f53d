//! Documents as PDF: receipts, statements, tax forms. One plain layout for all of them: a title, facts in two
//! columns, tables, notes.
//!
//! The font is Ubuntu Light: it has Latin, Greek and Cyrillic letters. Of another script's letters the box stands
//! that a font has for what it doesn't know: the words are in the answer's JSON too.

mod font;
mod layout;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use krilla::geom::{PathBuilder, Point};
use krilla::metadata::{DateTime, Metadata};
use krilla::page::PageSettings;
use krilla::paint::Stroke;

use font::{FontError, Typeface};
use layout::{Mark, Page, Unit};

/// What is written.
#[derive(Clone, Debug, Default)]
pub struct Document {
    /// What it is: "Receipt".
    pub title: String,
    /// A line below, smaller.
    pub subtitle: String,
    /// Name and value, in this order.
    pub facts: Vec<(String, String)>,
    /// One below the other.
    pub tables: Vec<Table>,
    /// Paragraphs at the end, in small type.
    pub notes: Vec<String>,
}

/// Rows under a heading. Each row has as many cells as there are columns.
#[derive(Clone, Debug, Default)]
pub struct Table {
    /// What it shows.
    pub heading: String,
    /// Its columns.
    pub columns: Vec<Column>,
    /// Its rows; a row goes on to the next page as a whole.
    pub rows: Vec<Vec<String>>,
    /// The last row, under a line.
    pub total: Option<Vec<String>>,
}

/// A column of a table.
#[derive(Clone, Debug)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// How wide it is, as a share of all columns' weights.
    pub weight: u16,
    /// On which side its cells are aligned.
    pub align: Align,
}

/// Where text stands in its column.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Align {
    /// Words.
    #[default]
    Left,
    /// Amounts.
    Right,
}

impl Column {
    /// Of words.
    pub fn left(name: &str, weight: u16) -> Self {
        Self { name: name.to_owned(), weight, align: Align::Left }
    }

    /// Of amounts.
    pub fn right(name: &str, weight: u16) -> Self {
        Self { name: name.to_owned(), weight, align: Align::Right }
    }
}

/// Why there is no document. None of it comes from what is written.
#[derive(Debug, thiserror::Error)]
pub enum PdfError {
    /// The font that is part of the program can't be read.
    #[error(transparent)]
    Font(#[from] FontError),
    /// A page could not be made.
    #[error("the page can't be made")]
    Page,
    /// The file could not be put together.
    #[error("the file can't be made: {0}")]
    File(String),
}

impl From<PdfError> for lectern_runtime::Problem {
    fn from(error: PdfError) -> Self {
        Self::internal(error)
    }
}

/// The file, A4, dated `made_at`. The same document at the same moment is the same file.
pub fn render(document: &Document, made_at: Timestamp) -> Result<Vec<u8>, PdfError> {
    let typeface = Typeface::new()?;
    let pages = layout::pages(document, &typeface);
    let mut file = krilla::Document::new();
    file.set_metadata(metadata(document, made_at));
    for page in &pages {
        draw(&mut file, page, &typeface)?;
    }
    file.finish().map_err(|error| PdfError::File(format!("{error:?}")))
}

fn metadata(document: &Document, made_at: Timestamp) -> Metadata {
    let at = made_at.to_zoned(TimeZone::UTC);
    let part = |number: i8| u8::try_from(number).unwrap_or(0);
    let date =
        DateTime::new(u16::try_from(at.year()).unwrap_or(0)).month(part(at.month())).day(part(at.day()));
    let date = date.hour(part(at.hour())).minute(part(at.minute())).second(part(at.second()));
    Metadata::new()
        .title(document.title.clone())
        .creator("Lectern".to_owned())
        .language("en".to_owned())
        .creation_date(date.utc_offset_hour(0).utc_offset_minute(0))
}

fn draw(file: &mut krilla::Document, page: &Page, typeface: &Typeface) -> Result<(), PdfError> {
    let size =
        PageSettings::from_wh(layout::WIDTH.points(), layout::HEIGHT.points()).ok_or(PdfError::Page)?;
    let mut sheet = file.start_page_with(size);
    let mut surface = sheet.surface();
    for mark in &page.marks {
        match mark {
            Mark::Text { x, y, size, text } => {
                let glyphs = typeface.glyphs(text);
                let at = Point::from_xy(x.points(), y.points());
                surface.draw_glyphs(at, &glyphs, typeface.font(), text, size.points(), false);
            }
            Mark::Line { from, to, y } => {
                let mut path = PathBuilder::new();
                path.move_to(from.points(), y.points());
                path.line_to(to.points(), y.points());
                let path = path.finish().ok_or(PdfError::Page)?;
                surface.set_stroke(Some(Stroke { width: Unit::THIN.points(), ..Stroke::default() }));
                surface.draw_path(&path);
                surface.set_stroke(None);
            }
        }
    }
    surface.finish();
    sheet.finish();
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(document: &Document) -> String {
        let file = render(document, Timestamp::UNIX_EPOCH).unwrap();
        assert!(file.starts_with(b"%PDF-"));
        pdf_extract::extract_text_from_mem(&file).unwrap()
    }

    fn table(rows: usize) -> Table {
        Table {
            heading: "Lessons".to_owned(),
            columns: vec![Column::left("What", 3), Column::right("Amount", 1)],
            rows: (0..rows).map(|row| vec![format!("Lesson {row}"), format!("{row}.00")]).collect(),
            total: Some(vec!["Sum".to_owned(), "99.00".to_owned()]),
        }
    }

    #[test]
    fn what_is_written_can_be_read_back() {
        let document = Document {
            title: "Receipt".to_owned(),
            subtitle: "No. 7".to_owned(),
            facts: vec![("Paid by".to_owned(), "Grüße, Ωμέγα, Привет".to_owned())],
            tables: vec![table(2)],
            notes: vec!["Thank you.".to_owned()],
        };
        let words = words(&document);
        let wanted = [
            "Receipt",
            "No. 7",
            "Paid by",
            "Grüße, Ωμέγα, Привет",
            "Lessons",
            "Amount",
            "Lesson 1",
            "99.00",
            "Thank you.",
        ];
        for word in wanted {
            assert!(words.contains(word), "{word} is missing in {words}");
        }
    }

    #[test]
    fn a_long_table_goes_on_over_pages_and_no_row_is_lost() {
        let words = words(&Document { tables: vec![table(200)], ..Document::default() });
        for row in 0..200 {
            assert!(words.contains(&format!("Lesson {row}")), "{row}");
        }
        assert!(words.contains("Page 4 of 4"), "{words}");
    }

    #[test]
    fn letters_that_the_font_lacks_make_no_error() {
        let document = Document { title: "数学 🧮".to_owned(), ..Document::default() };
        assert!(!render(&document, Timestamp::UNIX_EPOCH).unwrap().is_empty());
    }

    #[test]
    fn the_same_document_is_the_same_file() {
        let document =
            Document { title: "Receipt".to_owned(), tables: vec![table(3)], ..Document::default() };
        let files = [0, 1].map(|_| render(&document, Timestamp::UNIX_EPOCH).unwrap());
        assert_eq!(files[0], files[1]);
    }
}
