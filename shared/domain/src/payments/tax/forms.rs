//! Forms of the IRS, and from which gross on a payee gets one.
//!
//! Thresholds change by law and by notice, so each is a row of data with its source. States have thresholds of their
//! own, which are not here: what is filed with a state is decided by a person.

use crate::money::{Currency, Money};

crate::words! {
    /// A form of the IRS.
    pub enum FormKind {
        /// Payment Card and Third Party Network Transactions: of whoever settles payments between others.
        Form1099K = "1099-K",
        /// Nonemployee Compensation: of whoever buys somebody's work.
        Form1099Nec = "1099-NEC",
    }
}

/// From when on a payee gets a form. All of it must hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Threshold {
    /// US cents. The form's own gross must be more than this (1099-K) or at least this (1099-NEC).
    pub gross: i64,
    /// More payments than this; `None` where their number doesn't matter.
    pub payments_over: Option<i64>,
    /// Where the figures come from.
    pub source: &'static str,
}

/// A threshold and the tax years in which it holds.
struct Row {
    form: FormKind,
    first_year: i16,
    last_year: i16,
    threshold: Threshold,
}

const fn row(form: FormKind, first_year: i16, last_year: i16, threshold: Threshold) -> Row {
    Row { form, first_year, last_year, threshold }
}

const LAST: i16 = i16::MAX;

/// By form and tax year. The rows of a form leave no year out.
const THRESHOLDS: [Row; 6] = [
    row(
        FormKind::Form1099K,
        2011,
        2022,
        Threshold {
            gross: 2_000_000,
            payments_over: Some(200),
            source: "26 U.S.C. 6050W(e); for 2022, Notice 2023-10",
        },
    ),
    row(
        FormKind::Form1099K,
        2023,
        2023,
        Threshold { gross: 2_000_000, payments_over: Some(200), source: "Notice 2023-74" },
    ),
    row(
        FormKind::Form1099K,
        2024,
        2024,
        Threshold { gross: 500_000, payments_over: None, source: "Notice 2024-85" },
    ),
    row(
        FormKind::Form1099K,
        2025,
        LAST,
        Threshold { gross: 2_000_000, payments_over: Some(200), source: "Public Law 119-21, section 70432" },
    ),
    row(
        FormKind::Form1099Nec,
        2011,
        2025,
        Threshold { gross: 60_000, payments_over: None, source: "26 U.S.C. 6041(a) and 6041A(a)" },
    ),
    // It rises with prices from 2027 on; until a year's figure is published and added here, this one is never too
    // high, so nobody misses a form.
    row(
        FormKind::Form1099Nec,
        2026,
        LAST,
        Threshold { gross: 200_000, payments_over: None, source: "Public Law 119-21, section 70433" },
    ),
];

/// The threshold of a form in a tax year; before 2011, when the younger of the two began, that of 2011.
pub fn threshold(form: FormKind, year: i16) -> Threshold {
    let year = year.max(2011);
    let holds = |row: &&Row| row.form == form && (row.first_year..=row.last_year).contains(&year);
    // The table leaves no year out (a test says so): the other case is never taken, and would give everybody a form.
    let nothing = Threshold { gross: 0, payments_over: None, source: "none" };
    THRESHOLDS.iter().find(holds).map_or(nothing, |row| row.threshold)
}

impl Threshold {
    /// Whether a payee with this gross, in US cents, and so many payments gets the form.
    pub fn is_met(&self, form: FormKind, gross: i64, payments: i64) -> bool {
        let by_gross = match form {
            FormKind::Form1099K => gross > self.gross,
            FormKind::Form1099Nec => gross >= self.gross && gross > 0,
        };
        by_gross && self.payments_over.is_none_or(|over| payments > over)
    }

    /// For people.
    pub fn in_words(&self, form: FormKind) -> String {
        let gross = Money::new(self.gross, Currency::Usd);
        let least = if form == FormKind::Form1099K { "more than" } else { "at least" };
        let payments =
            self.payments_over.map(|over| format!(" in more than {over} payments")).unwrap_or_default();
        format!("{least} {gross}{payments} ({})", self.source)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_year_has_exactly_one_threshold_of_each_form() {
        for form in FormKind::ALL {
            for year in 2011..2100 {
                let holds =
                    |row: &&Row| row.form == *form && (row.first_year..=row.last_year).contains(&year);
                assert_eq!(THRESHOLDS.iter().filter(holds).count(), 1, "{form} {year}");
                assert!(threshold(*form, year).gross > 0);
            }
        }
    }

    #[test]
    fn a_third_party_network_reports_above_both_of_its_thresholds() {
        let met = |year, gross, payments| {
            threshold(FormKind::Form1099K, year).is_met(FormKind::Form1099K, gross, payments)
        };
        for year in [2022, 2023, 2025, 2026, 2030] {
            assert!(met(year, 2_000_001, 201), "{year}");
            assert!(!met(year, 2_000_000, 201), "{year}");
            assert!(!met(year, 2_000_001, 200), "{year}");
        }
        assert!(met(2024, 500_001, 1));
        assert!(!met(2024, 500_000, 1_000));
    }

    #[test]
    fn compensation_is_reported_from_its_threshold_on() {
        let met =
            |year, gross| threshold(FormKind::Form1099Nec, year).is_met(FormKind::Form1099Nec, gross, 1);
        assert!(met(2025, 60_000) && !met(2025, 59_999));
        assert!(met(2026, 200_000) && !met(2026, 199_999));
    }

    #[test]
    fn a_threshold_is_told_with_its_source() {
        let words = threshold(FormKind::Form1099K, 2026).in_words(FormKind::Form1099K);
        assert_eq!(
            words,
            "more than 20000.00 USD in more than 200 payments (Public Law 119-21, section 70432)"
        );
    }
}
