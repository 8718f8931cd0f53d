//! `POST /v1/tutors/me/availability/overrides`.

use lectern_domain::id::OverrideId;
use lectern_domain::tutoring::overrides::{Override, Refused, WantedOverride};
use lectern_domain::tutoring::tutor::OverrideError;
use lectern_postgres::idempotency;
use lectern_runtime::http::IdempotencyKey;
use lectern_runtime::{Created, Cx, Method, Need, Nothing, Problem, Request, Tutor, UseCase, problem};
use serde_json::json;

use crate::services::Tutoring;
use crate::store::{overrides, verifications};

const NAME: &str = "add-availability-override";

/// The use case.
pub fn use_case() -> UseCase<Tutoring> {
    UseCase::http(NAME, Method::Post, "/v1/tutors/me/availability/overrides", add_availability_override)
        .summary("Have extra hours on a date, or take the day or a part of it off")
        .problems(&[&problem::NOT_FOUND, &problem::WRONG_STATE, &problem::CONCURRENT_CHANGE])
        .needs(&[Need::Database, Need::Bus])
        .idempotent()
}

/// `If-Match` isn't asked for: what an override must go together with is checked against what there is.
async fn add_availability_override(
    cx: Cx<Tutoring>,
    caller: Tutor,
    request: Request<Nothing, Nothing, WantedOverride>,
) -> Result<Created<Override>, Problem> {
    let (db, key) = (&cx.base.db, request.idempotency_key()?);
    let (tutor, stored) = verifications::tutor_to_submit(db, caller.id(), NAME, key).await?;
    if let Some(answer) = idempotency::earlier(stored, key)? {
        return Ok(Created::replay(answer));
    }
    let tutor = tutor.ok_or_else(|| Problem::not_found("tutor profile"))?;
    let before = tutor.sequence;
    let id = OverrideId(cx.fresh_id());
    let ((tutor, happened), added) = tutor.add_override(id, request.body, cx.now()).map_err(refused)?;
    let events = cx.seal(happened);
    let answer = serde_json::to_value(added).map_err(Problem::internal)?;
    match overrides::add(db, &tutor, before, &events, NAME, key, &answer).await {
        Ok(true) => {}
        // Of two with one key, the second finds either the row changed or the key taken.
        Ok(false) => return lost(&cx, caller, key).await,
        Err(error) if error.is_constraint(idempotency::CONSTRAINT) => return lost(&cx, caller, key).await,
        Err(error) => return Err(error.into()),
    }
    cx.base.publish(&events).await;
    Ok(Created::new(added).etag(tutor.sequence))
}

/// What a request that lost a race against itself answers; against another change it is a conflict.
async fn lost(cx: &Cx<Tutoring>, caller: Tutor, key: &IdempotencyKey) -> Result<Created<Override>, Problem> {
    match idempotency::read(&cx.base.db, &caller.id().to_string(), NAME, key).await {
        Ok(answer) => Ok(Created::replay(answer)),
        Err(problem) if *problem.kind() == problem::IDEMPOTENCY_IN_PROGRESS => {
            Err(Problem::new(&problem::CONCURRENT_CHANGE))
        }
        Err(problem) => Err(problem),
    }
}

fn refused(error: OverrideError) -> Problem {
    match error {
        OverrideError::NoAvailability => {
            Problem::new(&problem::WRONG_STATE).detail("Set your weekly hours first.")
        }
        OverrideError::Refused(Refused { errors, clashes }) => {
            let problem = Problem::from(errors);
            if clashes.is_empty() { problem } else { problem.with("overrides", json!(clashes)) }
        }
    }
}
