//! `PUT /v1/admin/commission-policy`.

use deserr::Deserr;
use lectern_domain::field::FieldErrors;
use lectern_domain::payments::{CommissionPolicy, CommissionRule, PolicyVersion};
use lectern_domain::time::Instant;
use lectern_runtime::{Admin, Answer, Cx, Method, Nothing, Problem, Request, UseCase, problem};
use schemars::JsonSchema;

use crate::commission_views::PolicyVersionView;
use crate::services::Payments;
use crate::store::commission::{self, Listed, VersionState};

/// The use case.
pub fn use_case() -> UseCase<Payments> {
    let path = "/v1/admin/commission-policy";
    UseCase::http("put-commission-policy", Method::Put, path, put_commission_policy)
        .summary("Set the commission policy from a moment on, in a new version; needs If-Match")
        .problems(&[
            &problem::PRECONDITION_FAILED,
            &problem::PRECONDITION_REQUIRED,
            &problem::CONCURRENT_CHANGE,
        ])
}

/// All of a new version.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = FieldErrors, rename_all = camelCase, deny_unknown_fields)]
#[schemars(rename_all = "camelCase")]
pub struct NewVersion {
    /// From when on: now or later. At once, when left out.
    #[deserr(default)]
    #[schemars(default)]
    valid_from: Option<Instant>,
    /// One rule at least for each purpose, from 0 hours on.
    #[schemars(length(min = 3, max = 60))]
    rules: Vec<CommissionRule>,
}

/// Payments keep the rate under which they were made: nothing changes for those that there are.
async fn put_commission_policy(
    cx: Cx<Payments>,
    caller: Admin,
    request: Request<Nothing, Nothing, NewVersion>,
) -> Result<Answer<PolicyVersionView>, Problem> {
    let seen = request.if_match.ok_or_else(|| {
        Problem::new(&problem::PRECONDITION_REQUIRED)
            .detail("Send the ETag of GET /v1/admin/commission-policy as If-Match.")
    })?;
    let NewVersion { valid_from, rules } = request.body;
    let mut errors = FieldErrors::default();
    let now = cx.now();
    if valid_from.is_some_and(|from| from < Instant::new(now)) {
        errors.push("validFrom", "must not be past");
    }
    let policy = CommissionPolicy::new(rules).map_err(|more| errors.0.extend(more.0)).ok();
    let Some(policy) = policy.filter(|_| errors.0.is_empty()) else { return Err(errors.into()) };
    let version = PolicyVersion::next(seen, valid_from, policy, caller.id(), now)?;
    let (latest, _) = commission::list(&cx.base.db, now, None, 0).await?;
    if latest != seen {
        return Err(Problem::new(&problem::PRECONDITION_FAILED));
    }
    if !commission::add(&cx.base.db, &version).await? {
        return Err(Problem::new(&problem::CONCURRENT_CHANGE));
    }
    tracing::info!(version = version.version, valid_from = %version.valid_from, "commission policy set");
    let state = if version.valid_from.get() <= now { VersionState::Current } else { VersionState::Coming };
    let number = version.version;
    Ok(Answer::new(Listed { version, state }.into()).etag(number))
}
