//! What a tutor says of themselves. All of it is public.

use deserr::{Deserr, ValuePointerRef};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::list::{Distinct, Distinguished};
use super::prices;
pub use super::prices::{HourlyRate, TrialPrice};
use super::video::VideoUrl;
pub use crate::country::Country;
use crate::field::{FieldErrors, Invalid};
use crate::text::{Line, Prose};
use crate::time::{Bounded, ZoneName};

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

impl LanguageTag {
    /// The language alone, without script or region: `pt` of `pt-BR`.
    pub fn language(&self) -> &str {
        self.0.split('-').next().unwrap_or_default()
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

/// A subject by its id in the [catalogue](super::catalogue): `algebra`, `c++`. Whether it is there, a use case asks.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
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

/// A tutor's profile. There is no other than a complete one, so a profile that exists can be submitted for
/// verification.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Deserr, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[deserr(error = FieldErrors, rename_all = camelCase, deny_unknown_fields)]
#[deserr(validate = one_currency -> FieldErrors)]
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
    /// What a trial lesson costs, in the currency of the rate; absent when none is offered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[deserr(default)]
    #[schemars(default)]
    pub trial_price: Option<TrialPrice>,
    /// Where a video of the tutor can be seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[deserr(default)]
    #[schemars(default)]
    pub video_url: Option<VideoUrl>,
}

fn one_currency(profile: Profile, location: ValuePointerRef<'_>) -> Result<Profile, FieldErrors> {
    match prices::differing(profile.hourly_rate, profile.trial_price) {
        None => Ok(profile),
        Some(message) => {
            let at = location.push_key("trialPrice");
            Err(FieldErrors::at(at.push_key("currency"), message))
        }
    }
}

impl Profile {
    /// Whether the subject is taught.
    pub fn teaches(&self, subject: &SubjectId) -> bool {
        self.subjects.as_slice().iter().any(|taught| taught.subject == *subject)
    }
}

#[cfg(test)]
mod tests;
