//! `POST /v1/tutors/me/verification`.

use lectern_domain::id::VerificationId;
use lectern_postgres::{DbError, idempotency};
use lectern_runtime::{Created, Cx, Method, Need, Nothing, Problem, Request, Tutor, UseCase, problem};

use crate::services::Tutoring;
use crate::store::verifications;
use crate::views::OwnVerification;

const NAME: &str = "submit-verification";

/// The use case.
pub fn use_case() -> UseCase<Tutoring> {
    UseCase::http(NAME, Method::Post, "/v1/tutors/me/verification", submit_verification)
        .summary(
            "Submit one's complete profile for verification (documents will be asked for once there are any)",
        )
        .problems(&[&problem::WRONG_STATE, &problem::CONCURRENT_CHANGE])
        .idempotent()
        .needs(&[Need::Database, Need::Bus])
}

async fn submit_verification(
    cx: Cx<Tutoring>,
    caller: Tutor,
    request: Request<Nothing, Nothing, Nothing>,
) -> Result<Created<OwnVerification>, Problem> {
    let (db, key) = (&cx.base.db, request.idempotency_key()?);
    let (tutor, stored) = verifications::tutor_to_submit(db, caller.id(), NAME, key).await?;
    if let Some(answer) = idempotency::earlier(stored, key)? {
        return Ok(Created::replay(answer));
    }
    let wrong_state = |detail: String| Problem::new(&problem::WRONG_STATE).detail(detail);
    let tutor = tutor.ok_or_else(|| wrong_state("Fill in your tutor profile first.".to_owned()))?;
    let before = tutor.sequence;
    let (tutor, happened) =
        tutor.submit(VerificationId(cx.fresh_id()), cx.now()).map_err(|e| wrong_state(e.to_string()))?;
    let events = cx.seal(happened);
    let view = OwnVerification::from(&tutor.verification);
    let answer = serde_json::to_value(&view).map_err(Problem::internal)?;
    match verifications::insert(db, &tutor, before, &events, NAME, key, &answer).await {
        Ok(true) => {}
        // The same request was here at the same moment: what it was answered is the answer.
        Ok(false) => return again(&cx, caller, key).await,
        Err(DbError::Constraint(name)) if name == idempotency::CONSTRAINT => {
            return again(&cx, caller, key).await;
        }
        Err(error) => return Err(error.into()),
    }
    cx.base.publish(&events).await;
    Ok(Created::new(view))
}

/// What a request that lost a race against itself answers; against another change it is a conflict.
async fn again(
    cx: &Cx<Tutoring>,
    caller: Tutor,
    key: &lectern_runtime::http::IdempotencyKey,
) -> Result<Created<OwnVerification>, Problem> {
    match idempotency::read(&cx.base.db, &caller.id().to_string(), NAME, key).await {
        Ok(answer) => Ok(Created::replay(answer)),
        Err(problem) if *problem.kind() == problem::IDEMPOTENCY_IN_PROGRESS => {
            Err(Problem::new(&problem::CONCURRENT_CHANGE))
        }
        Err(problem) => Err(problem),
    }
}
