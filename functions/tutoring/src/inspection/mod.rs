//! Whether a file is what it was announced as, and nothing else.
//!
//! The type is that of the content, whatever name or header says. The structure is followed from the first
//! byte to the last, so that what was cut off, or only begins like an image, is refused. Nothing is ever
//! decompressed: the sizes that a header claims are bounds enough, and a file that would unpack to gigabytes
//! costs here what its bytes cost.

mod jpeg;
mod pdf;
mod png;
#[cfg(test)]
pub mod samples;
#[cfg(test)]
mod tests;

use std::ops::RangeInclusive;

use lectern_domain::tutoring::policy::{DOCUMENT_SIDE, IMAGE_PIXELS_MAX, PHOTO_SIDE};
use lectern_domain::tutoring::upload::{AnnouncedFile, FileType};
use sha2::{Digest as _, Sha256};

/// Why a file is not taken: a sentence for the tutor.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Refusal(pub String);

impl Refusal {
    fn new(reason: impl Into<String>) -> Self {
        Self(reason.into())
    }

    /// Of a file that is larger than announced, however large.
    pub fn too_large(file: &AnnouncedFile) -> Self {
        Self(format!("The file is larger than the {} bytes that were announced.", file.size))
    }
}

/// Whether a document is what was announced.
pub fn document(content: &[u8], file: &AnnouncedFile) -> Result<(), Refusal> {
    as_announced(content, file)?;
    match file.content_type {
        FileType::Pdf => pdf::check(content),
        FileType::Png => sides(png::Png::read(content)?.sides(), DOCUMENT_SIDE),
        FileType::Jpeg => sides(jpeg::Jpeg::read(content)?.sides(), DOCUMENT_SIDE),
    }
}

/// Whether a photo is what was announced; gives what of it may be shown: the image without what the camera or
/// a program wrote beside it (place, time, device, comments, smaller copies). Not one pixel is another: parts
/// of the file are left out.
pub fn photo(content: &[u8], file: &AnnouncedFile) -> Result<Vec<u8>, Refusal> {
    as_announced(content, file)?;
    match file.content_type {
        FileType::Pdf => Err(Refusal::new("A photo is a PNG or JPEG image.")),
        FileType::Png => {
            let image = png::Png::read(content)?;
            sides(image.sides(), PHOTO_SIDE)?;
            Ok(image.without_metadata())
        }
        FileType::Jpeg => {
            let image = jpeg::Jpeg::read(content)?;
            sides(image.sides(), PHOTO_SIDE)?;
            Ok(image.without_metadata())
        }
    }
}

fn as_announced(content: &[u8], file: &AnnouncedFile) -> Result<(), Refusal> {
    if content.is_empty() {
        return Err(Refusal::new("The file is empty."));
    }
    let announced = usize::try_from(file.size).unwrap_or(usize::MAX);
    if content.len() > announced {
        return Err(Refusal::too_large(file));
    }
    if content.len() < announced {
        let length = content.len();
        return Err(Refusal(format!("The file has {length} bytes, and {announced} were announced.")));
    }
    if Sha256::digest(content)[..] != file.sha256.0 {
        return Err(Refusal::new("The file is not the one that was announced: its checksum differs."));
    }
    let expected = file.content_type;
    match infer::get(content).map(|found| found.mime_type()) {
        Some(found) if found == expected.as_str() => Ok(()),
        Some(found) => {
            Err(Refusal(format!("The file is not {}: by its content it is {found}.", expected.name())))
        }
        None => Err(Refusal(format!("The file is not {}.", expected.name()))),
    }
}

/// Whether an image of this width and height can be shown to somebody.
fn sides((width, height): (u32, u32), allowed: RangeInclusive<u32>) -> Result<(), Refusal> {
    let (least, most) = (allowed.start(), allowed.end());
    if !allowed.contains(&width) || !allowed.contains(&height) {
        return Err(Refusal(format!(
            "The image is {width} by {height} pixels; each side must have {least} to {most}."
        )));
    }
    if u64::from(width) * u64::from(height) > IMAGE_PIXELS_MAX {
        return Err(Refusal(format!("The image is {width} by {height} pixels, which is too many.")));
    }
    Ok(())
}

/// The first `N` bytes, and what follows them.
fn split<const N: usize>(bytes: &[u8]) -> Option<([u8; N], &[u8])> {
    bytes.split_first_chunk().map(|(first, rest)| (*first, rest))
}
