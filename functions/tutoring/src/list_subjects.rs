//! `GET /v1/subjects`.

use lectern_domain::tutoring::catalogue::Subject;
use lectern_runtime::{Answer, Anyone, Cx, Method, Problem, Request, UseCase};
use schemars::JsonSchema;
use serde::Serialize;

use crate::services::Tutoring;
use crate::store::subjects;

/// How long an answer may be used without asking again, in seconds.
const FRESH_SECONDS: u32 = 300;

/// The use case.
pub fn use_case() -> UseCase<Tutoring> {
    UseCase::http("list-subjects", Method::Get, "/v1/subjects", list_subjects)
        .summary("Read the catalogue of subjects: what is part of what, requires what, is related to what")
}

/// The catalogue.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Subjects {
    /// All of them, in the order of their ids.
    subjects: Vec<Subject>,
}

async fn list_subjects(
    cx: Cx<Tutoring>,
    _caller: Anyone,
    request: Request,
) -> Result<Answer<Subjects>, Problem> {
    let catalogue = subjects::catalogue(&cx.base.db).await?;
    let version = catalogue.version;
    let subjects = catalogue.into_subjects();
    Ok(Answer::new(Subjects { subjects }).etag(version).cached(FRESH_SECONDS).unless_known(&request.headers))
}
