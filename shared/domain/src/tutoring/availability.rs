//! When a tutor teaches: weekly rules on the wall clock of the tutor's zone, and the terms of booking.

use deserr::{Deserr, IntoValue, Value, ValuePointerRef};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};

use super::list::{Distinct, Distinguished};
use super::policy::{BUFFER_MINUTES_MAX, HORIZON_DAYS_MAX, NOTICE_MINUTES_MAX, WEEKLY_RULES_MAX};
use crate::field::{FieldErrors, Invalid};
use crate::time::{Bounded, WallTime, Weekday};

/// The length of a lesson: one of product.md's list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u16", into = "u16")]
pub struct LessonMinutes(u16);

impl LessonMinutes {
    /// Lengths that a tutor can offer (product.md, Tutoring).
    pub const ALL: [u16; 8] = [25, 30, 45, 50, 60, 90, 120, 180];

    /// One of [`Self::ALL`].
    pub fn new(minutes: u16) -> Result<Self, Invalid> {
        if Self::ALL.contains(&minutes) {
            return Ok(Self(minutes));
        }
        let all: Vec<_> = Self::ALL.iter().map(ToString::to_string).collect();
        Err(Invalid::new(format!("must be one of: {}", all.join(", "))))
    }

    /// Minutes.
    pub const fn get(self) -> u16 {
        self.0
    }
}

impl TryFrom<u16> for LessonMinutes {
    type Error = Invalid;
    fn try_from(minutes: u16) -> Result<Self, Invalid> {
        Self::new(minutes)
    }
}

impl From<LessonMinutes> for u16 {
    fn from(minutes: LessonMinutes) -> Self {
        minutes.0
    }
}

impl Deserr<FieldErrors> for LessonMinutes {
    /// A JSON number, or its digits: in a query string everything is a text.
    fn deserialize_from_value<V: IntoValue>(
        value: Value<V>,
        location: ValuePointerRef<'_>,
    ) -> Result<Self, FieldErrors> {
        let number = match value {
            Value::Integer(number) => u16::try_from(number).ok(),
            Value::String(text) => text.parse().ok(),
            _ => None,
        };
        Self::new(number.unwrap_or_default()).map_err(|e| FieldErrors::at(location, e.0))
    }
}

impl JsonSchema for LessonMinutes {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "LessonMinutes".into()
    }
    fn json_schema(_generator: &mut SchemaGenerator) -> Schema {
        schemars::json_schema!({ "type": "integer", "enum": Self::ALL })
    }
}

impl Distinguished for LessonMinutes {
    fn same(&self, other: &Self) -> bool {
        self == other
    }
}

/// Teaching hours on one day of each week, from `from` (included) to `to` (excluded) on the wall clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Deserr, JsonSchema)]
#[deserr(error = FieldErrors, rename_all = camelCase, deny_unknown_fields)]
pub struct WeeklyRule {
    /// The day.
    pub weekday: Weekday,
    /// First minute.
    pub from: WallTime,
    /// First minute after; `24:00` is the end of the day.
    pub to: WallTime,
}

impl WeeklyRule {
    fn overlaps(&self, other: &Self) -> bool {
        self.weekday == other.weekday && self.from < other.to && other.from < self.to
    }
}

/// Weekly rules of which no two overlap; those that touch make one stretch. None at all is allowed: a tutor who
/// is away keeps the profile.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct WeeklyRules(Vec<WeeklyRule>);

impl WeeklyRules {
    /// Checks rules against themselves and each other; `location` is where they stand in the input.
    fn check(rules: Vec<WeeklyRule>, location: ValuePointerRef<'_>) -> Result<Self, FieldErrors> {
        if rules.len() > WEEKLY_RULES_MAX {
            return Err(FieldErrors::at(location, format!("must have at most {WEEKLY_RULES_MAX} items")));
        }
        let mut errors = FieldErrors::default();
        for (index, rule) in rules.iter().enumerate() {
            let at = location.push_index(index);
            if rule.from >= rule.to {
                errors.0.extend(FieldErrors::at(at.push_key("to"), "must be after from").0);
            } else if let Some(other) = rules[..index].iter().position(|earlier| earlier.overlaps(rule)) {
                let message = format!("overlaps item {other} on {}", rule.weekday);
                errors.0.extend(FieldErrors::at(at.push_key("from"), message).0);
            }
        }
        errors.into_result().map(|()| Self(rules))
    }

    /// The rules.
    pub fn as_slice(&self) -> &[WeeklyRule] {
        &self.0
    }
}

impl Deserr<FieldErrors> for WeeklyRules {
    fn deserialize_from_value<V: IntoValue>(
        value: Value<V>,
        location: ValuePointerRef<'_>,
    ) -> Result<Self, FieldErrors> {
        Self::check(Vec::deserialize_from_value(value, location)?, location)
    }
}

impl JsonSchema for WeeklyRules {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "WeeklyRules".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let rule = generator.subschema_for::<WeeklyRule>();
        schemars::json_schema!({ "type": "array", "maxItems": WEEKLY_RULES_MAX, "items": rule })
    }
}

/// When, for how long, and how far ahead a tutor can be booked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Deserr, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[deserr(error = FieldErrors, rename_all = camelCase, deny_unknown_fields)]
pub struct Availability {
    /// Weekly hours, in the time zone of the profile.
    pub weekly: WeeklyRules,
    /// Minutes kept free before each lesson.
    pub buffer_before_minutes: Bounded<0, BUFFER_MINUTES_MAX>,
    /// Minutes kept free after each lesson.
    pub buffer_after_minutes: Bounded<0, BUFFER_MINUTES_MAX>,
    /// How long before its start a lesson must be booked.
    pub minimum_notice_minutes: Bounded<0, NOTICE_MINUTES_MAX>,
    /// Furthest day bookable, in days from today.
    pub horizon_days: Bounded<1, HORIZON_DAYS_MAX>,
    /// Lesson lengths offered.
    pub lesson_minutes: Distinct<LessonMinutes, 8>,
}

impl Availability {
    /// Whether lessons of this length are offered.
    pub fn offers(&self, minutes: LessonMinutes) -> bool {
        self.lesson_minutes.as_slice().contains(&minutes)
    }

    /// Minutes that must lie between two lessons: the first one's buffer after it and the second one's before
    /// it. Buffers don't share time.
    pub fn gap_minutes(&self) -> u32 {
        self.buffer_before_minutes.get() + self.buffer_after_minutes.get()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn rule(weekday: &str, from: &str, to: &str) -> serde_json::Value {
        json!({ "weekday": weekday, "from": from, "to": to })
    }

    fn bad_fields(value: serde_json::Value) -> Vec<String> {
        let outcome: Result<Availability, FieldErrors> = deserr::deserialize(value);
        let mut fields: Vec<_> = outcome.unwrap_err().0.into_iter().map(|e| e.field).collect();
        fields.sort();
        fields
    }

    fn availability(weekly: serde_json::Value) -> serde_json::Value {
        json!({
            "weekly": weekly, "bufferBeforeMinutes": 0, "bufferAfterMinutes": 10, "minimumNoticeMinutes": 60,
            "horizonDays": 60, "lessonMinutes": [30, 60],
        })
    }

    #[test]
    fn rules_that_touch_and_a_day_that_ends_at_midnight_are_fine() {
        let weekly = json!([
            rule("monday", "09:00", "12:00"),
            rule("monday", "12:00", "24:00"),
            rule("tuesday", "00:00", "24:00"),
        ]);
        let read: Availability = deserr::deserialize::<_, _, FieldErrors>(availability(weekly)).unwrap();
        assert_eq!(read.weekly.as_slice().len(), 3);
        let written = serde_json::to_value(&read).unwrap();
        assert_eq!(serde_json::from_value::<Availability>(written).unwrap(), read);
    }

    #[test]
    fn every_wrong_rule_and_number_is_named_at_once() {
        let mut value = availability(json!([
            rule("monday", "09:00", "12:00"),
            rule("monday", "11:00", "13:00"),
            rule("tuesday", "10:00", "10:00"),
            rule("friday", "18:00", "17:00"),
            rule("sunday", "11:00", "13:00"),
            rule("sunday", "11:30", "12:00"),
        ]));
        value["lessonMinutes"] = json!([30, 40, 30]);
        value["horizonDays"] = json!(0);
        let expected = [
            "horizonDays",
            "lessonMinutes[1]",
            "weekly[1].from",
            "weekly[2].to",
            "weekly[3].to",
            "weekly[5].from",
        ];
        assert_eq!(bad_fields(value), expected);
    }

    #[test]
    fn a_length_offered_twice_or_none_at_all_is_refused() {
        let mut value = availability(json!([]));
        value["lessonMinutes"] = json!([30, 30]);
        assert_eq!(bad_fields(value.clone()), ["lessonMinutes[1]"]);
        value["lessonMinutes"] = json!([]);
        assert_eq!(bad_fields(value), ["lessonMinutes"]);
    }
}
