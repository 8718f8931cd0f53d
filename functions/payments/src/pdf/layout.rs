//! Where everything stands on A4 paper. In whole hundredths of a point, so that the same document is laid out alike
//! everywhere.

use super::font::Typeface;
use super::{Align, Column, Document, Table};

/// A hundredth of a point; 1 pt = 1/72 inch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unit(i32);

impl Unit {
    /// How thick a line is.
    pub const THIN: Self = Self(50);

    /// As a drawing wants it.
    #[expect(clippy::float_arithmetic, reason = "a place on paper, not money")]
    pub fn points(self) -> f32 {
        self.0 as f32 / 100.0
    }
}

/// A4.
pub const WIDTH: Unit = Unit(59_500);
/// A4.
pub const HEIGHT: Unit = Unit(84_200);
const MARGIN: i32 = 5_000;
const BOTTOM: i32 = HEIGHT.0 - 6_500;
const INNER: i32 = WIDTH.0 - 2 * MARGIN;
/// Where the values of facts begin.
const VALUES: i32 = 15_000;
/// Between two columns.
const GUTTER: i32 = 800;

const TITLE: i32 = 2_000;
const HEADING: i32 = 1_200;
const TEXT: i32 = 950;
const SMALL: i32 = 800;

/// What is drawn.
#[derive(Clone, Debug)]
pub enum Mark {
    /// A line of text from its left end; `y` is the base line.
    Text {
        /// From the left.
        x: Unit,
        /// From the top.
        y: Unit,
        /// Of the type.
        size: Unit,
        /// What is written.
        text: String,
    },
    /// A rule.
    Line {
        /// Left end.
        from: Unit,
        /// Right end.
        to: Unit,
        /// From the top.
        y: Unit,
    },
}

/// A sheet.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// In the order of drawing.
    pub marks: Vec<Mark>,
}

/// A place in a table's row: from where, how wide.
struct Place {
    x: i32,
    width: i32,
    align: Align,
}

struct Writer<'a> {
    typeface: &'a Typeface,
    pages: Vec<Page>,
    marks: Vec<Mark>,
    y: i32,
}

/// The document as pages, one at least.
pub fn pages(document: &Document, typeface: &Typeface) -> Vec<Page> {
    let mut writer = Writer { typeface, pages: Vec::new(), marks: Vec::new(), y: MARGIN };
    writer.paragraph(&document.title, TITLE);
    writer.paragraph(&document.subtitle, TEXT);
    writer.gap(1_200);
    for (name, value) in &document.facts {
        writer.fact(name, value);
    }
    for table in &document.tables {
        writer.table(table);
    }
    writer.gap(1_600);
    for note in &document.notes {
        writer.paragraph(note, SMALL);
        writer.gap(300);
    }
    writer.finish()
}

/// From one base line to the next.
const fn leading(size: i32) -> i32 {
    size * 14 / 10
}

impl Writer<'_> {
    fn width(&self, text: &str, size: i32) -> i32 {
        self.typeface.width(text) * size / 1_000
    }

    fn gap(&mut self, height: i32) {
        self.y += height;
    }

    /// Goes on to the next page when there is no room for this much. Says whether it did.
    fn make_room(&mut self, height: i32) -> bool {
        if self.y + height <= BOTTOM || self.marks.is_empty() {
            return false;
        }
        self.pages.push(Page { marks: std::mem::take(&mut self.marks) });
        self.y = MARGIN;
        true
    }

    /// A text in lines no wider than that. A word that is wider by itself is broken.
    fn wrapped(&self, text: &str, size: i32, width: i32) -> Vec<String> {
        let mut lines = Vec::new();
        let mut line = String::new();
        for word in text.split_whitespace() {
            let longer = if line.is_empty() { word.to_owned() } else { format!("{line} {word}") };
            if self.width(&longer, size) <= width {
                line = longer;
                continue;
            }
            if !line.is_empty() {
                lines.push(std::mem::take(&mut line));
            }
            for letter in word.chars() {
                line.push(letter);
                if self.width(&line, size) > width && line.chars().count() > 1 {
                    line.pop();
                    lines.push(std::mem::replace(&mut line, letter.to_string()));
                }
            }
        }
        if !line.is_empty() {
            lines.push(line);
        }
        lines
    }

    fn write(&mut self, x: i32, y: i32, size: i32, text: &str) {
        self.marks.push(Mark::Text { x: Unit(x), y: Unit(y), size: Unit(size), text: text.to_owned() });
    }

    fn rule(&mut self) {
        let y = Unit(self.y + 300);
        self.marks.push(Mark::Line { from: Unit(MARGIN), to: Unit(MARGIN + INNER), y });
        self.y += 600;
    }

    fn paragraph(&mut self, text: &str, size: i32) {
        for line in self.wrapped(text, size, INNER) {
            self.make_room(leading(size));
            self.y += leading(size);
            self.write(MARGIN, self.y, size, &line);
        }
    }

    fn fact(&mut self, name: &str, value: &str) {
        let places = [
            Place { x: MARGIN, width: VALUES - GUTTER, align: Align::Left },
            Place { x: MARGIN + VALUES, width: INNER - VALUES, align: Align::Left },
        ];
        self.row(&places, &[name.to_owned(), value.to_owned()], |_| {});
    }

    fn table(&mut self, table: &Table) {
        let places = places(&table.columns);
        let names: Vec<_> = table.columns.iter().map(|column| column.name.clone()).collect();
        self.gap(1_600);
        // The heading is not left alone at the end of a page.
        self.make_room(leading(HEADING) + 4 * leading(TEXT));
        self.paragraph(&table.heading, HEADING);
        self.gap(200);
        let head = |writer: &mut Self| {
            writer.row(&places, &names, |_| {});
            writer.rule();
        };
        head(self);
        for row in &table.rows {
            self.row(&places, row, head);
        }
        if let Some(total) = &table.total {
            self.make_room(2 * leading(TEXT) + 600);
            self.rule();
            self.row(&places, total, head);
        }
    }

    /// Cells beside each other; `on_new_page` writes what comes before them on a new page.
    fn row(&mut self, places: &[Place], cells: &[String], on_new_page: impl Fn(&mut Self)) {
        let wrapped: Vec<_> =
            places.iter().zip(cells).map(|(place, cell)| self.wrapped(cell, TEXT, place.width)).collect();
        let lines = wrapped.iter().map(Vec::len).max().unwrap_or(0).max(1);
        let height = i32::try_from(lines).unwrap_or(1) * leading(TEXT);
        if self.make_room(height) {
            on_new_page(self);
        }
        for (place, cell) in places.iter().zip(&wrapped) {
            let mut y = self.y;
            for line in cell {
                y += leading(TEXT);
                let x = match place.align {
                    Align::Left => place.x,
                    Align::Right => place.x + place.width - self.width(line, TEXT),
                };
                self.write(x, y, TEXT, line);
            }
        }
        self.y += height;
    }

    fn finish(mut self) -> Vec<Page> {
        self.pages.push(Page { marks: std::mem::take(&mut self.marks) });
        let count = self.pages.len();
        for (at, page) in self.pages.iter_mut().enumerate() {
            let text = format!("Page {} of {count}", at + 1);
            let (x, y) = (Unit(MARGIN), Unit(HEIGHT.0 - 3_500));
            page.marks.push(Mark::Text { x, y, size: Unit(SMALL), text });
        }
        self.pages
    }
}

fn places(columns: &[Column]) -> Vec<Place> {
    let weights: i32 = columns.iter().map(|column| i32::from(column.weight)).sum::<i32>().max(1);
    let mut x = MARGIN;
    let place = |column: &Column| {
        let whole = INNER * i32::from(column.weight) / weights;
        let place = Place { x, width: (whole - GUTTER).max(GUTTER), align: column.align };
        x += whole;
        place
    };
    columns.iter().map(place).collect()
}
