//! PDF (ISO 32000): a header, objects, and at the end where the table of objects is.

use super::Refusal;

/// How far from the end the trailer may begin; as far as readers look for it.
const TRAILER_BYTES: usize = 1024;

/// Whether a file begins as a PDF, ends as one, and has its table of objects where its end says. That a PDF
/// was cut off anywhere shows at its end.
pub fn check(file: &[u8]) -> Result<(), Refusal> {
    let broken = |what: &str| Refusal(format!("The PDF is broken: {what}."));
    let version = file.strip_prefix(b"%PDF-").and_then(|rest| rest.first_chunk::<3>());
    if !matches!(version, Some([b'1' | b'2', b'.', b'0'..=b'9'])) {
        return Err(Refusal::new("The file is not a PDF."));
    }
    let tail = &file[file.len().saturating_sub(TRAILER_BYTES)..];
    let end = rfind(tail, b"%%EOF").ok_or_else(|| broken("it was cut off"))?;
    let start = rfind(&tail[..end], b"startxref").ok_or_else(|| broken("its end is not whole"))?;
    let place = number(&tail[start + b"startxref".len()..end]);
    let table = place.and_then(|place| file.get(place..)).unwrap_or_default();
    if table.starts_with(b"xref") || is_object(table) {
        Ok(())
    } else {
        Err(broken("its table of contents is missing"))
    }
}

fn rfind(bytes: &[u8], word: &[u8]) -> Option<usize> {
    bytes.windows(word.len()).rposition(|window| window == word)
}

/// A number with nothing but white space around it.
fn number(bytes: &[u8]) -> Option<usize> {
    std::str::from_utf8(bytes).ok()?.trim().parse().ok()
}

/// Whether an object begins here (`12 0 obj`): since PDF 1.5 the table can be one.
fn is_object(bytes: &[u8]) -> bool {
    let head = &bytes[..bytes.len().min(32)];
    let mut words = head.split(u8::is_ascii_whitespace);
    let mut number = || words.next().is_some_and(|w| !w.is_empty() && w.iter().all(u8::is_ascii_digit));
    number() && number() && words.next().is_some_and(|word| word.starts_with(b"obj"))
}
