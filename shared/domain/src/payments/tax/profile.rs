//! Who a tutor is to a tax authority.

use deserr::{Deserr, ValuePointerRef};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::tax_id::{TaxIdKind, WantedTaxId};
use crate::country::Country;
use crate::field::FieldErrors;
use crate::id::UserId;
use crate::text::Line;
use crate::time::Instant;

/// Whose persons get forms of the IRS.
const UNITED_STATES: &str = "US";

crate::words! {
    /// What a taxpayer is.
    pub enum TaxpayerKind {
        /// A person.
        Individual = "individual",
        /// A company or another body.
        Business = "business",
    }
}

/// Where a taxpayer's post goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Deserr, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[deserr(error = FieldErrors, rename_all = camelCase, deny_unknown_fields)]
pub struct Address {
    /// Street and number.
    pub line1: Line<100>,
    /// Flat, building.
    #[deserr(default)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line2: Option<Line<100>>,
    /// Town.
    pub city: Line<100>,
    /// State, province; two capital letters in the United States.
    #[deserr(default)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<Line<60>>,
    /// Postal code.
    pub postal_code: Line<20>,
    /// Country.
    pub country: Country,
}

impl Address {
    /// As lines of a letter.
    pub fn lines(&self) -> Vec<String> {
        let region = self.region.as_ref().map(|region| format!(", {region}")).unwrap_or_default();
        let town = format!("{}{region} {}", self.city, self.postal_code);
        let second = self.line2.as_ref().map(ToString::to_string);
        let all = [Some(self.line1.to_string()), second, Some(town), Some(self.country.to_string())];
        all.into_iter().flatten().collect()
    }
}

/// What a tutor says about their taxes.
#[derive(Clone, Debug, PartialEq, Eq, Deserr, JsonSchema)]
#[schemars(rename_all = "camelCase")]
#[deserr(error = FieldErrors, rename_all = camelCase, deny_unknown_fields)]
#[deserr(validate = fits_together -> FieldErrors)]
pub struct WantedTaxProfile {
    /// Where taxes are paid.
    pub country: Country,
    /// The name under which they are.
    pub legal_name: Line<120>,
    /// By a person or by a body.
    pub kind: TaxpayerKind,
    /// The number. May be left out when one is kept already for this country and is to stay: it is never shown, so it
    /// can't be sent back.
    #[deserr(default)]
    pub tax_id: Option<WantedTaxId>,
    /// Where post goes.
    pub address: Address,
}

/// The kinds of numbers that a taxpayer can have.
fn is_possible(country: &Country, taxpayer: TaxpayerKind, number: TaxIdKind) -> bool {
    match (country.as_str() == UNITED_STATES, taxpayer) {
        // A person with a business of their own may have an EIN.
        (true, TaxpayerKind::Individual) => number != TaxIdKind::Other,
        (true, TaxpayerKind::Business) => number == TaxIdKind::Ein,
        (false, _) => number == TaxIdKind::Other,
    }
}

/// What would be another kind of number: to say so names every kind that would do.
const POSSIBLE: &str = "must be ssn, itin or ein for a person of the United States, ein for a business there, and \
                        other for other countries";

fn fits_together(
    profile: WantedTaxProfile,
    location: ValuePointerRef<'_>,
) -> Result<WantedTaxProfile, FieldErrors> {
    let mut errors = FieldErrors::default();
    let at = |names: &[&'static str], message: &str, errors: &mut FieldErrors| {
        let first = ValuePointerRef::Key { key: names[0], prev: &location };
        let error = match names.get(1) {
            Some(second) => FieldErrors::at(ValuePointerRef::Key { key: second, prev: &first }, message),
            None => FieldErrors::at(first, message),
        };
        errors.0.extend(error.0);
    };
    if let Some(WantedTaxId(id)) = &profile.tax_id
        && !is_possible(&profile.country, profile.kind, id.kind())
    {
        at(&["taxId", "kind"], POSSIBLE, &mut errors);
    }
    if profile.address.country.as_str() == UNITED_STATES {
        let state = profile.address.region.as_ref().map(Line::as_str).unwrap_or_default();
        if state.len() != 2 || !state.bytes().all(|b| b.is_ascii_uppercase()) {
            at(&["address", "region"], "must be a state's two capital letters, like CA", &mut errors);
        }
        if !is_zip(profile.address.postal_code.as_str()) {
            at(&["address", "postalCode"], "must be a ZIP code, like 94110 or 94110-1234", &mut errors);
        }
    }
    errors.into_result().map(|()| profile)
}

fn is_zip(code: &str) -> bool {
    let (five, four) = code.split_once('-').unwrap_or((code, "0000"));
    let digits = |part: &str, count: usize| part.len() == count && part.bytes().all(|b| b.is_ascii_digit());
    digits(five, 5) && digits(four, 4)
}

/// What is kept of it. Its number is elsewhere, encrypted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaxProfile {
    /// Whose.
    pub tutor_id: UserId,
    /// Where taxes are paid.
    pub country: Country,
    /// The name under which they are.
    pub legal_name: Line<120>,
    /// By a person or by a body.
    pub kind: TaxpayerKind,
    /// Which kind of number is kept.
    pub tax_id_kind: TaxIdKind,
    /// What is shown of it.
    pub tax_id_ending: String,
    /// Where post goes.
    pub address: Address,
    /// Rises with every change; 1 for the first.
    pub version: i64,
    /// Last change.
    pub updated_at: Instant,
}

impl TaxProfile {
    /// What a tutor wants, in place of what there was.
    ///
    /// # Errors
    /// No number is sent, and none that would do is kept.
    pub fn replace(
        tutor_id: UserId,
        wanted: &WantedTaxProfile,
        before: Option<&Self>,
        now: Instant,
    ) -> Result<Self, FieldErrors> {
        let kept = before.filter(|before| {
            before.country == wanted.country && is_possible(&wanted.country, wanted.kind, before.tax_id_kind)
        });
        let (tax_id_kind, tax_id_ending) = match (&wanted.tax_id, kept) {
            (Some(WantedTaxId(id)), _) => (id.kind(), id.ending().to_owned()),
            (None, Some(kept)) => (kept.tax_id_kind, kept.tax_id_ending.clone()),
            (None, None) => return Err(FieldErrors::one("taxId", "is required")),
        };
        Ok(Self {
            tutor_id,
            country: wanted.country.clone(),
            legal_name: wanted.legal_name.clone(),
            kind: wanted.kind,
            tax_id_kind,
            tax_id_ending,
            address: wanted.address.clone(),
            version: before.map_or(0, |before| before.version) + 1,
            updated_at: now,
        })
    }

    /// Whether the IRS wants to hear of them.
    pub fn is_us_person(&self) -> bool {
        self.country.as_str() == UNITED_STATES
    }

    /// How the number is shown.
    pub fn masked_tax_id(&self) -> String {
        self.tax_id_kind.mask(&self.tax_id_ending)
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use serde_json::{Value, json};

    use super::*;

    fn sent(change: impl FnOnce(&mut Value)) -> Value {
        let mut profile = json!({
            "country": "US", "legalName": "Tara Tutor", "kind": "individual",
            "taxId": { "kind": "ssn", "number": "123-45-6789" },
            "address": { "line1": "1 Main St", "city": "Springfield", "region": "IL", "postalCode": "62701",
                         "country": "US" },
        });
        change(&mut profile);
        profile
    }

    fn read(value: Value) -> Result<WantedTaxProfile, FieldErrors> {
        deserr::deserialize(value)
    }

    fn wrong(change: impl FnOnce(&mut Value)) -> Vec<String> {
        read(sent(change)).unwrap_err().0.into_iter().map(|error| error.field).collect()
    }

    fn replaced(before: Option<&TaxProfile>, value: Value) -> Result<TaxProfile, FieldErrors> {
        let now = Instant::from(Timestamp::UNIX_EPOCH);
        TaxProfile::replace(UserId(uuid::Uuid::nil()), &read(value).unwrap(), before, now)
    }

    #[test]
    fn every_field_that_does_not_fit_is_named_at_once() {
        assert!(read(sent(|_| {})).is_ok());
        let fields = wrong(|p| {
            p["taxId"] = json!({ "kind": "other", "number": "DE12345678" });
            p["address"]["region"] = json!("Illinois");
            p["address"]["postalCode"] = json!("6270");
        });
        assert_eq!(fields, ["taxId.kind", "address.region", "address.postalCode"]);
        let fields = wrong(|p| {
            p["country"] = json!("XX");
            p["taxId"]["number"] = json!("1");
            p["legalName"] = json!("");
        });
        assert_eq!(fields.len(), 3, "{fields:?}");
    }

    #[test]
    fn a_business_has_an_employer_number_and_people_abroad_their_own() {
        assert_eq!(wrong(|p| p["kind"] = json!("business")), ["taxId.kind"]);
        assert_eq!(wrong(|p| p["country"] = json!("DE")), ["taxId.kind"]);
        let german = sent(|p| {
            p["country"] = json!("DE");
            p["taxId"] = json!({ "kind": "other", "number": "86095742719" });
            p["address"] =
                json!({ "line1": "Hauptstr. 1", "city": "Bonn", "postalCode": "53111", "country": "DE" });
        });
        let german = read(german).unwrap();
        assert_eq!(german.address.lines(), ["Hauptstr. 1", "Bonn 53111", "DE"]);
    }

    #[test]
    fn the_number_stays_when_it_is_not_sent_again_unless_the_country_changes() {
        let without = |change: &dyn Fn(&mut Value)| {
            sent(|p| {
                p.as_object_mut().unwrap().remove("taxId");
                change(p);
            })
        };
        assert!(replaced(None, without(&|_| {})).is_err());
        let first = replaced(None, sent(|_| {})).unwrap();
        assert_eq!((first.version, first.masked_tax_id().as_str()), (1, "***-**-6789"));
        let second = replaced(Some(&first), without(&|p| p["legalName"] = json!("Tara T."))).unwrap();
        assert_eq!((second.version, &second.tax_id_ending), (2, &first.tax_id_ending));
        assert!(replaced(Some(&first), without(&|p| p["country"] = json!("CA"))).is_err());
        assert!(replaced(Some(&first), without(&|p| p["kind"] = json!("business"))).is_err());
    }
}
