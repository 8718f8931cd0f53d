//! What a student looks for.

use deserr::{Deserr, IntoValue, Value, ValuePointerRef};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};

use crate::field::FieldErrors;
use crate::text::Prose;
use crate::time::ZoneName;
use crate::tutoring::availability::{WeeklyRule, WeeklyRules};
use crate::tutoring::list::{Distinct, Distinguished};
use crate::tutoring::policy::WEEKLY_RULES_MAX;
use crate::tutoring::profile::{HourlyRate, LanguageTag, SubjectId, TeachingLevel};

impl Distinguished for LanguageTag {
    fn same(&self, other: &Self) -> bool {
        self == other
    }
}

/// A matching request, as a student states it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Deserr, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[deserr(error = FieldErrors, rename_all = camelCase, deny_unknown_fields)]
pub struct Wish {
    /// What is to be learned.
    pub subject: SubjectId,
    /// At which level.
    pub level: TeachingLevel,
    /// What for, in the student's own words. An invited tutor reads it.
    pub goal: Prose<1000>,
    /// What an hour may cost.
    pub budget: HourlyRate,
    /// Languages in which the student can be taught.
    pub languages: Distinct<LanguageTag, 5>,
    /// When the student has time each week, on the wall clock of `timeZone`.
    pub weekly_times: WeeklyTimes,
    /// Where the student's clock is.
    pub time_zone: ZoneName,
}

/// When a student has time each week: at least one stretch, no two of which overlap.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct WeeklyTimes(WeeklyRules);

impl WeeklyTimes {
    /// The stretches.
    pub fn as_slice(&self) -> &[WeeklyRule] {
        self.0.as_slice()
    }
}

impl Deserr<FieldErrors> for WeeklyTimes {
    fn deserialize_from_value<V: IntoValue>(
        value: Value<V>,
        location: ValuePointerRef<'_>,
    ) -> Result<Self, FieldErrors> {
        let rules = WeeklyRules::deserialize_from_value(value, location)?;
        if rules.as_slice().is_empty() {
            return Err(FieldErrors::at(location, "must have at least one time"));
        }
        Ok(Self(rules))
    }
}

impl JsonSchema for WeeklyTimes {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "WeeklyTimes".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let rule = generator.subschema_for::<WeeklyRule>();
        schemars::json_schema!({ "type": "array", "minItems": 1, "maxItems": WEEKLY_RULES_MAX, "items": rule })
    }
}
