//! `PUT /v1/tax-profile`.

use lectern_domain::payments::tax::{TaxProfile, WantedTaxProfile};
use lectern_runtime::{Answer, Cx, Method, Need, Nothing, Problem, Request, Tutor, UseCase, problem};

use crate::services::{Payments, VAULT};
use crate::store::taxes;
use crate::tax_profiles::TaxProfileView;

/// The use case.
pub fn use_case() -> UseCase<Payments> {
    UseCase::http("put-tax-profile", Method::Put, "/v1/tax-profile", put_tax_profile)
        .summary("Say who one is to a tax authority; the tax id is kept encrypted. Needs If-Match to replace")
        .problems(&[
            &problem::PRECONDITION_FAILED,
            &problem::PRECONDITION_REQUIRED,
            &problem::CONCURRENT_CHANGE,
        ])
        .needs(&[Need::Database, VAULT])
}

/// The number is encrypted before anything is written, and after everything else is known to be right.
async fn put_tax_profile(
    cx: Cx<Payments>,
    caller: Tutor,
    request: Request<Nothing, Nothing, WantedTaxProfile>,
) -> Result<Answer<TaxProfileView>, Problem> {
    let wanted = request.body;
    let before = taxes::profile(&cx.base.db, caller.id()).await?;
    check_version(request.if_match, before.as_ref().map(|profile| profile.version))?;
    let profile = TaxProfile::replace(caller.id(), &wanted, before.as_ref(), cx.now().into())?;
    let encrypted = match &wanted.tax_id {
        Some(id) => Some(cx.vault.encrypt(caller.id(), &id.0).await.map_err(Problem::unavailable)?),
        None => None,
    };
    if !taxes::put_profile(&cx.base.db, &profile, encrypted.as_deref()).await? {
        return Err(Problem::new(&problem::CONCURRENT_CHANGE));
    }
    let version = profile.version;
    Ok(Answer::new(TaxProfileView::from(profile)).etag(version))
}

fn check_version(if_match: Option<i64>, present: Option<i64>) -> Result<(), Problem> {
    match (if_match, present) {
        (None | Some(0), None) => Ok(()),
        (Some(seen), Some(present)) if seen == present => Ok(()),
        (None, Some(_)) => Err(Problem::new(&problem::PRECONDITION_REQUIRED)
            .detail("The profile exists: send the ETag of the version that you replace as If-Match.")),
        (Some(_), _) => Err(Problem::new(&problem::PRECONDITION_FAILED)),
    }
}
