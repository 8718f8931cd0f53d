//! `POST /v1/admin/payouts/{payoutId}/retry`.

use lectern_domain::payments::PayoutError;
use lectern_postgres::idempotency;
use lectern_runtime::http::IdempotencyKey;
use lectern_runtime::{Admin, Answer, Cx, Method, Need, Problem, Request, UseCase, problem};

use crate::carry_out::now;
use crate::carry_out_payout::go_on;
use crate::get_payout::PayoutPath;
use crate::payout_views::PayoutView;
use crate::services::{Payments, STRIPE};
use crate::store::payouts::{self, Once, Recorded, Save};

const NAME: &str = "retry-payout";

/// The use case.
pub fn use_case() -> UseCase<Payments> {
    UseCase::http(NAME, Method::Post, "/v1/admin/payouts/{payoutId}/retry", retry_payout)
        .summary("Send a failed payout again, if the money is still there")
        .problems(&[&problem::NOT_FOUND, &problem::WRONG_STATE, &problem::CONCURRENT_CHANGE])
        .needs(&[Need::Database, Need::Bus, STRIPE])
        .idempotent()
}

/// The answer is the payout as it was decided; what becomes of it at Stripe is read from it later, like of any other.
async fn retry_payout(
    cx: Cx<Payments>,
    caller: Admin,
    request: Request<PayoutPath>,
) -> Result<Answer<PayoutView>, Problem> {
    let (db, key, who) = (&cx.base.db, request.idempotency_key()?, caller.id().to_string());
    let (found, stored) = payouts::to_try_again(db, request.path.payout_id, &who, NAME, key).await?;
    if let Some(answer) = idempotency::earlier(stored, key)? {
        return Ok(Answer::replay(answer));
    }
    let found = found.ok_or_else(|| Problem::not_found("payout"))?;
    let mut payout = found.found.payout;
    let changes = payout.retry(now(&cx)).map_err(refused)?;
    let payouts_made = found.payouts_made.ok_or_else(|| {
        Problem::new(&problem::WRONG_STATE).detail("The tutor's account at Stripe can't be paid out now.")
    })?;
    if found.available < payout.amount {
        return Err(Problem::new(&problem::WRONG_STATE)
            .detail("The money has gone out with a later payout, or was given back to a payer."));
    }
    let call = payout.lease(now(&cx));
    let save = Save::new(&cx, &payout, changes, None);
    let recorded = Recorded { payout: payout.clone(), created_at: found.found.created_at };
    let view = PayoutView::from(&recorded);
    let answer = serde_json::to_value(&view).map_err(Problem::internal)?;
    let once = Once { caller: &who, use_case: NAME, key, answer: &answer };
    match payouts::try_again(db, &payout, payouts_made, &save, &once).await {
        Ok(true) => {}
        // Of two with one key, the second finds either the row changed or the key taken.
        Ok(false) => return lost(&cx, &who, key).await,
        Err(error) if error.is_constraint(idempotency::CONSTRAINT) => return lost(&cx, &who, key).await,
        Err(error) => return Err(error.into()),
    }
    payout.revision += 1;
    cx.base.publish(&save.events).await;
    let revision = payout.revision;
    if let Some(call) = call {
        go_on(&cx, payout, &call).await?;
    }
    Ok(Answer::new(view).etag(revision))
}

/// What a request that lost a race against itself answers; against another change it is a conflict.
async fn lost(cx: &Cx<Payments>, who: &str, key: &IdempotencyKey) -> Result<Answer<PayoutView>, Problem> {
    match idempotency::read(&cx.base.db, who, NAME, key).await {
        Ok(answer) => Ok(Answer::replay(answer)),
        Err(problem) if *problem.kind() == problem::IDEMPOTENCY_IN_PROGRESS => {
            Err(Problem::new(&problem::CONCURRENT_CHANGE))
        }
        Err(problem) => Err(problem),
    }
}

fn refused(error: PayoutError) -> Problem {
    Problem::new(&problem::WRONG_STATE).detail(format!("Only a failed payout is sent again: {error}."))
}
