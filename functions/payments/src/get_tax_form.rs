//! `GET /v1/tax-forms/{year}`.

use deserr::Deserr;
use lectern_domain::field::FieldErrors;
use lectern_domain::payments::tax::{FormStatus, TaxId, TaxProfile};
use lectern_domain::time::Bounded;
use lectern_runtime::file::{File, PDF};
use lectern_runtime::{Cx, Method, Need, Problem, Request, Tutor, UseCase, problem};
use schemars::JsonSchema;
use serde_json::json;

use crate::pdf;
use crate::services::{Payments, VAULT};
use crate::store::taxes::{self, Ground};
use crate::tax_document::document;

/// The use case.
pub fn use_case() -> UseCase<Payments> {
    UseCase::http("get-tax-form", Method::Get, "/v1/tax-forms/{year}", get_tax_form)
        .summary("Download the form or statement of a closed year")
        .problems(&[&problem::NOT_FOUND, &problem::WRONG_STATE])
        .needs(&[Need::Database, VAULT])
}

/// Which year.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = FieldErrors, rename_all = camelCase, deny_unknown_fields)]
#[schemars(rename_all = "camelCase")]
pub struct TaxYearPath {
    /// The calendar year.
    year: Bounded<2011, 2999>,
}

async fn get_tax_form(
    cx: Cx<Payments>,
    caller: Tutor,
    request: Request<TaxYearPath>,
) -> Result<File, Problem> {
    let year = i16::try_from(request.path.year.get()).map_err(Problem::internal)?;
    let ground = taxes::ground(&cx.base.db, caller.id(), year).await?;
    let Ground { year, made_at, profile, encrypted } =
        ground.ok_or_else(|| Problem::not_found("tax form"))?;
    let (kind, status) = year.document(&cx.tax, profile.as_ref());
    let (FormStatus::Available, Some(profile), Some(encrypted)) = (status, profile, encrypted) else {
        return Err(not_there(status));
    };
    let tax_id = masked(&cx, &profile, &encrypted).await?;
    let written = document(&year, kind, &profile, &tax_id, cx.filer.as_ref());
    let name = format!("lectern-{}-{}.pdf", kind.as_str(), year.year);
    let file = pdf::render(&written, made_at)?;
    Ok(File::new(PDF, &name, file).etag(i64::from(year.revision) * 1_000_000 + profile.version))
}

fn not_there(status: FormStatus) -> Problem {
    let why = match status {
        FormStatus::BelowThreshold => "The year's gross is below the form's threshold: no form is due.",
        _ => "Say first where you pay taxes (PUT /v1/tax-profile).",
    };
    Problem::new(&problem::WRONG_STATE).detail(why).with("state", json!(status))
}

/// The number as the payee's copy shows it: truncated, which 26 CFR 301.6109-4 allows. It is read from what is
/// encrypted, and not from what is kept for showing, so that a form never tells a number that is no longer there.
async fn masked(cx: &Cx<Payments>, profile: &TaxProfile, encrypted: &[u8]) -> Result<String, Problem> {
    let number = cx.vault.decrypt(profile.tutor_id, encrypted).await.map_err(Problem::unavailable)?;
    let number = TaxId::parse(profile.tax_id_kind, &number)
        .map_err(|_| Problem::internal("the kept tax id is not of the kept kind"))?;
    if number.ending() != profile.tax_id_ending {
        return Err(Problem::internal("the kept tax id has another ending than what is shown"));
    }
    Ok(number.masked())
}
