//! A file that a tutor announces before sending it, so that what arrives can be held against it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::field::Invalid;

crate::words! {
    /// What a document may be.
    pub enum FileType {
        /// PDF.
        Pdf = "application/pdf",
        /// PNG.
        Png = "image/png",
        /// JPEG.
        Jpeg = "image/jpeg",
    }
}

crate::words! {
    /// What a photo may be.
    pub enum ImageType {
        /// PNG.
        Png = "image/png",
        /// JPEG.
        Jpeg = "image/jpeg",
    }
}

impl From<ImageType> for FileType {
    fn from(image: ImageType) -> Self {
        match image {
            ImageType::Png => Self::Png,
            ImageType::Jpeg => Self::Jpeg,
        }
    }
}

impl FileType {
    /// The usual ending of a file's name, without its dot.
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Pdf => "pdf",
            Self::Png => "png",
            Self::Jpeg => "jpg",
        }
    }

    /// Its name for people, with its article.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pdf => "a PDF",
            Self::Png => "a PNG image",
            Self::Jpeg => "a JPEG image",
        }
    }
}

/// The SHA-256 of a file. Written in base64, as S3 takes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sha256(pub [u8; 32]);

impl Sha256 {
    /// Reads base64 with its padding.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let bytes = STANDARD.decode(text).ok().and_then(|bytes| bytes.try_into().ok());
        bytes
            .map(Self)
            .ok_or_else(|| Invalid::new("must be the SHA-256 of the file in base64: 44 characters"))
    }
}

impl std::fmt::Display for Sha256 {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&STANDARD.encode(self.0))
    }
}

crate::text_value!(Sha256, "Sha256", { "type": "string", "pattern": "^[A-Za-z0-9+/]{43}=$" });

/// What was said of a file before it was sent, and what it must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AnnouncedFile {
    /// Its type.
    pub content_type: FileType,
    /// Its length in bytes.
    pub size: u32,
    /// Its SHA-256.
    pub sha256: Sha256,
}

/// Nobody waits for this upload any more: it was looked at before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("The upload is not awaited.")]
pub struct NotAwaited;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_checksum_is_read_as_it_is_written(bytes: [u8; 32]) {
            let written = Sha256(bytes).to_string();
            prop_assert_eq!(Sha256::parse(&written), Ok(Sha256(bytes)));
            prop_assert!(written.len() == 44 && written.ends_with('='));
        }

        #[test]
        fn what_has_another_length_is_no_checksum(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            prop_assert_eq!(Sha256::parse(&STANDARD.encode(&bytes)).is_ok(), bytes.len() == 32);
        }
    }

    #[test]
    fn hexadecimal_is_not_taken_for_base64() {
        assert!(Sha256::parse(&"ab".repeat(32)).is_err());
    }
}
