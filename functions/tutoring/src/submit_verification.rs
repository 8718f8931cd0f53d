//! `POST /v1/tutors/me/verification`.

use lectern_domain::id::VerificationId;
use lectern_domain::tutoring::requirements::missing;
use lectern_domain::tutoring::verification::SubmitError;
use lectern_postgres::{DbError, idempotency};
use lectern_runtime::{Created, Cx, Method, Need, Nothing, Problem, Request, Tutor, UseCase, problem};

use serde_json::json;

use crate::get_own_verification::MissingView;
use crate::services::Tutoring;
use crate::store::verifications;
use crate::views::OwnVerification;

const NAME: &str = "submit-verification";

/// That a tutor has one open submission at most.
const OPEN: &str = "verifications_open";

/// The use case.
pub fn use_case() -> UseCase<Tutoring> {
    UseCase::http(NAME, Method::Post, "/v1/tutors/me/verification", submit_verification)
        .summary("Submit one's profile with an identity document and a qualification for verification")
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
    let found = verifications::to_submit(db, caller.id(), NAME, key).await?;
    if let Some(answer) = idempotency::earlier(found.stored, key)? {
        return Ok(Created::replay(answer));
    }
    let tutor =
        found.tutor.ok_or_else(|| refused(&SubmitError::Missing(missing(false, &found.handed_in))))?;
    let before = tutor.sequence;
    let (tutor, happened) = tutor
        .submit(VerificationId(cx.fresh_id()), &found.handed_in, cx.now())
        .map_err(|error| refused(&error))?;
    let events = cx.seal(happened);
    let view = OwnVerification::from(&tutor.verification);
    let answer = serde_json::to_value(&view).map_err(Problem::internal)?;
    match verifications::insert(db, &tutor, before, &found.handed_in, &events, (NAME, key, &answer)).await {
        Ok(true) => {}
        // The same request was here at the same moment: what it was answered is the answer.
        Ok(false) => return again(&cx, caller, key).await,
        // A re-check that was queued at the same moment is the open submission.
        Err(DbError::Constraint(name)) if [idempotency::CONSTRAINT, OPEN].contains(&name.as_str()) => {
            return again(&cx, caller, key).await;
        }
        Err(error) => return Err(error.into()),
    }
    cx.base.publish(&events).await;
    Ok(Created::new(view))
}

/// Why not; what is missing also as words for programs, like those of `GET /v1/tutors/me/verification`.
fn refused(error: &SubmitError) -> Problem {
    let problem = Problem::new(&problem::WRONG_STATE).detail(error.to_string());
    match error {
        SubmitError::Missing(missing) => problem.with("missing", json!(MissingView::all(missing))),
        SubmitError::AlreadySubmitted | SubmitError::AlreadyApproved | SubmitError::Rejected => problem,
    }
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
