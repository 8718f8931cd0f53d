//! `POST /v1/users/me/export`.

use lectern_domain::id::ExportId;
use lectern_domain::identity::{Export, ExportStatus};
use lectern_postgres::idempotency;
use lectern_runtime::rate_limit::{Per, RateLimit};
use lectern_runtime::{Accepted, Cx, Method, Need, Problem, Request, SignedIn, UseCase, problem};
use schemars::JsonSchema;
use serde::Serialize;

use crate::services::Identity;
use crate::store::exports::{self, Asked};

const NAME: &str = "request-export";

/// The use case.
pub fn use_case() -> UseCase<Identity> {
    UseCase::http(NAME, Method::Post, "/v1/users/me/export", request_export)
        .summary("Ask for everything that is held on oneself, as one archive; there is one at a time")
        .needs(&[Need::Database, Need::Bus])
        .idempotent()
        .rate_limits(&[RateLimit { per: Per::Caller, burst: 5, period_seconds: 86_400 }])
        .problems(&[&problem::NOT_FOUND])
}

/// An export that is being made.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExportRequested {
    /// Read it at `GET /v1/users/me/export/{exportId}`.
    export_id: ExportId,
    /// `pending`.
    status: ExportStatus,
}

/// One at a time: whoever asks again while one is being made gets that one, so that a client that lost its
/// answer is none the worse. One that is overdue was given up, and makes room for another.
async fn request_export(
    cx: Cx<Identity>,
    caller: SignedIn,
    request: Request,
) -> Result<Accepted<ExportRequested>, Problem> {
    let asked = Asked { user: caller.id(), use_case: NAME, key: request.idempotency_key()? };
    let db = &cx.base.db;
    let (pending, first_answer) = exports::pending(db, asked).await?;
    if let Some(answer) = idempotency::earlier(first_answer, asked.key)? {
        return Ok(Accepted::replay(answer));
    }
    if let Some(export) = pending.filter(|export| is_pending(&cx, export)) {
        return known(&cx, &export, asked).await;
    }
    let (export, events) = Export::request(ExportId(cx.fresh_id()), caller.id(), cx.now());
    let events = cx.seal(events);
    let answer = serde_json::to_value(view(&export)).map_err(Problem::internal)?;
    let overdue_before = cx.now() - cx.policy.export_overdue;
    match exports::insert(db, &export, overdue_before, &events, asked, &answer).await {
        Ok(true) => {
            cx.base.publish(&events).await;
            Ok(answered(&export))
        }
        // Another was asked for at this moment, or the account is being erased.
        Ok(false) => match exports::pending(db, asked).await? {
            (Some(export), _) => known(&cx, &export, asked).await,
            (None, _) => Err(Problem::not_found("account")),
        },
        Err(error) if error.is_constraint(idempotency::CONSTRAINT) => replay(&cx, asked).await,
        Err(error) => Err(error.into()),
    }
}

fn is_pending(cx: &Cx<Identity>, export: &Export) -> bool {
    export.status(cx.now(), &cx.policy) == ExportStatus::Pending
}

fn view(export: &Export) -> ExportRequested {
    ExportRequested { export_id: export.id, status: ExportStatus::Pending }
}

fn answered(export: &Export) -> Accepted<ExportRequested> {
    Accepted::new(view(export)).location(format!("/v1/users/me/export/{}", export.id))
}

/// Answers with the one that is being made, and keeps that as the answer to the key.
async fn known(
    cx: &Cx<Identity>,
    export: &Export,
    asked: Asked<'_>,
) -> Result<Accepted<ExportRequested>, Problem> {
    let answer = serde_json::to_value(view(export)).map_err(Problem::internal)?;
    match exports::keep_answer(&cx.base.db, asked, &answer).await {
        Ok(()) => Ok(answered(export)),
        Err(error) if error.is_constraint(idempotency::CONSTRAINT) => replay(cx, asked).await,
        Err(error) => Err(error.into()),
    }
}

async fn replay(cx: &Cx<Identity>, asked: Asked<'_>) -> Result<Accepted<ExportRequested>, Problem> {
    let caller = asked.user.to_string();
    idempotency::read(&cx.base.db, &caller, NAME, asked.key).await.map(Accepted::replay)
}
