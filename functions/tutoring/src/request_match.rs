//! `POST /v1/match-requests`.

use lectern_domain::field::FieldErrors;
use lectern_domain::id::MatchRequestId;
use lectern_domain::tutoring::matching::{MatchRequest, Wish, rank};
use lectern_postgres::idempotency;
use lectern_runtime::rate_limit::{Per, RateLimit};
use lectern_runtime::{Created, Cx, Method, Nothing, Problem, Request, Student, UseCase};

use crate::match_views::{MatchRequestView, summary_of};
use crate::services::Tutoring;
use crate::store::matching;

const NAME: &str = "request-match";

/// The use case.
pub fn use_case() -> UseCase<Tutoring> {
    UseCase::http(NAME, Method::Post, "/v1/match-requests", request_match)
        .summary("Say what one looks for, and get the tutors who fit best, each with score and reasons")
        .idempotent()
        // Each weighs up to 200 tutors.
        .rate_limits(&[RateLimit { per: Per::Caller, burst: 30, period_seconds: 3_600 }])
}

async fn request_match(
    cx: Cx<Tutoring>,
    caller: Student,
    request: Request<Nothing, Nothing, Wish>,
) -> Result<Created<MatchRequestView>, Problem> {
    let (db, key) = (&cx.base.db, request.idempotency_key()?);
    let wish = request.body.clone();
    let material = matching::material(db, caller.id(), NAME, key, &wish).await?;
    if let Some(answer) = idempotency::earlier(material.first_answer, key)? {
        return Ok(Created::replay(answer));
    }
    if material.catalogue.get(&wish.subject).is_none() {
        return Err(
            FieldErrors::one("subject", "is not a subject of the catalogue (GET /v1/subjects)").into()
        );
    }
    let matches = rank(&wish, &material.catalogue, &material.candidates, cx.now());
    let id = MatchRequestId(cx.fresh_id());
    let kept = MatchRequest::new(id, caller.id(), wish, matches, cx.now());
    let tutors = material.candidates.into_iter().filter_map(|c| Some((c.id, summary_of(c)?))).collect();
    let view = MatchRequestView::of(kept.clone(), tutors, &cx.policy, cx.now());
    let answer = serde_json::to_value(&view).map_err(Problem::internal)?;
    match matching::insert(db, &kept, NAME, key, &answer).await {
        Ok(()) => {}
        // The same request was here at the same moment: what it was answered is the answer.
        Err(error) if error.is_constraint(idempotency::CONSTRAINT) => {
            return idempotency::read(db, &caller.id().to_string(), NAME, key).await.map(Created::replay);
        }
        Err(error) => return Err(error.into()),
    }
    Ok(Created::new(view).location(format!("/v1/match-requests/{id}")).etag(kept.version_at(cx.now())))
}
