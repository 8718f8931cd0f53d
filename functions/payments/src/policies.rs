//! The numbers of `payments`, as this stage has them: each has a default in the domain, and a variable that overrides
//! it. What can't be read is told in the log, and the default is used.

use jiff::SignedDuration;
use lectern_domain::money::BasisPoints;
use lectern_domain::payments::tax::{FormKind, TaxPolicy};
use lectern_domain::payments::{Commission, PaymentsPolicy, ProPrices, Purpose, SubscriptionPolicy};
use lectern_runtime::config::Env;

use crate::stripe::OnboardingUrls;
use crate::tax_document::Filer;

/// How tutors are paid out (product.md, Payouts).
#[derive(Clone, Debug)]
pub struct PayoutPolicy {
    /// What is less waits for the next period; minor units of each currency.
    pub minimum: i64,
    /// Seconds of a period, where it isn't a week or a month by the calendar: a stage on which nobody waits for Monday.
    pub every_seconds: Option<i64>,
    /// Where a tutor comes back to after onboarding at Stripe.
    pub urls: OnboardingUrls,
}

impl Default for PayoutPolicy {
    fn default() -> Self {
        Self { minimum: 2_000, every_seconds: None, urls: OnboardingUrls::default() }
    }
}

/// `PAYOUT_MINIMUM`, `PAYOUT_EVERY_SECONDS` (0 for the calendar), `PAYOUT_RETURN_URL` and `PAYOUT_REFRESH_URL`;
/// functions that pay nothing out have none of them.
pub fn payouts(env: &Env) -> PayoutPolicy {
    let default = PayoutPolicy::default();
    let minimum = env.number::<i64>("PAYOUT_MINIMUM", default.minimum).ok().filter(|minimum| *minimum > 0);
    let minimum = minimum.unwrap_or_else(|| {
        tracing::error!("PAYOUT_MINIMUM is no whole number above 0; the default is used");
        default.minimum
    });
    let every_seconds = env.number::<i64>("PAYOUT_EVERY_SECONDS", 0).unwrap_or_else(|error| {
        tracing::error!(%error, "the calendar is used");
        0
    });
    let every_seconds = Some(every_seconds).filter(|seconds| *seconds > 0);
    let url = |name: &str| env.text(name).map(str::to_owned).unwrap_or_default();
    let urls =
        OnboardingUrls { return_url: url("PAYOUT_RETURN_URL"), refresh_url: url("PAYOUT_REFRESH_URL") };
    PayoutPolicy { minimum, every_seconds, urls }
}

/// The policy of this stage: `COMMISSION_PERCENT` overrides the share of a lesson.
pub fn commission(env: &Env) -> PaymentsPolicy {
    let default = PaymentsPolicy::default();
    let percent = match env.number::<u8>("COMMISSION_PERCENT", 20).map(BasisPoints::percent) {
        Ok(Ok(percent)) => percent,
        _ => {
            tracing::error!("COMMISSION_PERCENT is not a whole number from 0 to 100; the default is used");
            return default;
        }
    };
    PaymentsPolicy { commission: vec![(Purpose::Lesson, Commission::new(percent))] }
}

/// The policy of this stage: `PRO_PRICES` overrides what the plan costs, `PAST_DUE_DAYS` how long it is kept unpaid.
pub fn subscriptions(env: &Env) -> SubscriptionPolicy {
    let mut policy = SubscriptionPolicy::default();
    match env.text("PRO_PRICES").ok().map(ProPrices::parse) {
        None => {}
        Some(Ok(prices)) => policy.prices = prices,
        Some(Err(error)) => tracing::error!(%error, "PRO_PRICES is not as it should be; the default is used"),
    }
    match env.number::<u16>("PAST_DUE_DAYS", 7) {
        Ok(days) => policy.past_due = SignedDuration::from_hours(24 * i64::from(days)),
        Err(error) => tracing::error!(%error, "the default is used"),
    }
    policy
}

/// `US_TAX_FORM` overrides which form taxpayers of the United States get.
pub fn tax(env: &Env) -> TaxPolicy {
    let Some(word) = env.text("US_TAX_FORM").ok().filter(|word| !word.is_empty()) else {
        return TaxPolicy::default();
    };
    match FormKind::parse(word) {
        Ok(us_form) => TaxPolicy { us_form },
        Err(_) => {
            tracing::error!("US_TAX_FORM is no form; the default is used");
            TaxPolicy::default()
        }
    }
}

/// `TAX_FILER_NAME`, `_ADDRESS`, `_TIN` and `_PHONE`, all of them or none.
pub fn filer(env: &Env) -> Option<Filer> {
    let text = |name| env.text(name).ok().filter(|text| !text.is_empty()).map(str::to_owned);
    Some(Filer {
        name: text("TAX_FILER_NAME")?,
        address: text("TAX_FILER_ADDRESS")?,
        tin: text("TAX_FILER_TIN")?,
        phone: text("TAX_FILER_PHONE")?,
    })
}
