//! `GET /v1/admin/commission-policy`.

use deserr::Deserr;
use lectern_domain::field::FieldErrors;
use lectern_domain::page::{Cursor, CursorPage, Limit, limit_or_default};
use lectern_domain::payments::Purpose;
use lectern_domain::time::Instant;
use lectern_runtime::{Admin, Answer, Cx, Method, Nothing, Problem, Request, UseCase};
use schemars::JsonSchema;
use serde::Serialize;

use crate::commission_views::PolicyVersionView;
use crate::services::Payments;
use crate::store::commission;

/// The use case.
pub fn use_case() -> UseCase<Payments> {
    let path = "/v1/admin/commission-policy";
    UseCase::http("get-commission-policy", Method::Get, path, get_commission_policy)
        .summary("Read the commission policy: the version in force, those to come, those of the past")
}

/// Which versions.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = FieldErrors, rename_all = camelCase, deny_unknown_fields)]
#[schemars(rename_all = "camelCase")]
pub struct ListVersions {
    #[deserr(default)]
    #[schemars(default)]
    limit: Option<Limit>,
    /// `nextCursor` of the page before.
    #[deserr(default)]
    #[schemars(default)]
    cursor: Option<Cursor>,
}

/// The versions, what is to come first; the `ETag` is the number of the latest one.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CommissionPolicyView {
    /// The share of every payment for which no version is in force, in hundredths of a per cent: this stage's own.
    default_basis_points: u16,
    #[serde(flatten)]
    versions: CursorPage<PolicyVersionView>,
}

async fn get_commission_policy(
    cx: Cx<Payments>,
    _caller: Admin,
    request: Request<Nothing, ListVersions>,
) -> Result<Answer<CommissionPolicyView>, Problem> {
    let query = request.query;
    let limit = limit_or_default(query.limit);
    let after = query.cursor.map(|cursor| cursor.position::<(Instant, i64)>()).transpose();
    let after = after.map_err(|e| FieldErrors::one("cursor", e.0))?.map(|(at, number)| (at.get(), number));
    let (latest, found) = commission::list(&cx.base.db, cx.now(), after, i64::from(limit) + 1).await?;
    let page = CursorPage::cut(found, limit, |listed| (listed.version.valid_from, listed.version.version));
    let versions =
        CursorPage { items: page.items.into_iter().map(Into::into).collect(), next_cursor: page.next_cursor };
    let default_basis_points = cx.policy.commission_for(Purpose::Lesson).share().get();
    Ok(Answer::new(CommissionPolicyView { default_basis_points, versions }).etag(latest))
}
