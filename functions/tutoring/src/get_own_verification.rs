//! `GET /v1/tutors/me/verification`.

use lectern_domain::id::VerificationId;
use lectern_domain::time::Instant;
use lectern_domain::tutoring::requirements::{Missing, missing};
use lectern_domain::tutoring::verification::{Reason, SubmissionKind, Verification, VerificationStatus};
use lectern_runtime::{Answer, Cx, Method, Problem, Request, Tutor, UseCase, problem};
use schemars::JsonSchema;
use serde::Serialize;

use crate::services::Tutoring;
use crate::store::tutors::Known;
use crate::store::verification_queue::{self, Past};
use crate::views::OwnVerification;

/// The use case.
pub fn use_case() -> UseCase<Tutoring> {
    UseCase::http("get-own-verification", Method::Get, "/v1/tutors/me/verification", get_own_verification)
        .summary("Read how one's own verification stands, what is missing for it, and every earlier decision")
        .problems(&[&problem::NOT_FOUND])
}

/// One's own verification. Its `ETag` changes with anything that it depends on.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OwnVerificationDetail {
    #[serde(flatten)]
    present: OwnVerification,
    /// What has to be there before one can submit; nothing when all is there.
    missing: Vec<MissingView>,
    /// All submissions, the newest first.
    history: Vec<OwnPast>,
}

/// Something that is missing.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MissingView {
    /// As a word for programs.
    what: Missing,
    /// What to do about it.
    message: &'static str,
}

impl MissingView {
    /// A view of each.
    pub fn all(missing: &[Missing]) -> Vec<Self> {
        missing.iter().map(|what| Self { what: *what, message: what.in_words() }).collect()
    }
}

/// One submission as the tutor sees it: without the admin.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OwnPast {
    verification_id: VerificationId,
    kind: SubmissionKind,
    status: VerificationStatus,
    submitted_at: Instant,
    #[serde(skip_serializing_if = "Option::is_none")]
    decided_at: Option<Instant>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<Reason>,
}

impl From<Past> for OwnPast {
    fn from(past: Past) -> Self {
        Self {
            verification_id: past.id,
            kind: past.kind,
            status: past.status,
            submitted_at: past.submitted_at,
            decided_at: past.decided_at,
            reason: past.reason,
        }
    }
}

async fn get_own_verification(
    cx: Cx<Tutoring>,
    caller: Tutor,
    _request: Request,
) -> Result<Answer<OwnVerificationDetail>, Problem> {
    let own = verification_queue::own(&cx.base.db, caller.id()).await?;
    let (verification, has_profile) = match own.known {
        Known::Tutor(tutor) => (tutor.verification, true),
        Known::Account => (Verification::Draft, false),
        Known::Nothing => return Err(Problem::not_found("tutor profile")),
    };
    let detail = OwnVerificationDetail {
        present: OwnVerification::from(&verification),
        missing: MissingView::all(&missing(has_profile, &own.handed_in)),
        history: own.history.into_iter().map(Into::into).collect(),
    };
    Ok(Answer::new(detail).etag(own.etag))
}
