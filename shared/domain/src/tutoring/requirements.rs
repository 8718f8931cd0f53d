//! What a tutor must have handed in before an admin looks at it, and what an admin says of it (product.md,
//! Verification and Document).

use deserr::Deserr;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::document::{DocumentKind, DocumentStatus};
use super::list::{Distinct, Distinguished};
use crate::field::FieldErrors;
use crate::id::DocumentId;
use crate::text::Prose;

/// A document as far as the verification needs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub struct HandedIn {
    /// Which.
    pub id: DocumentId,
    /// What it is.
    pub kind: DocumentKind,
    /// Where it stands.
    pub status: DocumentStatus,
}

crate::words! {
    /// What is missing before a profile can be submitted.
    pub enum Missing {
        /// The profile.
        Profile = "profile",
        /// An identity document.
        IdentityDocument = "identity_document",
        /// A degree or certificate.
        Qualification = "qualification",
        /// The file of a document that was announced.
        Upload = "upload",
    }
}

impl Missing {
    /// What the tutor has to do about it.
    pub const fn in_words(self) -> &'static str {
        match self {
            Self::Profile => "Fill in your tutor profile.",
            Self::IdentityDocument => "Upload an identity document.",
            Self::Qualification => "Upload a degree or another certificate.",
            Self::Upload => "Upload the documents that you have announced, or delete them.",
        }
    }
}

/// Everything that is missing, in the order in which one would see to it. A profile is always complete, so
/// `has_profile` is all that there is to ask of it. Rejected documents count for nothing.
pub fn missing(has_profile: bool, documents: &[HandedIn]) -> Vec<Missing> {
    use DocumentKind as K;
    use DocumentStatus as S;
    let there = |kinds: &[K]| {
        documents.iter().any(|d| matches!(d.status, S::Uploaded | S::Accepted) && kinds.contains(&d.kind))
    };
    let wanted = [
        (has_profile, Missing::Profile),
        (there(&[K::Identity]), Missing::IdentityDocument),
        (there(&[K::Degree, K::Certificate]), Missing::Qualification),
        (documents.iter().all(|d| d.status != S::AwaitingUpload), Missing::Upload),
    ];
    wanted.into_iter().filter(|(is_there, _)| !is_there).map(|(_, missing)| missing).collect()
}

/// A document that an admin doesn't take.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserr, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[deserr(error = FieldErrors, rename_all = camelCase, deny_unknown_fields)]
pub struct RefusedDocument {
    /// Which of the tutor's documents.
    pub document_id: DocumentId,
    /// Why, in words for the tutor.
    pub reason: Prose<500>,
}

impl Distinguished for RefusedDocument {
    const FIELD: &'static str = "documentId";
    fn same(&self, other: &Self) -> bool {
        self.document_id == other.document_id
    }
}

/// The documents that an admin doesn't take, each once.
pub type RefusedDocuments = Distinct<RefusedDocument, 50>;

/// Checks that an admin can refuse these: each is the tutor's, has arrived, and isn't rejected already. An
/// accepted one can still be refused, by a re-check. Names every field that is not as it should be.
pub fn check_refused(refused: &[RefusedDocument], documents: &[HandedIn]) -> Result<(), FieldErrors> {
    let mut errors = FieldErrors::default();
    for (index, refused) in refused.iter().enumerate() {
        let message = match documents.iter().find(|d| d.id == refused.document_id).map(|d| d.status) {
            Some(DocumentStatus::Uploaded | DocumentStatus::Accepted) => continue,
            Some(DocumentStatus::AwaitingUpload) => "has not been uploaded",
            Some(DocumentStatus::Rejected) => "is rejected already",
            None => "is not a document of this tutor",
        };
        errors.push(format!("documents[{index}].documentId"), message);
    }
    errors.into_result()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    fn document(n: u128, kind: DocumentKind, status: DocumentStatus) -> HandedIn {
        HandedIn { id: DocumentId(Uuid::from_u128(n)), kind, status }
    }

    fn any_documents() -> impl Strategy<Value = Vec<HandedIn>> {
        let kinds = proptest::sample::select(DocumentKind::ALL);
        let states = proptest::sample::select(DocumentStatus::ALL);
        proptest::collection::vec((any::<u128>(), kinds, states), 0..8)
            .prop_map(|each| each.into_iter().map(|(n, kind, status)| document(n, kind, status)).collect())
    }

    #[test]
    fn everything_that_is_missing_is_named_at_once() {
        use DocumentKind as K;
        use DocumentStatus as S;
        let all = missing(false, &[document(1, K::Identity, S::AwaitingUpload)]);
        assert_eq!(
            all,
            [Missing::Profile, Missing::IdentityDocument, Missing::Qualification, Missing::Upload]
        );
        let rejected =
            missing(true, &[document(1, K::Identity, S::Rejected), document(2, K::Degree, S::Accepted)]);
        assert_eq!(rejected, [Missing::IdentityDocument]);
        let background =
            [document(1, K::Identity, S::Uploaded), document(2, K::BackgroundCheck, S::Uploaded)];
        assert_eq!(missing(true, &background), [Missing::Qualification]);
        let enough = [document(1, K::Identity, S::Uploaded), document(2, K::Certificate, S::Uploaded)];
        assert_eq!(missing(true, &enough), []);
    }

    proptest! {
        #[test]
        fn another_document_that_has_arrived_never_makes_more_missing(
            documents in any_documents(), kind in proptest::sample::select(DocumentKind::ALL)
        ) {
            let before = missing(true, &documents);
            let mut more = documents;
            more.push(document(1, kind, DocumentStatus::Uploaded));
            prop_assert!(missing(true, &more).iter().all(|still| before.contains(still)));
        }

        #[test]
        fn what_is_rejected_counts_as_if_it_were_not_there(documents in any_documents()) {
            let taken: Vec<_> =
                documents.iter().copied().filter(|d| d.status != DocumentStatus::Rejected).collect();
            prop_assert_eq!(missing(true, &documents), missing(true, &taken));
        }
    }

    #[test]
    fn only_a_document_that_has_arrived_can_be_refused_and_each_wrong_one_is_named() {
        use DocumentKind as K;
        let documents: Vec<_> =
            DocumentStatus::ALL.iter().zip(1..).map(|(s, n)| document(n, K::Identity, *s)).collect();
        let refused: Vec<_> = (1..=5)
            .map(|n| RefusedDocument {
                document_id: DocumentId(Uuid::from_u128(n)),
                reason: Prose::parse("Not readable.").unwrap(),
            })
            .collect();
        let errors = check_refused(&refused, &documents).unwrap_err().0;
        let fields: Vec<_> = errors.iter().map(|e| (e.field.as_str(), e.message.as_str())).collect();
        let expected = [
            ("documents[0].documentId", "has not been uploaded"),
            ("documents[3].documentId", "is rejected already"),
            ("documents[4].documentId", "is not a document of this tutor"),
        ];
        assert_eq!(fields, expected);
        assert!(check_refused(&refused[1..3], &documents).is_ok());
    }
}
