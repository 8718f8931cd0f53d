//! Money: a whole number of the currency's minor units (cents) and a currency code. Never a float.

use deserr::Deserr;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::field::{FieldErrors, Invalid};

/// An ISO 4217 currency that Lectern trades in, with two decimals in its minor unit.
///
/// A closed list on purpose: each currency has minimum amounts and payout rules at the payment provider, so
/// adding one is a decision and not a typing error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Currency {
    /// United States dollar.
    Usd,
    /// Euro.
    Eur,
    /// Pound sterling.
    Gbp,
}

impl Currency {
    /// Every currency.
    pub const ALL: &'static [Self] = &[Self::Usd, Self::Eur, Self::Gbp];

    /// The ISO 4217 code.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Usd => "USD",
            Self::Eur => "EUR",
            Self::Gbp => "GBP",
        }
    }

    /// Reads an ISO 4217 code.
    pub fn parse(code: &str) -> Result<Self, Invalid> {
        Self::ALL
            .iter()
            .copied()
            .find(|c| c.as_str().eq_ignore_ascii_case(code))
            .ok_or_else(|| Invalid::new("must be one of: USD, EUR, GBP"))
    }
}

impl std::fmt::Display for Currency {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

crate::text_value!(Currency, "Currency", { "type": "string", "enum": ["USD", "EUR", "GBP"] });

/// An amount of money in minor units. May be negative in the ledger; prices and payments are not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema, Deserr)]
#[deserr(error = FieldErrors, deny_unknown_fields)]
#[serde(deny_unknown_fields)]
pub struct Money {
    /// Minor units: 4500 is 45.00.
    pub amount: i64,
    /// ISO 4217 code.
    pub currency: Currency,
}

/// Why two amounts could not be reckoned together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// Two currencies in one sum.
    #[error("the amounts have different currencies")]
    CurrencyMismatch,
    /// The result does not fit 64 bits.
    #[error("the amount is too large")]
    Overflow,
}

impl Money {
    /// An amount of `amount` minor units.
    pub const fn new(amount: i64, currency: Currency) -> Self {
        Self { amount, currency }
    }

    /// The sum, when the currency is one and the sum fits.
    pub fn checked_add(self, other: Self) -> Result<Self, MoneyError> {
        self.same_currency(other)?;
        let amount = self.amount.checked_add(other.amount).ok_or(MoneyError::Overflow)?;
        Ok(Self { amount, ..self })
    }

    /// The difference, when the currency is one and it fits.
    pub fn checked_sub(self, other: Self) -> Result<Self, MoneyError> {
        self.same_currency(other)?;
        let amount = self.amount.checked_sub(other.amount).ok_or(MoneyError::Overflow)?;
        Ok(Self { amount, ..self })
    }

    /// `numerator / denominator` of the amount, rounded half-even on the minor unit (product.md, Payments).
    /// The denominator must be positive.
    pub fn fraction(self, numerator: u32, denominator: u32) -> Result<Self, MoneyError> {
        let product = i128::from(self.amount) * i128::from(numerator);
        let amount = i64::try_from(div_half_even(product, i128::from(denominator.max(1))))
            .map_err(|_| MoneyError::Overflow)?;
        Ok(Self { amount, ..self })
    }

    fn same_currency(self, other: Self) -> Result<(), MoneyError> {
        if self.currency == other.currency { Ok(()) } else { Err(MoneyError::CurrencyMismatch) }
    }
}

impl std::fmt::Display for Money {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (sign, minor) = (if self.amount < 0 { "-" } else { "" }, self.amount.unsigned_abs());
        write!(f, "{sign}{}.{:02} {}", minor / 100, minor % 100, self.currency)
    }
}

/// Division rounding to the nearest whole number, ties to the even one. The divisor must be positive.
fn div_half_even(dividend: i128, divisor: i128) -> i128 {
    let (quotient, remainder) = (dividend.div_euclid(divisor), dividend.rem_euclid(divisor));
    match (remainder * 2).cmp(&divisor) {
        std::cmp::Ordering::Less => quotient,
        std::cmp::Ordering::Greater => quotient + 1,
        std::cmp::Ordering::Equal => quotient + quotient.rem_euclid(2),
    }
}

/// A share in hundredths of a per cent: 2 000 is 20 %.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct BasisPoints(u16);

impl BasisPoints {
    /// The whole: 100 %.
    pub const WHOLE: Self = Self(10_000);
    /// A fifth: 20 %.
    pub const TWENTY_PERCENT: Self = Self(2_000);

    /// From a whole number of hundredths of a per cent, at most 10 000.
    pub fn new(points: u16) -> Result<Self, Invalid> {
        if points <= 10_000 {
            Ok(Self(points))
        } else {
            Err(Invalid::new("must be at most 10000 basis points"))
        }
    }

    /// From a whole number of per cent, at most 100.
    pub fn percent(percent: u8) -> Result<Self, Invalid> {
        Self::new(u16::from(percent) * 100)
    }

    /// The number of hundredths of a per cent.
    pub const fn get(self) -> u16 {
        self.0
    }

    /// This share of an amount, rounded half-even.
    pub fn of(self, whole: Money) -> Result<Money, MoneyError> {
        whole.fraction(u32::from(self.0), 10_000)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn usd(amount: i64) -> Money {
        Money::new(amount, Currency::Usd)
    }

    #[test]
    fn ties_are_rounded_to_the_even_cent() {
        let half = BasisPoints::percent(50).unwrap();
        for (amount, want) in [(1, 0), (3, 2), (5, 2), (7, 4), (-1, 0), (-3, -2), (-5, -2)] {
            assert_eq!(half.of(usd(amount)).unwrap(), usd(want), "half of {amount}");
        }
    }

    #[test]
    fn currencies_are_never_mixed() {
        let euro = Money::new(1, Currency::Eur);
        assert_eq!(usd(1).checked_add(euro), Err(MoneyError::CurrencyMismatch));
        assert_eq!(usd(1).checked_sub(euro), Err(MoneyError::CurrencyMismatch));
    }

    #[test]
    fn a_sum_that_does_not_fit_is_an_error_and_not_another_sum() {
        assert_eq!(usd(i64::MAX).checked_add(usd(1)), Err(MoneyError::Overflow));
        assert_eq!(usd(i64::MIN).checked_sub(usd(1)), Err(MoneyError::Overflow));
    }

    #[test]
    fn an_amount_reads_like_money() {
        assert_eq!(usd(123_405).to_string(), "1234.05 USD");
        assert_eq!(usd(-5).to_string(), "-0.05 USD");
    }

    proptest! {
        #[test]
        fn a_share_is_the_nearest_cent(amount in -1_000_000_000_000_i64..1_000_000_000_000, points in 0_u16..=10_000) {
            let share = BasisPoints::new(points).unwrap().of(usd(amount)).unwrap().amount;
            let exact = i128::from(amount) * i128::from(points);
            let error = (i128::from(share) * 10_000 - exact).abs();
            prop_assert!(error <= 5_000);
            prop_assert!(error < 5_000 || share % 2 == 0);
        }

        #[test]
        fn adding_and_taking_away_again_changes_nothing(a in -1_000_000_i64..1_000_000, b in -1_000_000_i64..1_000_000) {
            prop_assert_eq!(usd(a).checked_add(usd(b)).unwrap().checked_sub(usd(b)).unwrap(), usd(a));
        }
    }
}
