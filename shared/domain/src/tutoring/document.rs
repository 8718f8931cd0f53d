//! A file that a tutor hands in for verification (product.md, Document).
//!
//! `awaiting_upload` -> `uploaded` -> `accepted` | `rejected`, and `awaiting_upload` -> `rejected` for what
//! arrived and was not what was announced: of that no file is kept. Only the owner and admins read one.

use deserr::Deserr;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde_json::{Value, json};

use super::policy::DOCUMENT_BYTES_MAX;
use super::upload::{AnnouncedFile, FileType, NotAwaited, Sha256};
use super::verification::VerificationStatus;
use crate::event::NewEvent;
use crate::field::FieldErrors;
use crate::id::{DocumentId, UserId};
use crate::time::Bounded;

crate::words! {
    /// What a document proves.
    pub enum DocumentKind {
        /// Who the tutor is.
        Identity = "identity",
        /// A degree.
        Degree = "degree",
        /// Another qualification.
        Certificate = "certificate",
        /// What an authority says of the tutor's record.
        BackgroundCheck = "background_check",
    }
}

crate::words! {
    /// How a document stands.
    pub enum DocumentStatus {
        /// Announced, and not here yet.
        AwaitingUpload = "awaiting_upload",
        /// Here, and what it was announced as.
        Uploaded = "uploaded",
        /// An admin has accepted it.
        Accepted = "accepted",
        /// It was not what it was announced as, or an admin did not accept it.
        Rejected = "rejected",
    }
}

/// A document as a tutor announces it.
#[derive(Clone, Debug, Deserr, JsonSchema)]
#[deserr(error = FieldErrors, rename_all = camelCase, deny_unknown_fields)]
#[schemars(rename_all = "camelCase")]
pub struct WantedDocument {
    /// What it proves.
    pub kind: DocumentKind,
    /// What the file is.
    pub content_type: FileType,
    /// Its length in bytes.
    pub size: Bounded<1, DOCUMENT_BYTES_MAX>,
    /// Its SHA-256 in base64.
    pub sha256: Sha256,
}

/// The state, with what belongs to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DocumentState {
    /// Announced, and not here yet.
    AwaitingUpload,
    /// Here since then.
    Uploaded(Timestamp),
    /// An admin has accepted what is here since then.
    Accepted(Timestamp),
    /// Refused.
    Rejected {
        /// Since when the file is here; `None` when it was refused on arrival, and is not kept.
        uploaded_at: Option<Timestamp>,
        /// Why, in words for the tutor.
        reason: String,
    },
}

/// See the module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// Its id.
    pub id: DocumentId,
    /// Whose.
    pub tutor_id: UserId,
    /// What it proves.
    pub kind: DocumentKind,
    /// What the file was announced as.
    pub file: AnnouncedFile,
    /// How it stands.
    pub state: DocumentState,
    /// Number of events so far.
    pub sequence: i64,
    /// When it was announced.
    pub created_at: Timestamp,
}

/// Why a document can't be taken away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RemoveError {
    /// An approval rests on it.
    #[error("A document that was accepted is kept.")]
    Accepted,
    /// An admin may be looking at it.
    #[error("While a submission waits to be decided, its documents stay.")]
    UnderReview,
}

impl Document {
    /// Announces one.
    pub fn announce(id: DocumentId, tutor_id: UserId, wanted: &WantedDocument, now: Timestamp) -> Self {
        let file = AnnouncedFile {
            content_type: wanted.content_type,
            size: wanted.size.get(),
            sha256: wanted.sha256,
        };
        let state = DocumentState::AwaitingUpload;
        Self { id, tutor_id, kind: wanted.kind, file, state, sequence: 0, created_at: now }
    }

    /// The state's word.
    pub const fn status(&self) -> DocumentStatus {
        match self.state {
            DocumentState::AwaitingUpload => DocumentStatus::AwaitingUpload,
            DocumentState::Uploaded(_) => DocumentStatus::Uploaded,
            DocumentState::Accepted(_) => DocumentStatus::Accepted,
            DocumentState::Rejected { .. } => DocumentStatus::Rejected,
        }
    }

    /// Since when its file is here; `None` without one.
    pub const fn uploaded_at(&self) -> Option<Timestamp> {
        match self.state {
            DocumentState::AwaitingUpload => None,
            DocumentState::Uploaded(at) | DocumentState::Accepted(at) => Some(at),
            DocumentState::Rejected { uploaded_at, .. } => uploaded_at,
        }
    }

    /// What a browser saves it as: names nobody.
    pub fn file_name(&self) -> String {
        format!("{}.{}", self.kind.as_str().replace('_', "-"), self.file.content_type.extension())
    }

    /// What was announced has arrived.
    pub fn arrive(mut self, now: Timestamp) -> Result<(Self, Vec<NewEvent>), NotAwaited> {
        self.leave_waiting(DocumentState::Uploaded(now))?;
        let data = json!({ "documentId": self.id, "tutorId": self.tutor_id, "kind": self.kind });
        Ok(self.happened("tutor.document_uploaded", data))
    }

    /// Something else has arrived. Nobody but the tutor cares, so it is no event.
    pub fn refuse(mut self, reason: String) -> Result<Self, NotAwaited> {
        self.leave_waiting(DocumentState::Rejected { uploaded_at: None, reason })?;
        Ok(self)
    }

    fn leave_waiting(&mut self, state: DocumentState) -> Result<(), NotAwaited> {
        if self.state != DocumentState::AwaitingUpload {
            return Err(NotAwaited);
        }
        self.state = state;
        Ok(())
    }

    /// An admin gets a link to it; `None` when there is no file.
    pub fn read(self, admin: UserId) -> Option<(Self, Vec<NewEvent>)> {
        self.uploaded_at()?;
        let data = json!({ "documentId": self.id, "tutorId": self.tutor_id, "adminId": admin });
        Some(self.happened("tutor.document_read", data))
    }

    /// Whether its owner, whose verification stands so, may take it away.
    pub fn removal(&self, verification: VerificationStatus) -> Result<(), RemoveError> {
        use VerificationStatus::{InReview, Submitted};
        match self.state {
            DocumentState::Accepted(_) => Err(RemoveError::Accepted),
            DocumentState::Uploaded(_) if matches!(verification, Submitted | InReview) => {
                Err(RemoveError::UnderReview)
            }
            _ => Ok(()),
        }
    }

    fn happened(mut self, kind: &'static str, data: Value) -> (Self, Vec<NewEvent>) {
        self.sequence += 1;
        let event = NewEvent {
            kind,
            version: 1,
            aggregate_type: "document",
            aggregate_id: self.id.0,
            sequence: self.sequence,
            data,
        };
        (self, vec![event])
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn announced() -> Document {
        let wanted = json!({ "kind": "background_check", "contentType": "application/pdf", "size": 9,
                             "sha256": Sha256([7; 32]) });
        let wanted: WantedDocument = deserr::deserialize::<_, _, FieldErrors>(wanted).unwrap();
        Document::announce(
            DocumentId(Uuid::from_u128(1)),
            UserId(Uuid::from_u128(2)),
            &wanted,
            Timestamp::UNIX_EPOCH,
        )
    }

    fn in_state(state: DocumentState) -> Document {
        Document { state, ..announced() }
    }

    fn every_state() -> [Document; 5] {
        let rejected = |uploaded_at| DocumentState::Rejected { uploaded_at, reason: "no".to_owned() };
        [
            announced(),
            in_state(DocumentState::Uploaded(at(1))),
            in_state(DocumentState::Accepted(at(1))),
            in_state(rejected(Some(at(1)))),
            in_state(rejected(None)),
        ]
    }

    #[test]
    fn every_wrong_field_of_an_announcement_is_named() {
        let wanted =
            json!({ "kind": "diploma", "contentType": "text/html", "size": 10_485_761, "sha256": "x" });
        let errors = deserr::deserialize::<WantedDocument, _, FieldErrors>(wanted).unwrap_err();
        let mut fields: Vec<_> = errors.0.iter().map(|e| e.field.as_str()).collect();
        fields.sort_unstable();
        assert_eq!(fields, ["contentType", "kind", "sha256", "size"]);
    }

    #[test]
    fn only_what_is_awaited_can_arrive_or_be_refused_on_arrival() {
        let arrives: Vec<_> = every_state().map(|d| d.arrive(at(2)).is_ok()).into();
        let refused: Vec<_> = every_state().map(|d| d.refuse("why".to_owned()).is_ok()).into();
        assert_eq!(arrives, [true, false, false, false, false]);
        assert_eq!(refused, arrives);
        let (arrived, events) = announced().arrive(at(2)).unwrap();
        assert_eq!((arrived.uploaded_at(), events[0].kind), (Some(at(2)), "tutor.document_uploaded"));
        let refused = announced().refuse("why".to_owned()).unwrap();
        assert_eq!((refused.status(), refused.uploaded_at()), (DocumentStatus::Rejected, None));
    }

    #[test]
    fn an_admin_reads_what_is_there_also_when_it_was_rejected_later() {
        let admin = UserId(Uuid::from_u128(3));
        let read: Vec<_> = every_state().map(|d| d.read(admin).is_some()).into();
        assert_eq!(read, [false, true, true, true, false]);
    }

    #[test]
    fn a_document_goes_unless_it_was_accepted_or_is_under_review() {
        use VerificationStatus as S;
        for document in every_state() {
            for status in S::ALL {
                let uploaded = document.status() == DocumentStatus::Uploaded;
                let expected = match (document.status(), status) {
                    (DocumentStatus::Accepted, _) => Err(RemoveError::Accepted),
                    (_, S::Submitted | S::InReview) if uploaded => Err(RemoveError::UnderReview),
                    _ => Ok(()),
                };
                assert_eq!(document.removal(*status), expected);
            }
        }
    }

    #[test]
    fn the_name_of_the_file_tells_kind_and_type() {
        assert_eq!(announced().file_name(), "background-check.pdf");
    }

    proptest! {
        #[test]
        fn each_event_raises_the_sequence_by_one(reads in 0..20_i64) {
            let (mut document, first) = announced().arrive(at(2)).unwrap();
            prop_assert_eq!(first[0].sequence, 1);
            for nth in 0..reads {
                let (next, events) = document.read(UserId(Uuid::from_u128(3))).unwrap();
                prop_assert_eq!(events[0].sequence, nth + 2);
                document = next;
            }
            prop_assert_eq!(document.sequence, reads + 1);
        }
    }
}
