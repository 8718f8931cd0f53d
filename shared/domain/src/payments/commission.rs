//! The platform's share.

use serde::{Deserialize, Serialize};

use crate::money::{BasisPoints, Money};

crate::words! {
    /// What a payment is for (product.md, Payments).
    pub enum Purpose {
        /// One lesson.
        Lesson = "lesson",
        /// The first lesson with a tutor, at a price and a commission of its own.
        Trial = "trial",
        /// A course.
        Course = "course",
        /// A period of a subscription.
        Subscription = "subscription",
    }
}

/// 20 % (product.md, Payments).
const DEFAULT: Commission = Commission(BasisPoints::TWENTY_PERCENT);

/// The numbers of `payments`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaymentsPolicy {
    /// The platform's share by purpose: 20 % of a lesson (product.md, Payments). A payment keeps the rate under
    /// which it was made.
    pub commission: Vec<(Purpose, Commission)>,
}

impl Default for PaymentsPolicy {
    fn default() -> Self {
        Self { commission: vec![(Purpose::Lesson, DEFAULT)] }
    }
}

impl PaymentsPolicy {
    /// The rate for a purpose.
    pub fn commission_for(&self, purpose: Purpose) -> Commission {
        let rule = self.commission.iter().find(|(of, _)| *of == purpose);
        rule.map_or(DEFAULT, |(_, rate)| *rate)
    }
}

/// The platform's share of an amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Commission(BasisPoints);

/// An amount in two parts that add up to it, in minor units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Split {
    /// The platform's.
    pub fee: i64,
    /// The tutor's.
    pub earnings: i64,
}

impl Commission {
    /// The platform takes this share.
    pub const fn new(share: BasisPoints) -> Self {
        Self(share)
    }

    /// The share.
    pub const fn share(self) -> BasisPoints {
        self.0
    }

    /// Splits an amount: the fee is rounded half-even, the tutor gets the rest, so nothing is lost or made.
    ///
    /// Neither part ever falls when the amount rises, so a refund can't make anybody's share larger.
    pub fn split(self, whole: Money) -> Split {
        // A share is no larger than the whole, so it fits: the other case is never taken.
        let fee = self.0.of(whole).map_or(whole.amount, |fee| fee.amount);
        Split { fee, earnings: whole.amount - fee }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::money::Currency;

    fn split(points: u16, amount: i64) -> Split {
        Commission::new(BasisPoints::new(points).unwrap()).split(Money::new(amount, Currency::Usd))
    }

    #[test]
    fn a_fifth_of_a_lesson_is_the_platforms() {
        let rate = PaymentsPolicy::default().commission_for(Purpose::Lesson);
        assert_eq!(rate.split(Money::new(4_500, Currency::Usd)), Split { fee: 900, earnings: 3_600 });
        // 2.5 is rounded to the even 2, 7.5 to the even 8.
        assert_eq!((split(2_500, 10).fee, split(2_500, 30).fee), (2, 8));
    }

    proptest! {
        #[test]
        fn fee_and_earnings_are_the_amount(points in 0_u16..=10_000, amount in 0_i64..1_000_000_000_000) {
            let Split { fee, earnings } = split(points, amount);
            prop_assert_eq!(fee + earnings, amount);
            prop_assert!(fee >= 0 && earnings >= 0);
        }

        #[test]
        fn what_is_refunded_makes_nobodys_share_larger(points in 0_u16..=10_000, amount in 0_i64..1_000_000, less in 0_i64..1_000_000) {
            let (whole, rest) = (split(points, amount), split(points, (amount - less).max(0)));
            prop_assert!(rest.fee <= whole.fee && rest.earnings <= whole.earnings);
        }
    }
}
