//! `GET /v1/admin/verifications/{verificationId}`.

use deserr::Deserr;
use lectern_domain::field::FieldErrors;
use lectern_domain::id::{DocumentId, VerificationId};
use lectern_domain::time::Instant;
use lectern_domain::tutoring::document::{DocumentKind, DocumentStatus};
use lectern_domain::tutoring::profile::Profile;
use lectern_domain::tutoring::verification::{Claim, Decision, SubmissionKind, VerificationStatus};
use lectern_runtime::{Admin, Answer, Cx, Method, Problem, Request, UseCase, problem};
use schemars::JsonSchema;
use serde::Serialize;

use crate::list_verifications::{ClaimView, DecisionView, VerificationView};
use crate::services::Tutoring;
use crate::store::verification_queue::{self, HandedInFile, Past, Reviewed};

/// The use case.
pub fn use_case() -> UseCase<Tutoring> {
    let path = "/v1/admin/verifications/{verificationId}";
    UseCase::http("get-verification", Method::Get, path, get_verification)
        .summary("Read a submission with the profile, the documents and all earlier decisions")
        .problems(&[&problem::NOT_FOUND])
}

/// Which submission.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = FieldErrors, rename_all = camelCase, deny_unknown_fields)]
#[schemars(rename_all = "camelCase")]
pub struct VerificationPath {
    /// The submission.
    pub verification_id: VerificationId,
}

/// A submission with all that a decision needs. Its `ETag` changes with anything of it.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct VerificationDetail {
    #[serde(flatten)]
    submission: VerificationView,
    /// As it is now; absent when the tutor is erased.
    #[serde(skip_serializing_if = "Option::is_none")]
    profile: Option<Profile>,
    /// What the tutor has handed in, the oldest first.
    documents: Vec<DocumentView>,
    /// All submissions of the tutor, the newest first.
    history: Vec<PastView>,
}

/// A document as an admin sees it. The file itself has a link of its own.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DocumentView {
    document_id: DocumentId,
    kind: DocumentKind,
    status: DocumentStatus,
    content_type: String,
    /// Bytes.
    size: i32,
    created_at: Instant,
    #[serde(skip_serializing_if = "Option::is_none")]
    uploaded_at: Option<Instant>,
    /// Why it was rejected.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

impl From<HandedInFile> for DocumentView {
    fn from(file: HandedInFile) -> Self {
        Self {
            document_id: file.id,
            kind: file.kind,
            status: file.status,
            content_type: file.content_type,
            size: file.size,
            created_at: file.created_at,
            uploaded_at: file.uploaded_at,
            reason: file.reason,
        }
    }
}

/// One submission of the tutor's.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PastView {
    verification_id: VerificationId,
    kind: SubmissionKind,
    status: VerificationStatus,
    submitted_at: Instant,
    #[serde(skip_serializing_if = "Option::is_none")]
    claim: Option<ClaimView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    decision: Option<DecisionView>,
}

impl From<Past> for PastView {
    fn from(past: Past) -> Self {
        let claim = past.claimed_by.zip(past.claimed_at).map(|(admin, at)| Claim {
            admin,
            at: at.get(),
            until: past.claim_ends_at.unwrap_or(at).get(),
        });
        let reason = past.reason;
        let decision =
            past.decided_by.zip(past.decided_at).map(|(admin, at)| Decision { admin, at: at.get(), reason });
        Self {
            verification_id: past.id,
            kind: past.kind,
            status: past.status,
            submitted_at: past.submitted_at,
            claim: claim.map(Into::into),
            decision: decision.map(Into::into),
        }
    }
}

impl From<Reviewed> for VerificationDetail {
    fn from(reviewed: Reviewed) -> Self {
        Self {
            submission: reviewed.listed.into(),
            profile: reviewed.profile,
            documents: reviewed.documents.into_iter().map(Into::into).collect(),
            history: reviewed.history.into_iter().map(Into::into).collect(),
        }
    }
}

async fn get_verification(
    cx: Cx<Tutoring>,
    _caller: Admin,
    request: Request<VerificationPath>,
) -> Result<Answer<VerificationDetail>, Problem> {
    let reviewed = verification_queue::reviewed(&cx.base.db, request.path.verification_id)
        .await?
        .ok_or_else(|| Problem::not_found("verification"))?;
    let etag = reviewed.etag;
    Ok(Answer::new(VerificationDetail::from(reviewed)).etag(etag))
}
