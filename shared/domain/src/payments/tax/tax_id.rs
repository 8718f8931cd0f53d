//! Tax numbers. A number is kept encrypted; what is shown of it is its mask.

use deserr::{Deserr, IntoValue, Value, ValuePointerRef};
use schemars::JsonSchema;

use crate::field::{FieldErrors, Invalid};

crate::words! {
    /// Which kind of number.
    pub enum TaxIdKind {
        /// United States: of a person (Social Security).
        Ssn = "ssn",
        /// United States: of a person without a Social Security number.
        Itin = "itin",
        /// United States: of an employer or a business.
        Ein = "ein",
        /// Of any other country.
        Other = "other",
    }
}

/// Digits of a number of the United States.
const US_DIGITS: usize = 9;
/// Shortest and longest number of another country.
const OTHER_LENGTH: std::ops::RangeInclusive<usize> = 4..=30;
/// From this length on the last four characters are shown: of a shorter number they would be too much of it.
const SHOWN_FROM: usize = 8;
/// Prefixes that no EIN has. Source: irs.gov, "How EINs are assigned and valid EIN prefixes".
const NO_EIN_PREFIX: [&str; 17] =
    ["00", "07", "08", "09", "17", "18", "19", "28", "29", "49", "69", "70", "78", "79", "89", "96", "97"];

/// A tax number. It is neither written as JSON nor shown by `Debug`: only [`TaxId::secret`] gives it, for encrypting
/// it, and [`TaxId::masked`] what people may see.
#[derive(Clone, PartialEq, Eq)]
pub struct TaxId {
    kind: TaxIdKind,
    number: String,
}

impl std::fmt::Debug for TaxId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TaxId").field("kind", &self.kind).finish_non_exhaustive()
    }
}

impl TaxId {
    /// Reads a number as people write it: those of the United States with or without hyphens.
    pub fn parse(kind: TaxIdKind, text: &str) -> Result<Self, Invalid> {
        let text = text.trim();
        let number = match kind {
            TaxIdKind::Other => other(text)?,
            TaxIdKind::Ssn => digits(text, &[3, 5]).filter(|n| is_ssn(n)).ok_or_else(|| {
                Invalid::new("must be a Social Security number: nine digits, like 123-45-6789")
            })?,
            TaxIdKind::Itin => digits(text, &[3, 5]).filter(|n| is_itin(n)).ok_or_else(|| {
                Invalid::new("must be an individual taxpayer number: nine digits that begin with 9")
            })?,
            TaxIdKind::Ein => digits(text, &[2])
                .filter(|n| !NO_EIN_PREFIX.contains(&&n[..2]))
                .ok_or_else(|| Invalid::new("must be an employer number: nine digits, like 12-3456789"))?,
        };
        Ok(Self { kind, number })
    }

    /// Which kind.
    pub const fn kind(&self) -> TaxIdKind {
        self.kind
    }

    /// The whole number, to be encrypted at once.
    pub fn secret(&self) -> &str {
        &self.number
    }

    /// What is kept in the clear: the last four characters, or nothing of a short number.
    pub fn ending(&self) -> &str {
        let characters = self.number.chars().count();
        if characters < SHOWN_FROM {
            return "";
        }
        self.number.char_indices().nth(characters - 4).map_or("", |(at, _)| &self.number[at..])
    }

    /// How it is shown.
    pub fn masked(&self) -> String {
        self.kind.mask(self.ending())
    }
}

impl TaxIdKind {
    /// A number of this kind with only its ending shown, as the IRS truncates it (26 CFR 301.6109-4).
    pub fn mask(self, ending: &str) -> String {
        match self {
            Self::Ssn | Self::Itin => format!("***-**-{ending}"),
            Self::Ein => format!("**-***{ending}"),
            Self::Other => format!("****{ending}"),
        }
    }
}

/// Nine digits, with hyphens at these places of the digits or nowhere.
fn digits(text: &str, hyphens: &[usize]) -> Option<String> {
    let parts: Vec<&str> = text.split('-').collect();
    let plain: String = parts.concat();
    let mut places = Vec::new();
    let mut at = 0;
    for part in parts.iter().take(parts.len().saturating_sub(1)) {
        at += part.len();
        places.push(at);
    }
    let placed = places.is_empty() || places == hyphens;
    (placed && plain.len() == US_DIGITS && plain.bytes().all(|b| b.is_ascii_digit())).then_some(plain)
}

/// Never assigned: area 000, 666 and 900 and above, group 00, serial 0000. Source: ssa.gov, "Social Security number
/// randomization".
fn is_ssn(number: &str) -> bool {
    let (area, group, serial) = (&number[..3], &number[3..5], &number[5..]);
    area != "000" && area != "666" && area < "900" && group != "00" && serial != "0000"
}

/// Source: irs.gov, "Individual taxpayer identification number": it begins with 9, its fourth and fifth digit are 50 to
/// 65, 70 to 88, 90 to 92 or 94 to 99.
fn is_itin(number: &str) -> bool {
    let group = &number[3..5];
    let within = |from: &str, to: &str| (from..=to).contains(&group);
    number.starts_with('9')
        && (within("50", "65") || within("70", "88") || within("90", "92") || within("94", "99"))
}

/// Letters, digits and what stands between them; kept in capitals without spaces.
fn other(text: &str) -> Result<String, Invalid> {
    let number: String = text.chars().filter(|c| *c != ' ').collect::<String>().to_ascii_uppercase();
    let fine = number.bytes().all(|b| b.is_ascii_alphanumeric() || b"-./".contains(&b));
    let says_something = number.bytes().filter(u8::is_ascii_digit).count() >= 2;
    if fine && says_something && OTHER_LENGTH.contains(&number.len()) {
        return Ok(number);
    }
    Err(Invalid::new("must have 4 to 30 letters, digits or any of -./, among them two digits"))
}

/// A tax number as it is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WantedTaxId(pub TaxId);

/// The members of it.
#[derive(Deserr, JsonSchema)]
#[deserr(error = FieldErrors, rename_all = camelCase, deny_unknown_fields)]
#[schemars(rename = "TaxId", rename_all = "camelCase")]
struct Members {
    /// Which kind.
    kind: TaxIdKind,
    /// The number, with or without its hyphens. It is encrypted before it is kept, and only its ending is ever shown.
    number: String,
}

impl Deserr<FieldErrors> for WantedTaxId {
    fn deserialize_from_value<V: IntoValue>(
        value: Value<V>,
        location: ValuePointerRef<'_>,
    ) -> Result<Self, FieldErrors> {
        let Members { kind, number } = Members::deserialize_from_value(value, location)?;
        let at = ValuePointerRef::Key { key: "number", prev: &location };
        // Said in our own words: the number itself must not come back in an answer.
        TaxId::parse(kind, &number).map(Self).map_err(|error| FieldErrors::at(at, error.0))
    }
}

impl JsonSchema for WantedTaxId {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        Members::schema_name()
    }
    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        Members::json_schema(generator)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_of_the_united_states_are_read_with_and_without_hyphens() {
        for (kind, text, masked) in [
            (TaxIdKind::Ssn, "123-45-6789", "***-**-6789"),
            (TaxIdKind::Ssn, " 123456789 ", "***-**-6789"),
            (TaxIdKind::Itin, "912-70-1234", "***-**-1234"),
            (TaxIdKind::Ein, "12-3456789", "**-***6789"),
        ] {
            let id = TaxId::parse(kind, text).unwrap();
            assert_eq!(id.masked(), masked);
            assert_eq!(id.secret().len(), 9);
        }
    }

    #[test]
    fn numbers_that_are_never_assigned_are_refused() {
        for text in [
            "000-45-6789",
            "666-45-6789",
            "900-45-6789",
            "123-00-6789",
            "123-45-0000",
            "12-3456789",
            "1234-5-6789",
            "12345678",
            "1234567890",
            "12345678a",
            "１２３456789",
            "",
        ] {
            assert!(TaxId::parse(TaxIdKind::Ssn, text).is_err(), "{text}");
        }
        for text in ["123-70-1234", "912-66-1234", "912-89-1234", "912-93-1234", "912-00-1234"] {
            assert!(TaxId::parse(TaxIdKind::Itin, text).is_err(), "{text}");
        }
        for text in ["00-1234567", "07-1234567", "89-1234567", "123-456789"] {
            assert!(TaxId::parse(TaxIdKind::Ein, text).is_err(), "{text}");
        }
    }

    #[test]
    fn of_a_short_number_nothing_is_shown() {
        let short = TaxId::parse(TaxIdKind::Other, "12 34").unwrap();
        assert_eq!((short.masked().as_str(), short.ending()), ("****", ""));
        let long = TaxId::parse(TaxIdKind::Other, "de 811 907 980").unwrap();
        assert_eq!((long.masked().as_str(), long.secret()), ("****7980", "DE811907980"));
        for text in ["abc", "letters", "12;34", "1"] {
            assert!(TaxId::parse(TaxIdKind::Other, text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn neither_debug_nor_mask_nor_error_tells_the_number(text in "[1-8][0-9]{8}") {
            if let Ok(id) = TaxId::parse(TaxIdKind::Ssn, &text) {
                let shown = format!("{id:?}");
                prop_assert!(!shown.contains(&text[..5]));
                prop_assert!(!id.masked().contains(&text[..5]));
            }
            let sent = serde_json::json!({ "kind": "ein", "number": format!("{text}0") });
            let error = deserr::deserialize::<WantedTaxId, _, FieldErrors>(sent).unwrap_err();
            prop_assert_eq!(&error.0[0].field, "number");
            let shown = format!("{error:?}");
            prop_assert!(!shown.contains(&text));
        }

        #[test]
        fn any_text_is_read_or_refused_without_a_fall(text in ".{0,40}") {
            for kind in TaxIdKind::ALL {
                let _ = TaxId::parse(*kind, &text).map(|id| id.masked());
            }
        }
    }
}
