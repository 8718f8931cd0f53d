//! `GET /v1/users/me/export/{exportId}`.

use deserr::Deserr;
use lectern_domain::field::FieldErrors;
use lectern_domain::id::ExportId;
use lectern_domain::identity::{ExportState, ExportStatus};
use lectern_domain::time::Instant;
use lectern_runtime::{Answer, Cx, Method, Need, Problem, Request, SignedIn, UseCase, problem};
use schemars::JsonSchema;
use serde::Serialize;

use crate::exports::key;
use crate::services::{EXPORTS, Identity};
use crate::store::exports;

/// What a browser saves the archive as.
const FILE_NAME: &str = "lectern-data.zip";

/// The use case.
pub fn use_case() -> UseCase<Identity> {
    UseCase::http("get-export", Method::Get, "/v1/users/me/export/{exportId}", get_export)
        .summary("Read how an export stands; when it is ready, with a link to fetch it by")
        .needs(&[Need::Database, EXPORTS])
        .problems(&[&problem::NOT_FOUND])
}

/// Which.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = FieldErrors, rename_all = camelCase, deny_unknown_fields)]
#[schemars(rename_all = "camelCase")]
pub struct ExportPath {
    export_id: ExportId,
}

/// An export as its owner sees it.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExportView {
    export_id: ExportId,
    status: ExportStatus,
    requested_at: Instant,
    /// Size of the archive.
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes: Option<i64>,
    /// When the archive is deleted.
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<Instant>,
    /// Gives the archive to whoever has it, so it is not to be passed on. Only when it is ready; another each
    /// time.
    #[serde(skip_serializing_if = "Option::is_none")]
    link: Option<String>,
    /// When the link ends; the next call gives another.
    #[serde(skip_serializing_if = "Option::is_none")]
    link_expires_at: Option<Instant>,
}

async fn get_export(
    cx: Cx<Identity>,
    caller: SignedIn,
    request: Request<ExportPath>,
) -> Result<Answer<ExportView>, Problem> {
    let export = exports::of_user(&cx.base.db, request.path.export_id, caller.id()).await?;
    let export = export.ok_or_else(|| Problem::not_found("export"))?;
    let status = export.status(cx.now(), &cx.policy);
    let mut view = ExportView {
        export_id: export.id,
        status,
        requested_at: export.requested_at,
        bytes: None,
        expires_at: None,
        link: None,
        link_expires_at: None,
    };
    if let ExportState::Ready { bytes, expires_at } = export.state {
        (view.bytes, view.expires_at) = (Some(bytes), Some(expires_at));
        if status == ExportStatus::Ready {
            let ends = expires_at.get().min(cx.now() + cx.policy.export_link_life);
            let (key, life) = (key(export.user_id, export.id), ends.duration_since(cx.now()));
            view.link = Some(cx.exports.presigned_get(&key, FILE_NAME, cx.now(), life).await?);
            view.link_expires_at = Some(ends.into());
        }
    }
    Ok(Answer::new(view))
}
