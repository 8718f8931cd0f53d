//! `POST /v1/subscriptions`.
//!
//! The answer is the address of a page of Stripe's: no card data reaches us. What was paid there we hear from Stripe.

use deserr::Deserr;
use jiff::SignedDuration;
use lectern_domain::field::FieldErrors;
use lectern_domain::id::UserId;
use lectern_domain::money::Currency;
use lectern_domain::payments::{
    BillingPeriod, CheckoutTerms, Plan, Subscription, SubscriptionId, SubscriptionStatus, Terms,
};
use lectern_postgres::idempotency;
use lectern_runtime::http::IdempotencyKey;
use lectern_runtime::internal::InternalError;
use lectern_runtime::{Created, Cx, Method, Need, Nothing, Problem, Request, Student, UseCase, problem};
use schemars::JsonSchema;

use crate::billing::{self, BillingError, Hint, now};
use crate::customers;
use crate::services::{PEOPLE, Payments, STRIPE};
use crate::store::subscriptions::{self, Save};
use crate::stripe::CheckoutState;
use crate::subscription_view::SubscriptionView;

const NAME: &str = "subscribe";
/// How often a page is offered anew because somebody else was faster.
const TRIES_MAX: usize = 4;
/// A page that closes sooner is no use to anybody.
const OPEN_FOR: SignedDuration = SignedDuration::from_mins(5);

/// The use case.
pub fn use_case() -> UseCase<Payments> {
    UseCase::http(NAME, Method::Post, "/v1/subscriptions", subscribe)
        .summary("Subscribe to a plan: answers where it is paid; one subscription a user")
        .needs(&[Need::Database, Need::Bus, STRIPE, PEOPLE])
        .idempotent()
        .problems(&[&problem::WRONG_STATE, &problem::CONCURRENT_CHANGE])
}

/// What to subscribe to.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = FieldErrors, rename_all = camelCase, deny_unknown_fields)]
#[schemars(rename_all = "camelCase")]
pub struct Subscribe {
    plan: Plan,
    period: BillingPeriod,
    /// In which currency; US dollars where none is named.
    #[deserr(default)]
    currency: Option<Currency>,
}

async fn subscribe(
    cx: Cx<Payments>,
    caller: Student,
    request: Request<Nothing, Nothing, Subscribe>,
) -> Result<Created<SubscriptionView>, Problem> {
    let (db, user, key) = (&cx.base.db, caller.id(), request.idempotency_key()?.clone());
    let before = subscriptions::before(db, user, NAME, &key).await?;
    if let Some(answer) = idempotency::earlier(before.answered, &key)? {
        return Ok(Created::replay(answer));
    }
    let Subscribe { plan, period, currency } = request.body;
    let terms = cx.subscriptions.prices.terms(plan, period, currency.unwrap_or(Currency::Usd));
    if let Some(live) = before.live.as_ref().filter(|live| live.status != SubscriptionStatus::Pending) {
        return Err(has_one(live));
    }
    check_payer(&cx, user).await?;
    let customer = customers::ensure(&cx, user).await?;
    let checkout =
        billing::checkout_terms(&cx, customer, before.catalogue.get(&billing::price_name(&terms)))?;
    let mut live = before.live;
    for _ in 0..TRIES_MAX {
        let pending = match live {
            None => begin(&cx, user, terms, checkout.clone()).await?,
            Some(live) => again(&cx, live, terms, checkout.clone()).await?,
        };
        if let Some(pending) = pending
            && let Some(created) = offer(&cx, pending, &key).await?
        {
            return Ok(created);
        }
        live = subscriptions::live_of(db, user).await?;
    }
    Err(billing::contended())
}

fn has_one(live: &Subscription) -> Problem {
    let detail = format!("You have a subscription already: it is {}.", live.status);
    Problem::new(&problem::WRONG_STATE).detail(detail)
}

/// Who is 13 to 17 pays only when a parent's email is known.
async fn check_payer(cx: &Cx<Payments>, user: UserId) -> Result<(), Problem> {
    match cx.people.payer(user, cx.correlation_id()).await {
        Ok(Some(payer)) if payer.may_pay() => Ok(()),
        Ok(Some(_)) => {
            let detail = "Add a parent's email to your profile before your first payment.";
            Err(Problem::new(&problem::WRONG_STATE).detail(detail))
        }
        Ok(None) => Err(Problem::new(&problem::UNAUTHENTICATED)),
        Err(error @ InternalError::Unavailable(_)) => Err(Problem::unavailable(error)),
        Err(error @ InternalError::Refused { .. }) => Err(Problem::internal(error)),
    }
}

/// A first one; `None` when somebody else has begun at the same moment.
async fn begin(
    cx: &Cx<Payments>,
    user: UserId,
    terms: Terms,
    checkout: CheckoutTerms,
) -> Result<Option<Subscription>, Problem> {
    let id = SubscriptionId(cx.fresh_id());
    let new = Subscription::new(id, user, terms, checkout, cx.subscriptions.past_due, now(cx));
    Ok(subscriptions::insert(&cx.base.db, &new, now(cx)).await?.then_some(new))
}

/// The one that was begun: its page, or another for other terms. The page before is closed first, so that nobody pays
/// for both. `None` when somebody else has changed it at the same moment.
async fn again(
    cx: &Cx<Payments>,
    live: Subscription,
    terms: Terms,
    checkout: CheckoutTerms,
) -> Result<Option<Subscription>, Problem> {
    if live.status != SubscriptionStatus::Pending {
        return Err(has_one(&live));
    }
    if live.offers(&terms, &checkout, now(cx) + OPEN_FOR) {
        return Ok(Some(live));
    }
    if let CheckoutState::Complete(_) = billing::close_page(cx, &live).await? {
        return Err(has_one(&billing::follow(cx, live, Hint::default()).await?));
    }
    let mut offered = live;
    if offered.offer_again(terms, checkout, now(cx)).is_err() {
        return Ok(None);
    }
    if !subscriptions::update(&cx.base.db, &offered, Save::default(), now(cx)).await? {
        return Ok(None);
    }
    offered.revision += 1;
    Ok(Some(offered))
}

/// Makes the page and answers where it is; `None` when somebody else has changed the subscription meanwhile.
async fn offer(
    cx: &Cx<Payments>,
    mut pending: Subscription,
    key: &IdempotencyKey,
) -> Result<Option<Created<SubscriptionView>>, Problem> {
    if pending.checkout_url.is_none() {
        let page = billing::open_page(cx, &mut pending).await?;
        match page.state {
            CheckoutState::Open => pending.opened(page.id, page.url),
            CheckoutState::Complete(_) => {
                return Err(has_one(&billing::follow(cx, pending, Hint::default()).await?));
            }
            // Closed by another request of the same user, which makes another page.
            CheckoutState::Expired => return Ok(None),
        }
    }
    let view = SubscriptionView::of(&pending, now(cx));
    let answer = serde_json::to_value(&view).map_err(Problem::internal)?;
    let save = Save { answer: Some((NAME, key, &answer)), ..Save::default() };
    match subscriptions::update(&cx.base.db, &pending, save, now(cx)).await {
        Ok(true) => {
            let created = Created::new(view).location("/v1/subscriptions/me".to_owned());
            Ok(Some(created.etag(pending.revision + 1)))
        }
        Ok(false) => Ok(None),
        Err(error) if error.is_constraint(idempotency::CONSTRAINT) => {
            let caller = pending.user_id.to_string();
            let answer = idempotency::read(&cx.base.db, &caller, NAME, key).await?;
            Ok(Some(Created::replay(answer)))
        }
        Err(error) => Err(BillingError::from(error).into()),
    }
}
