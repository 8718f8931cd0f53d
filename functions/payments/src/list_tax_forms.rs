//! `GET /v1/tax-forms`.

use lectern_domain::money::Money;
use lectern_domain::payments::tax::{
    DocumentKind, FormStatus, TaxPolicy, TaxProfile, TaxYear, YearTotals, threshold,
};
use lectern_runtime::{Answer, Cx, Method, Problem, Request, Tutor, UseCase};
use schemars::JsonSchema;
use serde::Serialize;

use crate::services::Payments;
use crate::store::taxes;

/// The use case.
pub fn use_case() -> UseCase<Payments> {
    UseCase::http("list-tax-forms", Method::Get, "/v1/tax-forms", list_tax_forms)
        .summary("List the closed years in which one earned, the latest first, and what there is of each")
}

/// A year is closed on 5 January of the next.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TaxFormsView {
    items: Vec<TaxFormView>,
}

/// A year.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TaxFormView {
    year: i16,
    /// Rises when the year is corrected.
    revision: i32,
    /// `1099-K`, `1099-NEC`, or `statement` for who is not a taxpayer of the United States.
    document: &'static str,
    status: FormStatus,
    /// From which gross on the form is due, with the source of the figures; of forms only.
    #[serde(skip_serializing_if = "Option::is_none")]
    threshold: Option<String>,
    /// One for each currency.
    totals: Vec<TaxTotalsView>,
}

/// What was earned in one currency.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TaxTotalsView {
    /// What students paid, before fees and refunds.
    gross: Money,
    /// In how many payments.
    payments: i64,
    /// What became one's own, less what was taken back.
    earned: Money,
}

async fn list_tax_forms(
    cx: Cx<Payments>,
    caller: Tutor,
    _request: Request,
) -> Result<Answer<TaxFormsView>, Problem> {
    let (profile, years) = taxes::years(&cx.base.db, caller.id()).await?;
    let items = years.into_iter().map(|year| view(&cx.tax, profile.as_ref(), year)).collect();
    Ok(Answer::new(TaxFormsView { items }))
}

fn view(policy: &TaxPolicy, profile: Option<&TaxProfile>, year: TaxYear) -> TaxFormView {
    let (document, status) = year.document(policy, profile);
    let threshold = match document {
        DocumentKind::Form(form) => Some(threshold(form, year.year).in_words(form)),
        DocumentKind::Statement => None,
    };
    let totals = |totals: YearTotals| TaxTotalsView {
        gross: Money::new(totals.gross, totals.currency),
        payments: totals.payments,
        earned: Money::new(totals.earned, totals.currency),
    };
    let TaxYear { year, revision, totals: all, .. } = year;
    let document = document.as_str();
    TaxFormView { year, revision, document, status, threshold, totals: all.into_iter().map(totals).collect() }
}
