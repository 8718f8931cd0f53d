//! The journal: one line of JSON per change, appended before the change is answered. At a start the lines are read,
//! then written anew as the state that they lead to, in a file that takes the journal's place at once; so they are when
//! they have become too many.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead as _, BufReader, BufWriter, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::remembered::Remembered;
use crate::objects::Object;

/// One change.
#[derive(Default, Serialize, Deserialize)]
pub struct Entry {
    /// Objects in their new state.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub put: Vec<Object>,
    /// The answer that went with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remember: Option<Remembered>,
}

/// The open journal.
pub struct Journal {
    path: PathBuf,
    file: File,
    /// The length up to which the file is whole: a line that couldn't be written to its end is cut off again.
    length: u64,
    /// Its length when it was written anew: as much as is needed for what there was then.
    needed: u64,
}

/// A journal shorter than this is left as it is.
const WRITTEN_ANEW_FROM: u64 = 4 << 20;
/// How much longer than needed it may grow.
const GROWTH_MAX: u64 = 4;

/// Reads every whole line. The last one may be torn by a kill in the middle of its writing: then it was never
/// answered and is dropped.
///
/// # Errors
/// The file can't be read, or a line before the last isn't an entry.
pub fn read(path: &Path) -> io::Result<Vec<Entry>> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut entries = Vec::new();
    let mut reader = BufReader::new(file);
    let mut line = Vec::new();
    loop {
        line.clear();
        reader.read_until(b'\n', &mut line)?;
        if line.last() != Some(&b'\n') {
            return Ok(entries);
        }
        let entry = serde_json::from_slice(&line).map_err(|error| {
            io::Error::new(io::ErrorKind::InvalidData, format!("line {}: {error}", entries.len() + 1))
        })?;
        entries.push(entry);
    }
}

impl Journal {
    /// Replaces the journal at `path` by `entries` and leaves it open for more.
    ///
    /// # Errors
    /// It can't be written.
    pub fn replace(path: &Path, entries: impl Iterator<Item = Entry>) -> io::Result<Self> {
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            fs::create_dir_all(folder)?;
        }
        let fresh = path.with_extension("new");
        let mut writer = BufWriter::new(File::create(&fresh)?);
        for entry in entries {
            serde_json::to_writer(&mut writer, &entry)?;
            writer.write_all(b"\n")?;
        }
        writer.into_inner()?.sync_all()?;
        fs::rename(&fresh, path)?;
        let file = OpenOptions::new().append(true).open(path)?;
        let length = file.metadata()?.len();
        Ok(Self { path: path.to_owned(), file, length, needed: length })
    }

    /// Whether it tells mostly what isn't true any more, and should be written anew.
    #[must_use]
    pub fn has_outgrown(&self) -> bool {
        self.length > WRITTEN_ANEW_FROM.max(self.needed.saturating_mul(GROWTH_MAX))
    }

    /// Appends one change.
    ///
    /// # Errors
    /// It can't be written; the journal is as before.
    pub fn append(&mut self, entry: &Entry) -> io::Result<()> {
        let mut line = serde_json::to_vec(entry)?;
        line.push(b'\n');
        if let Err(error) = self.file.write_all(&line) {
            self.file.set_len(self.length)?;
            return Err(error);
        }
        self.length += u64::try_from(line.len()).unwrap_or_default();
        Ok(())
    }

    /// Forgets everything.
    ///
    /// # Errors
    /// It can't be written.
    pub fn clear(&mut self) -> io::Result<()> {
        *self = Self::replace(&self.path, std::iter::empty())?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_journal_has_outgrown_when_it_is_long_and_mostly_out_of_date() {
        let path = std::env::temp_dir().join(format!("lectern-journal-{}.jsonl", std::process::id()));
        let answer = |body: String| Remembered {
            key: "k".to_owned(),
            endpoint: String::new(),
            params: String::new(),
            request_id: String::new(),
            created: 0,
            status: 200,
            body,
        };
        let entry = || Entry { put: Vec::new(), remember: Some(answer("x".repeat(1 << 20))) };
        let mut journal = Journal::replace(&path, [entry()].into_iter()).unwrap();
        for _ in 0..3 {
            journal.append(&entry()).unwrap();
            assert!(!journal.has_outgrown());
        }
        journal.append(&entry()).unwrap();
        assert!(journal.has_outgrown());
        let journal = Journal::replace(&path, [entry()].into_iter()).unwrap();
        assert!(!journal.has_outgrown());
        fs::remove_file(path).unwrap();
    }
}
