//! Answers that are files: a receipt, a statement. Bytes, not JSON; problems stay JSON.

use std::marker::PhantomData;

use jiff::Timestamp;
use schemars::{Schema, SchemaGenerator};

use crate::http::{Content, IntoResponse, Response};
use crate::problem::Problem;

/// Largest file that is answered, in bytes. Lambda takes no answer above 6 MB, in which base64 and the gateway's
/// JSON need their room.
const BYTES_MAX: usize = 4 * 1024 * 1024;

/// `application/pdf`.
pub const PDF: &str = "application/pdf";
/// `text/csv`, in UTF-8 and with a first line of names.
pub const CSV: &str = "text/csv; charset=utf-8; header=present";

/// Which types the files of a route can have.
pub trait FileKind: Send + 'static {
    /// Content types, of which a file has one.
    const MEDIA_TYPES: &'static [&'static str];
}

/// Always a PDF.
#[derive(Clone, Copy, Debug)]
pub struct Pdf;

/// A PDF or a CSV, as the client asks for.
#[derive(Clone, Copy, Debug)]
pub struct PdfOrCsv;

impl FileKind for Pdf {
    const MEDIA_TYPES: &'static [&'static str] = &[PDF];
}

impl FileKind for PdfOrCsv {
    const MEDIA_TYPES: &'static [&'static str] = &[PDF, CSV];
}

/// The answer of a use case that is a file to keep.
#[derive(Debug)]
pub struct File<K = Pdf> {
    media_type: &'static str,
    headers: Vec<(&'static str, String)>,
    bytes: Vec<u8>,
    kind: PhantomData<K>,
}

impl<K: FileKind> File<K> {
    /// A file of this content type (one of `K`'s), to be saved under this name. Of the name only letters, digits,
    /// dots and hyphens are kept.
    pub fn new(media_type: &'static str, name: &str, bytes: Vec<u8>) -> Self {
        let is_plain = |c: &char| c.is_ascii_alphanumeric() || ['.', '-', '_'].contains(c);
        let name: String = name.chars().filter(is_plain).collect();
        let headers = vec![("content-disposition", format!("attachment; filename=\"{name}\""))];
        Self { media_type, headers, bytes, kind: PhantomData }
    }

    /// Adds the `ETag` of the version that the file shows.
    #[must_use]
    pub fn etag(mut self, version: i64) -> Self {
        self.headers.push(("etag", format!("\"{version}\"")));
        self
    }
}

impl<K: FileKind> IntoResponse for File<K> {
    const STATUS: u16 = 200;
    const MEDIA_TYPE: &'static str = "application/octet-stream";
    const MEDIA_TYPES: &'static [&'static str] = K::MEDIA_TYPES;

    fn into_response(self, _now: Timestamp) -> Result<Response, Problem> {
        if self.bytes.len() > BYTES_MAX {
            return Err(Problem::internal(format!("a file of {} bytes can't be answered", self.bytes.len())));
        }
        let (media_type, headers, content) = (self.media_type, self.headers, Content::Bytes(self.bytes));
        Ok(Response { status: Self::STATUS, media_type, headers, content, problem: None })
    }

    fn schema(_generator: &mut SchemaGenerator) -> Schema {
        // OpenAPI 3.1 describes bytes by their media type alone.
        schemars::json_schema!({})
    }
}
