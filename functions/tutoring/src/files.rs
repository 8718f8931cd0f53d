//! Where tutors' files are, and who gets at them.
//!
//! What somebody sends goes under `incoming/`, by a form that is for one file. There it is looked at
//! ([`crate::inspect_upload`]); what passes is put under `documents/` or `photos/` by us alone, the very
//! bytes that were looked at, and only there it can be read. So whoever sends something else by the same form
//! afterwards changes nothing that anybody sees. Every key begins with its owner's id, so that an erasure
//! finds all of them when their rows are gone.

use jiff::SignedDuration;
use lectern_domain::id::{DocumentId, PhotoId, UserId};
use lectern_domain::time::Instant;
use lectern_domain::tutoring::policy::{FILE_LINK_MINUTES, UPLOAD_FORM_MINUTES};
use lectern_domain::tutoring::upload::AnnouncedFile;
use lectern_runtime::Cx;
use lectern_runtime::objects::ObjectError;
use lectern_runtime::objects::post::{Announced, PostForm};
use schemars::JsonSchema;
use serde::Serialize;

use crate::services::Tutoring;

/// Under which people's uploads arrive.
pub const INCOMING: &str = "incoming/";

/// A file of a tutor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Upload {
    /// A document.
    Document(UserId, DocumentId),
    /// A photo.
    Photo(UserId, PhotoId),
}

impl Upload {
    /// Where it arrives.
    pub fn incoming(self) -> String {
        match self {
            Self::Document(tutor, id) => format!("{INCOMING}{tutor}/documents/{id}"),
            Self::Photo(tutor, id) => format!("{INCOMING}{tutor}/photos/{id}"),
        }
    }

    /// Where it is once it has been looked at.
    pub fn kept(self) -> String {
        match self {
            Self::Document(tutor, id) => format!("documents/{tutor}/{id}"),
            Self::Photo(tutor, id) => format!("photos/{tutor}/{id}"),
        }
    }

    /// Both.
    pub fn keys(self) -> [String; 2] {
        [self.incoming(), self.kept()]
    }

    /// What arrives under this key; `None` under a key that we never gave.
    pub fn of_incoming(key: &str) -> Option<Self> {
        let mut parts = key.strip_prefix(INCOMING)?.split('/');
        let tutor = UserId::parse(parts.next()?).ok()?;
        let (folder, id) = (parts.next()?, parts.next()?);
        let upload = match folder {
            "documents" => Self::Document(tutor, DocumentId::parse(id).ok()?),
            "photos" => Self::Photo(tutor, PhotoId::parse(id).ok()?),
            _ => return None,
        };
        // The same ids in other letters are another key.
        (upload.incoming() == key).then_some(upload)
    }

    /// The form by which it can be sent, from the moment on at which it was announced.
    pub async fn form(
        self,
        cx: &Cx<Tutoring>,
        file: &AnnouncedFile,
        announced_at: Instant,
    ) -> Result<PostForm, ObjectError> {
        let (key, size) = (self.incoming(), u64::from(file.size));
        let announced = Announced {
            key: &key,
            content_type: file.content_type.as_str(),
            bytes: size..=size,
            sha256: file.sha256.0,
        };
        let life = SignedDuration::from_mins(UPLOAD_FORM_MINUTES);
        cx.files.presigned_post(&announced, announced_at.get(), life).await
    }

    /// A link to what was kept, which a browser saves as `file_name`.
    pub async fn link(self, cx: &Cx<Tutoring>, file_name: &str) -> Result<FileLink, ObjectError> {
        let life = SignedDuration::from_mins(FILE_LINK_MINUTES);
        let url = cx.files.presigned_get(&self.kept(), file_name, cx.now(), life).await?;
        Ok(FileLink { url, expires_at: (cx.now() + life).into() })
    }
}

/// Under which all files of a tutor are.
pub fn prefixes(tutor: UserId) -> [String; 3] {
    [format!("{INCOMING}{tutor}/"), format!("documents/{tutor}/"), format!("photos/{tutor}/")]
}

/// Gives the file to whoever has it, so it is not to be passed on.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FileLink {
    /// Where to fetch it by GET, without a token.
    pub url: String,
    /// When the link ends; the next call gives another.
    pub expires_at: Instant,
}

/// Deletes files that were noted as unwanted. One that can't be deleted now is left to
/// [`crate::sweep_tutor_files`].
pub async fn discard(cx: &Cx<Tutoring>, keys: &[String]) {
    for key in keys {
        if let Err(error) = cx.files.delete(key).await {
            tracing::warn!(cause = %error, "an unwanted file is left to the sweep");
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_key_is_read_as_it_is_made_and_no_other_is() {
        let tutor = UserId(Uuid::from_u128(0xabc));
        let uploads = [
            Upload::Document(tutor, DocumentId(Uuid::from_u128(1))),
            Upload::Photo(tutor, PhotoId(Uuid::from_u128(2))),
        ];
        for upload in uploads {
            assert_eq!(Upload::of_incoming(&upload.incoming()), Some(upload));
            assert_eq!(Upload::of_incoming(&upload.kept()), None);
            assert_eq!(Upload::of_incoming(&upload.incoming().to_uppercase()), None);
            assert_eq!(Upload::of_incoming(&format!("{}/x", upload.incoming())), None);
            assert_eq!(Upload::of_incoming(&upload.incoming().replace("abc", "ABC")), None);
            let begins = |key: &String| prefixes(tutor).iter().any(|prefix| key.starts_with(prefix));
            assert!(upload.keys().iter().all(begins));
        }
        for key in ["", "incoming/", "incoming/a/documents/b", "incoming/../documents/x"] {
            assert_eq!(Upload::of_incoming(key), None);
        }
    }
}
