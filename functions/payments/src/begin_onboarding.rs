//! `POST /v1/payout-account`.

use lectern_domain::payments::{AccountSeen, AccountStatus, PayoutAccount};
use lectern_domain::time::Instant;
use lectern_runtime::rate_limit::{Per, RateLimit};
use lectern_runtime::{Answer, Cx, Method, Need, Problem, Request, Tutor, UseCase, problem};
use schemars::JsonSchema;
use serde::Serialize;

use crate::open_payout_account::open;
use crate::services::{Payments, STRIPE};
use crate::store::accounts::{self, Save};
use crate::stripe::StripeError;

/// The use case.
pub fn use_case() -> UseCase<Payments> {
    UseCase::http("begin-onboarding", Method::Post, "/v1/payout-account", begin_onboarding)
        .summary("Get a fresh link to Stripe, where one's account for payouts is set up or completed")
        .problems(&[&problem::WRONG_STATE])
        .needs(&[Need::Database, Need::Bus, STRIPE])
        .rate_limits(&[RateLimit { per: Per::Caller, burst: 10, period_seconds: 60 }])
}

/// Where to go on.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OnboardingView {
    /// A page of Stripe's, for one visit. Whoever has the address is taken for the account's owner.
    url: String,
    expires_at: Instant,
    status: AccountStatus,
}

/// No idempotency key: the account is made once whatever comes twice, and a link that was used is no use to anybody.
async fn begin_onboarding(
    cx: Cx<Payments>,
    caller: Tutor,
    _request: Request,
) -> Result<Answer<OnboardingView>, Problem> {
    let mut account = accounts::put_or_load(&cx.base.db, &PayoutAccount::new(caller.id()), cx.now()).await?;
    if account.cut_off {
        return Err(Problem::new(&problem::WRONG_STATE)
            .detail("You have disconnected your account at Stripe from us. Please write to us."));
    }
    let seen = look_at(&cx, &mut account).await?;
    let events = cx.seal(account.observe(&seen));
    let save = Save { events: &events, ..Save::default() };
    // Whoever changed it at the same moment has saved the same account; the rest comes by webhook.
    if accounts::update(&cx.base.db, &account, save, cx.now()).await? {
        cx.base.publish(&events).await;
    }
    let key = format!("{}:account_link:{}", account.tutor_id, cx.fresh_id());
    let link = cx.connect.onboarding_link(&seen.id, &cx.payouts.urls, &key).await?;
    let status = account.status();
    Ok(Answer::new(OnboardingView { url: link.url, expires_at: link.expires_at, status }))
}

/// The account as it is at Stripe, where it is made if there is none. From then on it is paid out when we say so.
async fn look_at(cx: &Cx<Payments>, account: &mut PayoutAccount) -> Result<AccountSeen, Problem> {
    let seen = match &account.stripe_account_id {
        Some(id) => cx.stripe.account(id).await?,
        None => match open(cx, account).await {
            Ok(seen) => seen,
            Err(error) => {
                if matches!(error, StripeError::Refused { .. }) {
                    account.refused();
                    accounts::update(&cx.base.db, account, Save::default(), cx.now()).await?;
                }
                return Err(error.into());
            }
        },
    };
    if seen.is_manual {
        return Ok(seen);
    }
    let key = format!("{}:manual:{}", seen.id, cx.fresh_id());
    Ok(cx.connect.make_manual(&seen.id, &key).await?)
}
