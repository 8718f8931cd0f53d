//! `GET /v1/admin/verifications`.

use deserr::Deserr;
use jiff::{SignedDuration, Timestamp};
use lectern_domain::field::FieldErrors;
use lectern_domain::id::{UserId, VerificationId};
use lectern_domain::page::{Limit, Offset, Page, limit_or_default};
use lectern_domain::text::Line;
use lectern_domain::time::{Bounded, Instant};
use lectern_domain::tutoring::verification::{Claim, Decision, Reason, SubmissionKind, VerificationStatus};
use lectern_runtime::{Admin, Answer, Cx, Method, Nothing, Problem, Request, UseCase};
use schemars::JsonSchema;
use serde::Serialize;

use crate::services::Tutoring;
use crate::store::verification_queue::{self, Filter, Listed};

/// The use case.
pub fn use_case() -> UseCase<Tutoring> {
    UseCase::http("list-verifications", Method::Get, "/v1/admin/verifications", list_verifications)
        .summary("List submissions for verification by status, kind and age, the oldest first")
}

/// Which part of the list.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = FieldErrors, rename_all = camelCase, deny_unknown_fields)]
#[schemars(rename_all = "camelCase")]
pub struct ListVerifications {
    /// Only those that stand so.
    #[deserr(default)]
    #[schemars(default)]
    status: Option<VerificationStatus>,
    /// Only those for this.
    #[deserr(default)]
    #[schemars(default)]
    kind: Option<SubmissionKind>,
    /// Only those that were submitted longer ago than so many hours; a year at most.
    #[deserr(default)]
    #[schemars(default)]
    older_than_hours: Option<Bounded<0, 8784>>,
    #[deserr(default)]
    #[schemars(default)]
    limit: Option<Limit>,
    #[deserr(default)]
    #[schemars(default)]
    offset: Option<Offset>,
}

/// A submission as admins see it.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct VerificationView {
    verification_id: VerificationId,
    tutor_id: UserId,
    /// Absent when the tutor is erased.
    #[serde(skip_serializing_if = "Option::is_none")]
    display_name: Option<Line<80>>,
    kind: SubmissionKind,
    status: VerificationStatus,
    submitted_at: Instant,
    #[serde(skip_serializing_if = "Option::is_none")]
    claim: Option<ClaimView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    decision: Option<DecisionView>,
}

/// Who has a submission in hand.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClaimView {
    admin_id: UserId,
    claimed_at: Instant,
    /// Until when no other admin may take it.
    until: Instant,
}

impl From<Claim> for ClaimView {
    fn from(claim: Claim) -> Self {
        Self { admin_id: claim.admin, claimed_at: claim.at.into(), until: claim.until.into() }
    }
}

/// What was decided, by whom, why.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DecisionView {
    admin_id: UserId,
    decided_at: Instant,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<Reason>,
}

impl From<Decision> for DecisionView {
    fn from(decision: Decision) -> Self {
        Self { admin_id: decision.admin, decided_at: decision.at.into(), reason: decision.reason }
    }
}

impl From<Listed> for VerificationView {
    fn from(listed: Listed) -> Self {
        Self {
            verification_id: listed.id,
            tutor_id: listed.tutor_id,
            display_name: listed.display_name,
            kind: listed.kind,
            status: listed.status,
            submitted_at: listed.submitted_at.into(),
            claim: listed.claim.map(Into::into),
            decision: listed.decision.map(Into::into),
        }
    }
}

async fn list_verifications(
    cx: Cx<Tutoring>,
    _caller: Admin,
    request: Request<Nothing, ListVerifications>,
) -> Result<Answer<Page<VerificationView>>, Problem> {
    let query = request.query;
    let (limit, offset) = (limit_or_default(query.limit), query.offset.map_or(0, Offset::get));
    let age = query.older_than_hours.map(|hours| SignedDuration::from_hours(i64::from(hours.get())));
    let filter = Filter {
        status: query.status,
        kind: query.kind,
        submitted_before: age.map(|age| cx.now().checked_sub(age).unwrap_or(Timestamp::MIN)),
    };
    let (listed, total) = verification_queue::list(&cx.base.db, filter, limit, offset).await?;
    let items = listed.into_iter().map(Into::into).collect();
    Ok(Answer::new(Page::new(items, total, limit, offset)))
}
