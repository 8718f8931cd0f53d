//! `GET /v1/subscriptions/me`.

use lectern_runtime::{Answer, Cx, Method, Problem, Request, Student, UseCase, problem};

use crate::services::Payments;
use crate::store::subscriptions;
use crate::subscription_view::SubscriptionView;

/// The use case.
pub fn use_case() -> UseCase<Payments> {
    UseCase::http("get-subscription", Method::Get, "/v1/subscriptions/me", get_subscription)
        .summary("Read one's own subscription, and whether it entitles at this moment")
        .problems(&[&problem::NOT_FOUND])
}

async fn get_subscription(
    cx: Cx<Payments>,
    caller: Student,
    _request: Request,
) -> Result<Answer<SubscriptionView>, Problem> {
    let found = subscriptions::of_user(&cx.base.db, caller.id()).await?;
    let found = found.ok_or_else(|| Problem::not_found("subscription"))?;
    Ok(Answer::new(SubscriptionView::of(&found, cx.now())).etag(found.revision))
}
