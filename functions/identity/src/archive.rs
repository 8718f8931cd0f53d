//! The archive of an export: a JSON document for each context, and a page in words.
//!
//! What goes in is written on at once and compressed on the way, so that there is never more in memory than
//! the archive itself and a page of what a context holds.

use std::collections::BTreeMap;
use std::io::{Cursor, Write as _};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use lectern_runtime::Fault;
use serde_json::json;
use zip::write::SimpleFileOptions;
use zip::{DateTime, ZipWriter};

use crate::contexts::{Context, Item};

/// The kind of the item that tells the rest in words.
const SUMMARY: &str = "summary";

/// What a document holds, in numbers and in words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contents {
    /// How many of each kind.
    pub counts: BTreeMap<String, u64>,
    /// Sentences for people.
    pub sentences: Vec<String>,
}

/// See the module.
pub struct Archive {
    zip: ZipWriter<Cursor<Vec<u8>>>,
    options: SimpleFileOptions,
    contents: Contents,
}

fn failed(error: impl std::fmt::Display) -> Fault {
    Fault::transient(format!("the archive: {error}"))
}

/// A moment as archives write it: the beginning of their time, should it be outside of that.
fn date(at: Timestamp) -> DateTime {
    let at = at.to_zoned(TimeZone::UTC);
    let small = |part: i8| u8::try_from(part).unwrap_or_default();
    let date = DateTime::from_date_and_time(
        u16::try_from(at.year()).unwrap_or_default(),
        small(at.month()),
        small(at.day()),
        small(at.hour()),
        small(at.minute()),
        small(at.second()),
    );
    date.unwrap_or_default()
}

impl Archive {
    /// Empty, its documents dated `at`.
    pub fn new(at: Timestamp) -> Self {
        let options = SimpleFileOptions::default().last_modified_time(date(at));
        Self { zip: ZipWriter::new(Cursor::new(Vec::new())), options, contents: Contents::default() }
    }

    /// Adds a whole document.
    pub fn document(&mut self, name: &str, content: &str) -> Result<(), Fault> {
        self.zip.start_file(name, self.options).map_err(failed)?;
        self.zip.write_all(content.as_bytes()).map_err(failed)
    }

    /// Begins the document of a context, whose items follow.
    pub fn begin(&mut self, context: Context) -> Result<(), Fault> {
        self.contents = Contents::default();
        self.zip.start_file(format!("{}.json", context.name), self.options).map_err(failed)?;
        write!(self.zip, "{{\"context\":{},\"items\":[", json!(context.name)).map_err(failed)
    }

    /// Adds an item to the document that was begun. A `summary` is kept for the page in words.
    pub fn item(&mut self, item: &Item) -> Result<(), Fault> {
        if item.kind == SUMMARY {
            let sentences: Vec<String> = serde_json::from_str(item.data.get()).map_err(failed)?;
            self.contents.sentences.extend(sentences);
            return Ok(());
        }
        let first = self.contents.counts.is_empty();
        *self.contents.counts.entry(item.kind.clone()).or_default() += 1;
        let comma = if first { "" } else { "," };
        write!(self.zip, "{comma}\n{{\"kind\":{},\"data\":{}}}", json!(item.kind), item.data).map_err(failed)
    }

    /// Ends the document that was begun; says what is in it.
    pub fn end(&mut self) -> Result<Contents, Fault> {
        self.zip.write_all(b"\n]}\n").map_err(failed)?;
        Ok(std::mem::take(&mut self.contents))
    }

    /// Its bytes.
    pub fn finish(self) -> Result<Vec<u8>, Fault> {
        Ok(self.zip.finish().map_err(failed)?.into_inner())
    }
}
