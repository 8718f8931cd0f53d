//! What a tutor earned in a calendar year, and which document follows from it.
//!
//! **Which form.** Tutors set their prices and students buy from them; the platform settles the payments. That is a
//! third party settlement organization (26 U.S.C. 6050W(b)(3)), whose form is 1099-K; what is reported there is not
//! reported on a 1099-NEC again (26 CFR 1.6041-1(a)(1)(iv)). Were the platform to set the prices, it would buy the
//! tutors' work, and 1099-NEC would be the form: so the form is a policy value.
//!
//! **Gross.** On a 1099-K: every payment that students made for the tutor, before fees and refunds, in the year and
//! month in which it was made (26 CFR 1.6050W-1(a)(6)). On a 1099-NEC: what became the tutor's, less what was taken
//! back. A year is a calendar year in UTC.
//!
//! Persons of the United States get a form; everybody else, whose earnings no form of the IRS tells, a statement.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::forms::{FormKind, threshold};
use super::profile::TaxProfile;
use crate::event::NewEvent;
use crate::id::UserId;
use crate::money::{Currency, Money};

/// What was earned in one currency, in minor units.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct YearTotals {
    /// Of all amounts here.
    pub currency: Currency,
    /// What students paid for the tutor, before fees and refunds.
    pub gross: i64,
    /// In how many payments.
    pub payments: i64,
    /// What became the tutor's, less what was taken back.
    pub earned: i64,
    /// The gross of each month, from January.
    pub months: [i64; 12],
}

/// A tutor's year as it was closed. A later correction is another revision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaxYear {
    /// Whose.
    pub tutor_id: UserId,
    /// The calendar year.
    pub year: i16,
    /// 1 for the first.
    pub revision: i32,
    /// One for each currency.
    pub totals: Vec<YearTotals>,
}

/// What a tutor gets of a year.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DocumentKind {
    /// A form of the IRS.
    Form(FormKind),
    /// A statement without a form.
    Statement,
}

impl DocumentKind {
    /// The word that stands for it in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Form(form) => form.as_str(),
            Self::Statement => "statement",
        }
    }
}

crate::words! {
    /// Whether there is a document.
    pub enum FormStatus {
        /// It can be downloaded.
        Available = "available",
        /// No form is due: the year's gross is too low.
        BelowThreshold = "below_threshold",
        /// It is not known where the tutor pays taxes.
        ProfileMissing = "profile_missing",
    }
}

/// The choices of the platform.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaxPolicy {
    /// What persons of the United States get; see the module.
    pub us_form: FormKind,
}

impl Default for TaxPolicy {
    fn default() -> Self {
        Self { us_form: FormKind::Form1099K }
    }
}

impl TaxYear {
    /// What was earned in a currency.
    pub fn of(&self, currency: Currency) -> Option<&YearTotals> {
        self.totals.iter().find(|totals| totals.currency == currency)
    }

    /// The amount that a form of the IRS tells: of US dollars only.
    pub fn form_amount(&self, form: FormKind) -> Money {
        let dollars = self.of(Currency::Usd);
        let amount = dollars.map_or(0, |totals| match form {
            FormKind::Form1099K => totals.gross,
            FormKind::Form1099Nec => totals.earned,
        });
        Money::new(amount, Currency::Usd)
    }

    /// What the tutor gets, and whether it is there. Without a profile it is what a person of the United States would
    /// get: those alone must be told of.
    pub fn document(&self, policy: &TaxPolicy, profile: Option<&TaxProfile>) -> (DocumentKind, FormStatus) {
        let form = policy.us_form;
        match profile {
            None => (DocumentKind::Form(form), FormStatus::ProfileMissing),
            Some(profile) if !profile.is_us_person() => (DocumentKind::Statement, FormStatus::Available),
            Some(_) => {
                let payments = self.of(Currency::Usd).map_or(0, |totals| totals.payments);
                let amount = self.form_amount(form).amount;
                let is_due = threshold(form, self.year).is_met(form, amount, payments);
                let status = if is_due { FormStatus::Available } else { FormStatus::BelowThreshold };
                (DocumentKind::Form(form), status)
            }
        }
    }

    /// That the tutor can have the document, told once for each revision; nothing when there is none. The profile's
    /// country is all that it depends on.
    pub fn ready(&self, policy: &TaxPolicy, profile: Option<&TaxProfile>) -> Option<NewEvent> {
        let (document, status) = self.document(policy, profile);
        (status == FormStatus::Available).then(|| NewEvent {
            kind: "tax_form.ready",
            version: 1,
            aggregate_type: "tax_year",
            aggregate_id: self.tutor_id.0,
            // Years one after the other, and within a year its revisions.
            sequence: i64::from(self.year) * 1_000 + i64::from(self.revision),
            data: json!({
                "tutorId": self.tutor_id, "year": self.year, "revision": self.revision,
                "document": document.as_str(),
            }),
        })
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use proptest::prelude::*;

    use super::*;
    use crate::payments::tax::WantedTaxProfile;
    use crate::time::Instant;

    fn profile(country: &str) -> TaxProfile {
        let kind = if country == "US" { "ssn" } else { "other" };
        let wanted: WantedTaxProfile = deserr::deserialize::<_, _, crate::field::FieldErrors>(json!({
            "country": country, "legalName": "T", "kind": "individual",
            "taxId": { "kind": kind, "number": "123456789" },
            "address": { "line1": "1", "city": "C", "postalCode": "1", "country": "DE" },
        }))
        .unwrap();
        let now = Instant::from(Timestamp::UNIX_EPOCH);
        TaxProfile::replace(UserId(uuid::Uuid::nil()), &wanted, None, now).unwrap()
    }

    fn year(gross: i64, payments: i64, currency: Currency) -> TaxYear {
        let mut months = [0; 12];
        months[2] = gross;
        let totals = vec![YearTotals { currency, gross, payments, earned: gross * 4 / 5, months }];
        TaxYear { tutor_id: UserId(uuid::Uuid::nil()), year: 2026, revision: 1, totals }
    }

    #[test]
    fn only_persons_of_the_united_states_get_a_form_and_only_for_dollars() {
        let policy = TaxPolicy::default();
        let much = year(3_000_000, 300, Currency::Usd);
        let form = DocumentKind::Form(FormKind::Form1099K);
        assert_eq!(much.document(&policy, Some(&profile("US"))), (form, FormStatus::Available));
        assert_eq!(much.document(&policy, None), (form, FormStatus::ProfileMissing));
        let abroad = (DocumentKind::Statement, FormStatus::Available);
        assert_eq!(much.document(&policy, Some(&profile("DE"))), abroad);
        let euros = year(3_000_000, 300, Currency::Eur);
        assert_eq!(euros.document(&policy, Some(&profile("US"))), (form, FormStatus::BelowThreshold));
        assert_eq!(year(1, 1, Currency::Eur).document(&policy, Some(&profile("DE"))), abroad);
    }

    #[test]
    fn the_form_by_policy_decides_which_gross_counts() {
        let policy = TaxPolicy { us_form: FormKind::Form1099Nec };
        let us = profile("US");
        let status = |gross| year(gross, 1, Currency::Usd).document(&policy, Some(&us)).1;
        assert_eq!(status(250_000), FormStatus::Available, "2000.00 of 2500.00 are the tutor's");
        assert_eq!(status(249_000), FormStatus::BelowThreshold);
    }

    #[test]
    fn what_is_ready_is_told_and_what_is_not_is_not() {
        let policy = TaxPolicy::default();
        assert!(year(1, 1, Currency::Usd).ready(&policy, Some(&profile("US"))).is_none());
        assert!(year(3_000_000, 300, Currency::Usd).ready(&policy, None).is_none());
        let event = year(1, 1, Currency::Usd).ready(&policy, Some(&profile("DE"))).unwrap();
        assert_eq!((event.sequence, &event.data["document"]), (2_026_001, &json!("statement")));
    }

    proptest! {
        #[test]
        fn more_gross_never_takes_a_form_away(year_of in 2011..2040_i16, gross in 0..4_000_000_i64,
            more in 0..1_000_000_i64, payments in 0..400_i64)
        {
            let us = profile("US");
            for us_form in FormKind::ALL {
                let policy = TaxPolicy { us_form: *us_form };
                let status = |gross| {
                    let year = TaxYear { year: year_of, ..year(gross, payments, Currency::Usd) };
                    year.document(&policy, Some(&us)).1
                };
                if status(gross) == FormStatus::Available {
                    prop_assert_eq!(status(gross + more), FormStatus::Available);
                }
            }
        }
    }
}
