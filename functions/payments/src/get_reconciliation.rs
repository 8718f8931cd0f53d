//! `GET /v1/admin/reconciliation`.

use crate::services::Payments;
use crate::store::differences::{self, Difference, DifferenceKind, DifferenceState, RunShown};
use deserr::Deserr;
use lectern_domain::field::FieldErrors;
use lectern_domain::id::DifferenceId;
use lectern_domain::page::{Cursor, CursorPage, Limit, limit_or_default};
use lectern_domain::time::Instant;
use lectern_runtime::{Admin, Answer, Cx, Method, Nothing, Problem, Request, UseCase};
use schemars::JsonSchema;
use serde::Serialize;

/// The use case.
pub fn use_case() -> UseCase<Payments> {
    UseCase::http("get-reconciliation", Method::Get, "/v1/admin/reconciliation", get_reconciliation)
        .summary("Read where the ledger and Stripe differ, and the last comparisons")
}

/// Which differences.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = FieldErrors, rename_all = camelCase, deny_unknown_fields)]
#[schemars(rename_all = "camelCase")]
pub struct ListDifferences {
    /// `open` when left out.
    #[deserr(default)]
    #[schemars(default)]
    state: Option<DifferenceState>,
    #[deserr(default)]
    #[schemars(default)]
    limit: Option<Limit>,
    /// `nextCursor` of the page before.
    #[deserr(default)]
    #[schemars(default)]
    cursor: Option<Cursor>,
}

/// The last comparisons, and differences, what was found last first.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReconciliationView {
    /// Ten at most.
    runs: Vec<RunView>,
    #[serde(flatten)]
    differences: CursorPage<DifferenceView>,
}

/// One comparison.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RunView {
    started_at: Instant,
    /// Absent while it is under way.
    #[serde(skip_serializing_if = "Option::is_none")]
    finished_at: Option<Instant>,
    /// Movements of Stripe's that were read.
    movements: i64,
    /// New differences.
    #[serde(skip_serializing_if = "Option::is_none")]
    found: Option<i64>,
    /// All that were open when it was over.
    #[serde(skip_serializing_if = "Option::is_none")]
    open: Option<i64>,
}

impl From<RunShown> for RunView {
    fn from(run: RunShown) -> Self {
        Self {
            started_at: run.started_at.into(),
            finished_at: run.finished_at.map(Into::into),
            movements: run.seen,
            found: run.found,
            open: run.open,
        }
    }
}

/// Money that Stripe and the ledger don't agree on.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DifferenceView {
    difference_id: DifferenceId,
    kind: DifferenceKind,
    /// Stripe's id of what moved the money.
    source: String,
    /// Stripe's types of the movements.
    stripe_types: Vec<String>,
    /// ISO 4217 code; not only of the currencies that we trade in.
    currency: String,
    /// What moved the platform's balance at Stripe, in minor units.
    at_stripe: i64,
    /// What moved it by the ledger, in minor units.
    in_ledger: i64,
    /// Whose it is in the ledger: `payment:<id>`, `payout:<id>`, `invoice:<Stripe's id>`.
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<String>,
    found_at: Instant,
    /// When it was there last.
    seen_at: Instant,
    #[serde(skip_serializing_if = "Option::is_none")]
    resolved_at: Option<Instant>,
}

impl From<Difference> for DifferenceView {
    fn from(it: Difference) -> Self {
        Self {
            difference_id: it.id,
            kind: it.kind,
            source: it.source,
            stripe_types: it.types,
            currency: it.currency,
            at_stripe: it.at_stripe,
            in_ledger: it.in_ledger,
            subject: it.subject,
            found_at: it.found_at.into(),
            seen_at: it.seen_at.into(),
            resolved_at: it.resolved_at.map(Into::into),
        }
    }
}

async fn get_reconciliation(
    cx: Cx<Payments>,
    _caller: Admin,
    request: Request<Nothing, ListDifferences>,
) -> Result<Answer<ReconciliationView>, Problem> {
    let query = request.query;
    let limit = limit_or_default(query.limit);
    let after = query.cursor.map(|cursor| cursor.position::<(Instant, DifferenceId)>()).transpose();
    let after = after.map_err(|e| FieldErrors::one("cursor", e.0))?.map(|(at, id)| (at.get(), id));
    let state = query.state.unwrap_or(DifferenceState::Open);
    let (runs, found) = differences::list(&cx.base.db, state, after, i64::from(limit) + 1).await?;
    let page = CursorPage::cut(found, limit, |it| (Instant::from(it.found_at), it.id));
    let differences =
        CursorPage { items: page.items.into_iter().map(Into::into).collect(), next_cursor: page.next_cursor };
    let runs = runs.into_iter().map(Into::into).collect();
    Ok(Answer::new(ReconciliationView { runs, differences }))
}
