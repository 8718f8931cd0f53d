//! What a tutor says of themselves. All of it is public.

use deserr::{Deserr, IntoValue, Value, ValuePointerRef};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::availability::LessonMinutes;
use super::list::{Distinct, Distinguished};
use super::{countries, policy};
use crate::field::{FieldErrors, Invalid};
use crate::money::{Money, MoneyError};
use crate::text::{Line, Prose};
use crate::time::{Bounded, ZoneName};

/// A country, as ISO 3166-1 alpha-2.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Country(String);

impl Country {
    /// Reads an assigned code, in capitals.
    pub fn parse(code: &str) -> Result<Self, Invalid> {
        let known = countries::is_assigned(code);
        known
            .then(|| Self(code.to_owned()))
            .ok_or_else(|| Invalid::new("must be a country's two capital letters (ISO 3166-1), like DE"))
    }

    /// The code.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for Country {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

crate::text_value!(Country, "Country", { "type": "string", "pattern": "^[A-Z]{2}$", "examples": ["DE"] });

/// A language, as a BCP 47 tag of language and perhaps script or region: `en`, `pt-BR`, `zh-Hant`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LanguageTag(String);

impl LanguageTag {
    /// Reads a tag by its shape; the registry isn't asked.
    pub fn parse(tag: &str) -> Result<Self, Invalid> {
        let mut parts = tag.split('-');
        let letters = |part: &str| part.bytes().all(|b| b.is_ascii_alphabetic());
        let language = parts.next().is_some_and(|p| (2..=3).contains(&p.len()) && letters(p));
        let rest: Vec<_> = parts.collect();
        let shaped = rest.len() <= 2 && rest.iter().all(|p| (2..=4).contains(&p.len()) && letters(p));
        if !language || !shaped {
            return Err(Invalid::new("must be a language tag (BCP 47), like en or pt-BR"));
        }
        // BCP 47 compares tags without case; one way of writing makes that a comparison of texts.
        let canonical = tag.split('-').enumerate().map(|(index, part)| match (index, part.len()) {
            (0, _) => part.to_ascii_lowercase(),
            (_, 4) => format!("{}{}", part[..1].to_ascii_uppercase(), part[1..].to_ascii_lowercase()),
            _ => part.to_ascii_uppercase(),
        });
        Ok(Self(canonical.collect::<Vec<_>>().join("-")))
    }
}

impl std::fmt::Display for LanguageTag {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

crate::text_value!(LanguageTag, "LanguageTag", {
    "type": "string", "pattern": "^[A-Za-z]{2,3}(-[A-Za-z]{2,4}){0,2}$", "examples": ["en"]
});

crate::words! {
    /// How well a tutor speaks a language.
    pub enum LanguageLevel {
        /// Some words.
        Basic = "basic",
        /// Everyday talk.
        Conversational = "conversational",
        /// Anything.
        Fluent = "fluent",
        /// From childhood.
        Native = "native",
    }
}

/// A language that a tutor teaches in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Deserr, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[deserr(error = FieldErrors, rename_all = camelCase, deny_unknown_fields)]
pub struct SpokenLanguage {
    /// Which.
    pub language: LanguageTag,
    /// How well.
    pub level: LanguageLevel,
}

impl Distinguished for SpokenLanguage {
    const FIELD: &'static str = "language";
    fn same(&self, other: &Self) -> bool {
        self.language == other.language
    }
}

/// A subject by its id in the catalogue: `algebra`, `c++`.
///
/// The catalogue itself (the graph of skills, product.md) is not built yet; until it is, any id of the right
/// shape can be taught.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubjectId(String);

impl SubjectId {
    /// Reads an id: 1 to 40 lower-case letters, digits and `+ # . -`, the first a letter or digit.
    pub fn parse(id: &str) -> Result<Self, Invalid> {
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
        let shaped = id.bytes().all(|b| plain(b) || b"+#.-".contains(&b));
        if id.len() <= 40 && shaped && id.bytes().next().is_some_and(plain) {
            return Ok(Self(id.to_owned()));
        }
        Err(Invalid::new("must be a subject's id, like algebra or c++"))
    }

    /// The id.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for SubjectId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

crate::text_value!(SubjectId, "SubjectId", {
    "type": "string", "pattern": "^[a-z0-9][a-z0-9+#.-]{0,39}$", "examples": ["algebra"]
});

crate::words! {
    /// Whom a subject is taught to.
    pub enum TeachingLevel {
        /// The first school years.
        Elementary = "elementary",
        /// School.
        School = "school",
        /// University.
        University = "university",
        /// People at work.
        Professional = "professional",
    }
}

impl Distinguished for TeachingLevel {
    fn same(&self, other: &Self) -> bool {
        self == other
    }
}

/// A subject that a tutor teaches.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Deserr, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[deserr(error = FieldErrors, rename_all = camelCase, deny_unknown_fields)]
pub struct TaughtSubject {
    /// Which.
    pub subject: SubjectId,
    /// To whom.
    pub levels: Distinct<TeachingLevel, 4>,
    /// For how many years already.
    pub years_of_experience: Bounded<0, 70>,
}

impl Distinguished for TaughtSubject {
    const FIELD: &'static str = "subject";
    fn same(&self, other: &Self) -> bool {
        self.subject == other.subject
    }
}

/// What an hour costs, within [`policy::HOURLY_RATE`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct HourlyRate(Money);

impl HourlyRate {
    /// A rate within the bounds.
    pub fn new(amount: Money) -> Result<Self, Invalid> {
        let bounds = policy::HOURLY_RATE;
        if bounds.contains(&amount.amount) {
            return Ok(Self(amount));
        }
        Err(Invalid::new(format!("must be {} to {} minor units an hour", bounds.start(), bounds.end())))
    }

    /// The price of an hour.
    pub const fn get(self) -> Money {
        self.0
    }

    /// The price of a lesson, rounded half-even on the minor unit.
    pub fn price_of(self, minutes: LessonMinutes) -> Result<Money, MoneyError> {
        self.0.fraction(u32::from(minutes.get()), 60)
    }
}

impl Deserr<FieldErrors> for HourlyRate {
    fn deserialize_from_value<V: IntoValue>(
        value: Value<V>,
        location: ValuePointerRef<'_>,
    ) -> Result<Self, FieldErrors> {
        let amount = Money::deserialize_from_value(value, location)?;
        Self::new(amount).map_err(|e| FieldErrors::at(location.push_key("amount"), e.0))
    }
}

impl JsonSchema for HourlyRate {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "HourlyRate".into()
    }
    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let currency = generator.subschema_for::<crate::money::Currency>();
        let (minimum, maximum) = policy::HOURLY_RATE.into_inner();
        schemars::json_schema!({
            "type": "object",
            "description": "The price of an hour in minor units",
            "required": ["amount", "currency"],
            "additionalProperties": false,
            "properties": {
                "amount": { "type": "integer", "minimum": minimum, "maximum": maximum },
                "currency": currency,
            },
        })
    }
}

/// A tutor's profile. There is no other than a complete one, so a profile that exists can be submitted for
/// verification.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Deserr, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[deserr(error = FieldErrors, rename_all = camelCase, deny_unknown_fields)]
pub struct Profile {
    /// The name that students see; not necessarily the one in the passport.
    pub display_name: Line<80>,
    /// One line under the name.
    pub headline: Line<120>,
    /// A few paragraphs.
    pub bio: Prose<4000>,
    /// Where the tutor's clock is: the weekly hours are in this zone.
    pub time_zone: ZoneName,
    /// Where the tutor lives and is paid.
    pub country: Country,
    /// Languages taught in.
    pub languages: Distinct<SpokenLanguage, 10>,
    /// Subjects taught.
    pub subjects: Distinct<TaughtSubject, 20>,
    /// What an hour costs.
    pub hourly_rate: HourlyRate,
}

impl Profile {
    /// Whether the subject is taught.
    pub fn teaches(&self, subject: &SubjectId) -> bool {
        self.subjects.as_slice().iter().any(|taught| taught.subject == *subject)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::money::Currency;

    fn profile() -> serde_json::Value {
        json!({
            "displayName": "Ada L.", "headline": "Proofs with patience", "bio": "I taught.\nI teach.",
            "timeZone": "Europe/London", "country": "GB",
            "languages": [{ "language": "EN-gb", "level": "native" }],
            "subjects": [{ "subject": "algebra", "levels": ["school"], "yearsOfExperience": 5 }],
            "hourlyRate": { "amount": 4500, "currency": "USD" },
        })
    }

    fn read(value: serde_json::Value) -> Result<Profile, FieldErrors> {
        deserr::deserialize(value)
    }

    #[test]
    fn a_profile_is_read_and_written_alike() {
        let read_once = read(profile()).unwrap();
        let written = serde_json::to_value(&read_once).unwrap();
        assert_eq!(written["languages"][0]["language"], "en-GB");
        assert_eq!(read(written.clone()).unwrap(), read_once);
        assert_eq!(serde_json::from_value::<Profile>(written).unwrap(), read_once);
    }

    #[test]
    fn every_wrong_field_is_named_at_once() {
        let mut value = profile();
        value["displayName"] = json!("  ");
        value["timeZone"] = json!("Mars/Olympus");
        value["country"] = json!("XX");
        value["languages"] =
            json!([{ "language": "en", "level": "native" }, { "language": "EN", "level": "basic" }]);
        value["subjects"] =
            json!([{ "subject": "Al Gebra", "levels": ["school", "school"], "yearsOfExperience": 71 }]);
        value["hourlyRate"]["amount"] = json!(999);
        value["email"] = json!("a@b.example");
        let mut fields: Vec<_> = read(value).unwrap_err().0.into_iter().map(|e| e.field).collect();
        fields.sort();
        let expected = [
            "country",
            "displayName",
            "email",
            "hourlyRate.amount",
            "languages[1].language",
            "subjects[0].levels[1]",
            "subjects[0].subject",
            "subjects[0].yearsOfExperience",
            "timeZone",
        ];
        assert_eq!(fields, expected);
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
}
