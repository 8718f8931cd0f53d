//! `GET /v1/tax-profile`.

use lectern_runtime::{Answer, Cx, Method, Problem, Request, Tutor, UseCase, problem};

use crate::services::Payments;
use crate::store::taxes;
use crate::tax_profiles::TaxProfileView;

/// The use case.
pub fn use_case() -> UseCase<Payments> {
    UseCase::http("get-tax-profile", Method::Get, "/v1/tax-profile", get_tax_profile)
        .summary("Read who one is to a tax authority, with the tax id masked")
        .problems(&[&problem::NOT_FOUND])
}

async fn get_tax_profile(
    cx: Cx<Payments>,
    caller: Tutor,
    _request: Request,
) -> Result<Answer<TaxProfileView>, Problem> {
    let profile = taxes::profile(&cx.base.db, caller.id()).await?;
    let profile = profile.ok_or_else(|| Problem::not_found("tax profile"))?;
    let version = profile.version;
    Ok(Answer::new(TaxProfileView::from(profile)).etag(version))
}
