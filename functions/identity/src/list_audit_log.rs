//! `GET /v1/admin/audit-log`.

use deserr::Deserr;
use lectern_domain::field::FieldErrors;
use lectern_domain::page::{Cursor, CursorPage, Limit, limit_or_default};
use lectern_domain::text::Line;
use lectern_domain::time::Instant;
use lectern_runtime::{Admin, Answer, Cx, Method, Nothing, Problem, Request, UseCase};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::services::Identity;
use crate::store::audit::{self, Entry, Filter};

/// The use case.
pub fn use_case() -> UseCase<Identity> {
    UseCase::http("list-audit-log", Method::Get, "/v1/admin/audit-log", list_audit_log)
        .summary("List who did what to whom, the newest first")
}

/// Which entries.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = FieldErrors, rename_all = camelCase, deny_unknown_fields)]
#[schemars(rename_all = "camelCase")]
pub struct ListAuditLog {
    /// Only of this actor: `user:<id>`, `guardian`, `system:<use case or service>`.
    #[deserr(default)]
    #[schemars(default)]
    actor: Option<Line<200>>,
    /// Only about this subject: `user:<id>`.
    #[deserr(default)]
    #[schemars(default)]
    subject: Option<Line<200>>,
    /// Only this action, like `user.suspended`.
    #[deserr(default)]
    #[schemars(default)]
    action: Option<Line<100>>,
    /// Only from this moment on.
    #[deserr(default)]
    #[schemars(default)]
    from: Option<Instant>,
    /// Only before this moment.
    #[deserr(default)]
    #[schemars(default)]
    to: Option<Instant>,
    #[deserr(default)]
    #[schemars(default)]
    limit: Option<Limit>,
    /// `nextCursor` of the page before.
    #[deserr(default)]
    #[schemars(default)]
    cursor: Option<Cursor>,
}

/// An entry: ids and words, nothing personal.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AuditLogEntry {
    /// From 1, without a gap.
    position: i64,
    at: Instant,
    actor: String,
    action: String,
    subject: String,
    details: Value,
    /// SHA-256 in hex, over the entry and the hash before it; to be compared with an `audit.checkpointed`.
    hash: String,
}

impl From<Entry> for AuditLogEntry {
    fn from(entry: Entry) -> Self {
        Self {
            position: entry.position,
            at: entry.at.into(),
            actor: entry.actor,
            action: entry.action,
            subject: entry.subject,
            details: entry.details,
            hash: entry.hash,
        }
    }
}

async fn list_audit_log(
    cx: Cx<Identity>,
    _caller: Admin,
    request: Request<Nothing, ListAuditLog>,
) -> Result<Answer<CursorPage<AuditLogEntry>>, Problem> {
    let query = request.query;
    let before = query.cursor.map(|cursor| cursor.position::<i64>()).transpose();
    let before = before.map_err(|e| FieldErrors::one("cursor", e.0))?;
    if query.from.zip(query.to).is_some_and(|(from, to)| from >= to) {
        return Err(FieldErrors::one("to", "must be after from").into());
    }
    let limit = limit_or_default(query.limit);
    let filter = Filter {
        actor: query.actor.map(|actor| actor.to_string()),
        subject: query.subject.map(|subject| subject.to_string()),
        action: query.action.map(|action| action.to_string()),
        from: query.from.map(Instant::get),
        to: query.to.map(Instant::get),
    };
    let found = audit::page(&cx.base.db, &filter, before, limit + 1).await?;
    let items = found.into_iter().map(AuditLogEntry::from).collect();
    Ok(Answer::new(CursorPage::cut(items, limit, |entry| entry.position)))
}
