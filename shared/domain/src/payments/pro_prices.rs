//! What the plan Pro costs, and the numbers that its subscriptions live by.

use jiff::SignedDuration;

use super::subscription::{BillingPeriod, Plan, Terms};
use crate::field::Invalid;
use crate::money::{Currency, Money};

/// Under what Stripe charges in none of our currencies.
const AMOUNT_MIN: i64 = 50;
/// Eight digits: more is none of Stripe's amounts.
const AMOUNT_MAX: i64 = 99_999_999;

/// The policy of subscriptions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubscriptionPolicy {
    /// What Pro costs, by period and currency: 12.00 a month and 120.00 a year, two months of which are a gift.
    pub prices: ProPrices,
    /// How long a subscription that is past due keeps its entitlement (product.md, Subscription: 7 days).
    pub past_due: SignedDuration,
    /// How long a checkout page can be paid on. Stripe takes 30 minutes to 24 hours.
    pub checkout_life: SignedDuration,
}

impl Default for SubscriptionPolicy {
    fn default() -> Self {
        Self {
            prices: ProPrices::default(),
            past_due: SignedDuration::from_hours(7 * 24),
            checkout_life: SignedDuration::from_hours(1),
        }
    }
}

/// Prices of one plan: each period in each of our currencies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProPrices(Vec<(BillingPeriod, Money)>);

impl Default for ProPrices {
    fn default() -> Self {
        let of = |period, amount| Currency::ALL.iter().map(move |c| (period, Money::new(amount, *c)));
        Self(of(BillingPeriod::Monthly, 1_200).chain(of(BillingPeriod::Yearly, 12_000)).collect())
    }
}

impl ProPrices {
    /// Reads `monthly=USD:1200,EUR:1200,GBP:1000;yearly=USD:12000,EUR:12000,GBP:10000`: minor units, every period in
    /// every currency.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let wrong = || Invalid::new("must be like monthly=USD:1200,EUR:1200,GBP:1000;yearly=USD:12000,…");
        let mut prices = Vec::new();
        for part in text.split(';') {
            let (period, amounts) = part.split_once('=').ok_or_else(wrong)?;
            let period = BillingPeriod::parse(period.trim())?;
            for each in amounts.split(',') {
                let (currency, amount) = each.split_once(':').ok_or_else(wrong)?;
                let currency = Currency::parse(currency.trim())?;
                let amount = amount.trim().parse().map_err(|_| wrong())?;
                if !(AMOUNT_MIN..=AMOUNT_MAX).contains(&amount) {
                    return Err(Invalid::new("a price is from 50 to 99999999 minor units"));
                }
                prices.push((period, Money::new(amount, currency)));
            }
        }
        let all = BillingPeriod::ALL.iter().flat_map(|p| Currency::ALL.iter().map(move |c| (*p, *c)));
        let named = |(period, currency): &(BillingPeriod, Currency)| {
            prices.iter().filter(|(p, price)| (p, price.currency) == (period, *currency)).count() == 1
        };
        if all.clone().all(|each| named(&each)) && prices.len() == all.count() {
            Ok(Self(prices))
        } else {
            Err(Invalid::new("must name every period in every currency, once"))
        }
    }

    /// What one period costs in a currency.
    pub fn of(&self, period: BillingPeriod, currency: Currency) -> Money {
        let found = self.0.iter().find(|(p, price)| (*p, price.currency) == (period, currency));
        // Every period has every currency, by construction.
        found.map_or(Money::new(AMOUNT_MAX, currency), |(_, price)| *price)
    }

    /// The terms of a subscription.
    pub fn terms(&self, plan: Plan, period: BillingPeriod, currency: Currency) -> Terms {
        Terms { plan, period, price: self.of(period, currency) }
    }
}

/// The name by which Stripe's price is found: the same on every stage.
pub const fn lookup_key(plan: Plan, period: BillingPeriod) -> &'static str {
    match (plan, period) {
        (Plan::Pro, BillingPeriod::Monthly) => "lectern_pro_monthly",
        (Plan::Pro, BillingPeriod::Yearly) => "lectern_pro_yearly",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "monthly=USD:900,EUR:800,GBP:700;yearly=USD:9000,EUR:8000,GBP:7000";

    #[test]
    fn prices_are_read_and_found() {
        let prices = ProPrices::parse(GOOD).unwrap();
        assert_eq!(prices.of(BillingPeriod::Yearly, Currency::Gbp), Money::new(7_000, Currency::Gbp));
        assert_eq!(ProPrices::default().of(BillingPeriod::Monthly, Currency::Usd).amount, 1_200);
    }

    #[test]
    fn prices_that_are_not_complete_are_refused() {
        for bad in [
            "",
            "monthly=USD:900",
            "monthly=USD:900,EUR:800,GBP:700;yearly=USD:9000,EUR:8000",
            "monthly=USD:900,EUR:800,GBP:700,USD:900;yearly=USD:9000,EUR:8000,GBP:7000",
            "monthly=USD:9,EUR:800,GBP:700;yearly=USD:9000,EUR:8000,GBP:7000",
            "weekly=USD:900",
            "monthly=USD:x,EUR:800,GBP:700;yearly=USD:9000,EUR:8000,GBP:7000",
        ] {
            assert!(ProPrices::parse(bad).is_err(), "{bad}");
        }
    }
}
