//! `DELETE /v1/subscriptions/me`.
//!
//! The wish is saved before Stripe is asked; should the answer be lost, `expire-past-due-subscriptions` asks again. To
//! ask twice is as good as once, so there is no `If-Match`.

use lectern_runtime::{Answer, Cx, Method, Need, Problem, Request, Student, UseCase, problem};

use crate::billing::{self, BillingError, now};
use crate::services::{Payments, STRIPE};
use crate::store::subscriptions::{self, Save};
use crate::subscription_view::SubscriptionView;

/// How often the wish is noted anew because somebody else was faster.
const TRIES_MAX: usize = 4;

/// The use case.
pub fn use_case() -> UseCase<Payments> {
    UseCase::http("cancel-subscription", Method::Delete, "/v1/subscriptions/me", cancel_subscription)
        .summary("End one's own subscription with the period that is paid; one that isn't paid yet, at once")
        .needs(&[Need::Database, Need::Bus, STRIPE])
        .problems(&[&problem::NOT_FOUND])
}

async fn cancel_subscription(
    cx: Cx<Payments>,
    caller: Student,
    _request: Request,
) -> Result<Answer<SubscriptionView>, Problem> {
    let db = &cx.base.db;
    for _ in 0..TRIES_MAX {
        let live = subscriptions::live_of(db, caller.id()).await?;
        let mut live = live.ok_or_else(|| Problem::not_found("subscription"))?;
        // One that is live can always be asked to end: the other case is never taken.
        let asks = live.cancel().unwrap_or(false);
        if asks {
            if !subscriptions::update(db, &live, Save::default(), now(&cx)).await? {
                continue;
            }
            live.revision += 1;
            live = billing::end(&cx, live).await?;
        }
        let revision = live.revision;
        return Ok(Answer::new(SubscriptionView::of(&live, now(&cx))).etag(revision));
    }
    Err(BillingError::Contended.into())
}
