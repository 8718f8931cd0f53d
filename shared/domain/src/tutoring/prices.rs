//! What a tutor asks for.

use std::ops::RangeInclusive;

use deserr::{Deserr, IntoValue, Value, ValuePointerRef};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::availability::LessonMinutes;
use super::policy;
use crate::field::{FieldErrors, Invalid};
use crate::money::{Currency, Money, MoneyError};

/// An amount of money within bounds, as a type of its own.
macro_rules! bounded_price {
    ($(#[$meta:meta])* $name:ident, $bounds:expr, $what:literal, $description:literal) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Money);

        impl $name {
            /// The amount, if it is within the bounds.
            pub fn new(amount: Money) -> Result<Self, Invalid> {
                let bounds: RangeInclusive<i64> = $bounds;
                if bounds.contains(&amount.amount) {
                    return Ok(Self(amount));
                }
                Err(Invalid::new(format!(
                    concat!("must be {} to {} minor units ", $what),
                    bounds.start(),
                    bounds.end()
                )))
            }

            /// The amount.
            pub const fn get(self) -> Money {
                self.0
            }
        }

        impl Deserr<FieldErrors> for $name {
            fn deserialize_from_value<V: IntoValue>(
                value: Value<V>,
                location: ValuePointerRef<'_>,
            ) -> Result<Self, FieldErrors> {
                let amount = Money::deserialize_from_value(value, location)?;
                Self::new(amount).map_err(|e| FieldErrors::at(location.push_key("amount"), e.0))
            }
        }

        impl JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }
            fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
                let currency = generator.subschema_for::<Currency>();
                let (minimum, maximum) = $bounds.into_inner();
                schemars::json_schema!({
                    "type": "object",
                    "description": $description,
                    "required": ["amount", "currency"],
                    "additionalProperties": false,
                    "properties": {
                        "amount": { "type": "integer", "minimum": minimum, "maximum": maximum },
                        "currency": currency,
                    },
                })
            }
        }
    };
}

bounded_price!(
    /// What an hour costs, within [`policy::HOURLY_RATE`].
    HourlyRate,
    policy::HOURLY_RATE,
    "an hour",
    "The price of an hour in minor units"
);
bounded_price!(
    /// What a whole trial lesson costs, however long it is, within [`policy::TRIAL_PRICE`].
    TrialPrice,
    policy::TRIAL_PRICE,
    "a trial lesson",
    "The price of a whole trial lesson in minor units"
);

impl HourlyRate {
    /// The price of a lesson, rounded half-even on the minor unit.
    pub fn price_of(self, minutes: LessonMinutes) -> Result<Money, MoneyError> {
        self.0.fraction(u32::from(minutes.get()), 60)
    }
}

impl TrialPrice {
    /// What a lesson of this length costs as a trial; `None` when a trial can't be so long.
    pub fn price_of(self, minutes: LessonMinutes) -> Option<Money> {
        policy::TRIAL_MINUTES.contains(&minutes.get()).then_some(self.0)
    }
}

/// What is wrong with the currency of the trial, if it isn't the rate's: a tutor is paid in one.
pub(super) fn differing(rate: HourlyRate, trial: Option<TrialPrice>) -> Option<String> {
    let currency = rate.0.currency;
    trial.filter(|t| t.0.currency != currency).map(|_| format!("must be {currency}, like the hourly rate"))
}

/// What an hour and a trial lesson cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserr, JsonSchema)]
#[deserr(error = FieldErrors, rename_all = camelCase, deny_unknown_fields)]
#[deserr(validate = one_currency -> FieldErrors)]
#[schemars(rename_all = "camelCase")]
pub struct Rates {
    /// What an hour costs.
    pub hourly_rate: HourlyRate,
    /// What a trial lesson costs, in the same currency; without it none is offered.
    #[deserr(default)]
    #[schemars(default)]
    pub trial_price: Option<TrialPrice>,
}

fn one_currency(rates: Rates, location: ValuePointerRef<'_>) -> Result<Rates, FieldErrors> {
    match differing(rates.hourly_rate, rates.trial_price) {
        None => Ok(rates),
        Some(message) => {
            let at = location.push_key("trialPrice");
            Err(FieldErrors::at(at.push_key("currency"), message))
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn read(value: serde_json::Value) -> Result<Rates, FieldErrors> {
        deserr::deserialize(value)
    }

    fn fields(value: serde_json::Value) -> Vec<String> {
        read(value).unwrap_err().0.into_iter().map(|e| e.field).collect()
    }

    #[test]
    fn a_price_is_the_hours_share_to_the_nearest_even_cent() {
        let lesson = |amount, minutes| {
            let rate = HourlyRate::new(Money::new(amount, Currency::Usd)).unwrap();
            rate.price_of(LessonMinutes::new(minutes).unwrap()).unwrap().amount
        };
        assert_eq!(lesson(4_500, 60), 4_500);
        assert_eq!(lesson(4_500, 90), 6_750);
        // 25 of 60 minutes of 1002 cents are 417.5: the even neighbour is 418. Of 1 003 they are 417.92.
        assert_eq!(lesson(1_002, 25), 418);
        assert_eq!(lesson(1_003, 30), 502);
        assert_eq!(lesson(1_001, 30), 500);
    }

    #[test]
    fn a_trial_costs_the_same_at_either_of_its_lengths_and_has_no_other() {
        let trial = TrialPrice::new(Money::new(900, Currency::Eur)).unwrap();
        let of = |minutes| trial.price_of(LessonMinutes::new(minutes).unwrap()).map(|m| m.amount);
        assert_eq!([25, 30, 50, 60].map(of), [Some(900), None, Some(900), None]);
    }

    #[test]
    fn every_wrong_price_is_named_at_once_and_a_trial_is_in_the_currency_of_the_rate() {
        let wrong = json!({ "hourlyRate": { "amount": 999, "currency": "USD" },
                            "trialPrice": { "amount": 0, "currency": "USD" }, "tip": 1 });
        let mut wrong = fields(wrong);
        wrong.sort();
        assert_eq!(wrong, ["hourlyRate.amount", "tip", "trialPrice.amount"]);
        let mixed = json!({ "hourlyRate": { "amount": 1_000, "currency": "USD" },
                            "trialPrice": { "amount": 500, "currency": "EUR" } });
        assert_eq!(fields(mixed), ["trialPrice.currency"]);
        let none = json!({ "hourlyRate": { "amount": 1_000, "currency": "USD" }, "trialPrice": null });
        assert_eq!(read(none).unwrap().trial_price, None);
    }

    proptest! {
        #[test]
        fn what_is_within_the_bounds_is_taken_and_nothing_else(amount in -1_000_i64..100_000) {
            let money = Money::new(amount, Currency::Gbp);
            prop_assert_eq!(HourlyRate::new(money).is_ok(), (1_000..=50_000).contains(&amount));
            prop_assert_eq!(TrialPrice::new(money).is_ok(), (100..=50_000).contains(&amount));
        }
    }
}
