//! Lets a parked state machine try its step again, after a person has removed the reason. Invoked by an
//! operator (docs/operations.md, parked sagas).

use lectern_domain::id::LessonId;
use lectern_runtime::{Cx, Fault, Need, UseCase};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::services::{Booking, SAGAS};
use crate::store::sagas;

/// The use case.
pub fn use_case() -> UseCase<Booking> {
    UseCase::invoke("resume-saga", resume_saga)
        .summary("Let a parked state machine try its step again")
        .needs(&[Need::Database, SAGAS])
}

/// Which lesson's.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ResumeSaga {
    lesson_id: LessonId,
}

/// Whether there was anything to resume.
#[derive(Debug, Serialize)]
pub struct Resumed {
    resumed: bool,
}

async fn resume_saga(cx: Cx<Booking>, input: ResumeSaga) -> Result<Resumed, Fault> {
    let Some(token) = sagas::parked_token(&cx.base.db, input.lesson_id).await? else {
        return Ok(Resumed { resumed: false });
    };
    cx.sagas.answer(&token, &json!({ "resumed": true })).await?;
    sagas::resumed(&cx.base.db, input.lesson_id).await?;
    Ok(Resumed { resumed: true })
}
