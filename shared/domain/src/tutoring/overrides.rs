//! Dates on which a tutor's hours are not as in other weeks: extra hours, a day off, a part of a day off.
//!
//! An override belongs to a date of the tutor's own calendar, and its times to the tutor's wall clock, as
//! weekly rules do. No two of one date overlap: two that say the same would hide one another when one is
//! taken away, and two that contradict one another would need an order.

use deserr::Deserr;
use jiff::civil;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::policy::{OVERRIDE_DAYS_AHEAD_MAX, OVERRIDES_MAX};
use crate::field::FieldErrors;
use crate::id::OverrideId;
use crate::time::{Date, WallTime};

crate::words! {
    /// What an override does to its time.
    pub enum OverrideKind {
        /// The tutor teaches, whatever the weekly rules say.
        ExtraHours = "extra_hours",
        /// The tutor doesn't teach, whatever the weekly rules say.
        TimeOff = "time_off",
    }
}

impl OverrideKind {
    fn in_words(self) -> &'static str {
        match self {
            Self::ExtraHours => "extra hours",
            Self::TimeOff => "time off",
        }
    }
}

/// An override, from `from` (included) to `to` (excluded) on the tutor's wall clock on one date.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Override {
    /// Its id.
    pub override_id: OverrideId,
    /// The date, in the tutor's time zone.
    pub date: Date,
    /// Extra hours, or time off.
    pub kind: OverrideKind,
    /// First minute.
    pub from: WallTime,
    /// First minute after; `24:00` is the end of the day.
    pub to: WallTime,
}

impl Override {
    fn overlaps(&self, other: &Self) -> bool {
        self.date == other.date && self.from < other.to && other.from < self.to
    }
}

/// An override that a tutor wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserr, JsonSchema)]
#[deserr(error = FieldErrors, rename_all = camelCase, deny_unknown_fields)]
#[schemars(rename_all = "camelCase")]
pub struct WantedOverride {
    /// The date, in the tutor's time zone: today or later, at most two years ahead.
    pub date: Date,
    /// Extra hours, or time off.
    pub kind: OverrideKind,
    /// First minute; needed for extra hours. Time off without `from` and `to` is the whole day.
    #[deserr(default)]
    #[schemars(default)]
    pub from: Option<WallTime>,
    /// First minute after; `24:00` is the end of the day.
    #[deserr(default)]
    #[schemars(default)]
    pub to: Option<WallTime>,
}

/// Why an override can't be had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// What is wrong, field by field; never empty.
    pub errors: FieldErrors,
    /// Those that it overlaps or contradicts, if that is what is wrong.
    pub clashes: Vec<Override>,
}

impl From<FieldErrors> for Refused {
    fn from(errors: FieldErrors) -> Self {
        Self { errors, clashes: Vec::new() }
    }
}

/// A tutor's overrides by date and time; no two overlap.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Overrides(Vec<Override>);

impl Overrides {
    /// None.
    pub const NONE: &'static Self = &Self(Vec::new());

    /// The overrides, by date and time.
    pub fn as_slice(&self) -> &[Override] {
        &self.0
    }

    /// The override with this id.
    pub fn get(&self, id: OverrideId) -> Option<&Override> {
        self.0.iter().find(|known| known.override_id == id)
    }

    /// Those of the dates from `first` to `last`, both included.
    pub fn between(&self, first: civil::Date, last: civil::Date) -> &[Override] {
        let start = self.0.partition_point(|known| known.date.get() < first);
        let end = self.0.partition_point(|known| known.date.get() <= last);
        self.0.get(start..end).unwrap_or_default()
    }

    /// Those that aren't over: of `today` (in the tutor's zone) and later.
    #[must_use]
    pub fn from_today(mut self, today: civil::Date) -> Self {
        self.0.retain(|known| known.date.get() >= today);
        self
    }

    /// Adds one, and takes away those that are over. Everything that is wrong with it is named at once.
    pub fn add(
        self,
        id: OverrideId,
        wanted: WantedOverride,
        today: civil::Date,
    ) -> Result<(Self, Override), Refused> {
        let mut errors = FieldErrors::default();
        let days_ahead = today.until(wanted.date.get()).map_or(i32::MAX, |span| span.get_days());
        if days_ahead < 0 {
            errors.push("date", format!("must be today ({today}) or later, on your own clock"));
        } else if days_ahead > OVERRIDE_DAYS_AHEAD_MAX {
            errors.push("date", format!("must be at most {OVERRIDE_DAYS_AHEAD_MAX} days ahead"));
        }
        let (from, to) = match times(&wanted) {
            Ok(times) => times,
            Err(wrong) => {
                errors.0.extend(wrong.0);
                return Err(errors.into());
            }
        };
        errors.into_result()?;
        let added = Override { override_id: id, date: wanted.date, kind: wanted.kind, from, to };
        let mut kept = self.from_today(today);
        kept.clashes_with(&added, wanted.from.is_some())?;
        if kept.0.len() >= OVERRIDES_MAX {
            let message =
                format!("is one too many: there can be {OVERRIDES_MAX} at once; take some away first");
            return Err(FieldErrors::one("date", message).into());
        }
        let place = kept.0.partition_point(|known| (known.date, known.from) < (added.date, added.from));
        kept.0.insert(place, added);
        Ok((kept, added))
    }

    /// Takes one away, and those that are over; `None` when there is none with this id.
    pub fn remove(mut self, id: OverrideId, today: civil::Date) -> Option<Self> {
        let place = self.0.iter().position(|known| known.override_id == id)?;
        self.0.remove(place);
        Some(self.from_today(today))
    }

    fn clashes_with(&self, added: &Override, has_times: bool) -> Result<(), Refused> {
        let clashes: Vec<_> = self.0.iter().filter(|known| known.overlaps(added)).copied().collect();
        let field = if has_times { "from" } else { "date" };
        let mut errors = FieldErrors::default();
        for known in &clashes {
            let verb = if known.kind == added.kind { "overlaps" } else { "contradicts" };
            let (kind, from, to) = (known.kind.in_words(), known.from, known.to);
            errors.push(field, format!("{verb} the {kind} from {from} to {to} ({})", known.override_id));
        }
        errors.into_result().map_err(|errors| Refused { errors, clashes })
    }
}

/// From when to when.
fn times(wanted: &WantedOverride) -> Result<(WallTime, WallTime), FieldErrors> {
    match (wanted.from, wanted.to) {
        (None, None) if wanted.kind == OverrideKind::TimeOff => Ok((WallTime::MIDNIGHT, WallTime::DAY_END)),
        (Some(from), Some(to)) if from < to => Ok((from, to)),
        (Some(_), Some(_)) => Err(FieldErrors::one("to", "must be after from")),
        (from, to) => {
            let mut errors = FieldErrors::default();
            for (name, given) in [("from", from), ("to", to)] {
                if given.is_none() {
                    errors.push(name, "is required (time off without both is the whole day)");
                }
            }
            Err(errors)
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use uuid::Uuid;

    use super::*;

    const TODAY: civil::Date = civil::date(2027, 5, 3);

    fn wanted(date: &str, kind: &str, times: Option<(&str, &str)>) -> WantedOverride {
        let mut value = json!({ "date": date, "kind": kind });
        if let Some((from, to)) = times {
            value["from"] = json!(from);
            value["to"] = json!(to);
        }
        deserr::deserialize::<_, _, FieldErrors>(value).unwrap()
    }

    fn id(n: u128) -> OverrideId {
        OverrideId(Uuid::from_u128(n))
    }

    fn add(all: Overrides, n: u128, wanted: WantedOverride) -> Result<Overrides, Refused> {
        all.add(id(n), wanted, TODAY).map(|(all, _)| all)
    }

    fn fields(refused: &Refused) -> Vec<(&str, &str)> {
        refused.errors.0.iter().map(|e| (e.field.as_str(), e.message.as_str())).collect()
    }

    #[test]
    fn they_are_kept_by_date_and_time_and_read_as_they_were_written() {
        let all = add(Overrides::default(), 1, wanted("2027-05-10", "time_off", None)).unwrap();
        let all = add(all, 2, wanted("2027-05-04", "extra_hours", Some(("18:00", "24:00")))).unwrap();
        let all = add(all, 3, wanted("2027-05-04", "time_off", Some(("09:00", "18:00")))).unwrap();
        let order: Vec<_> = all.as_slice().iter().map(|o| o.override_id.0.as_u128()).collect();
        assert_eq!(order, [3, 2, 1]);
        let day_off = all.get(id(1)).unwrap();
        assert_eq!((day_off.from.to_string(), day_off.to.to_string()), ("00:00".into(), "24:00".into()));
        let written = serde_json::to_value(&all).unwrap();
        assert_eq!(serde_json::from_value::<Overrides>(written).unwrap(), all);
        let in_may = all.between(civil::date(2027, 5, 4), civil::date(2027, 5, 9));
        assert_eq!(in_may.len(), 2);
    }

    #[test]
    fn what_overlaps_and_what_contradicts_is_named() {
        let all = add(Overrides::default(), 1, wanted("2027-05-04", "extra_hours", Some(("09:00", "12:00"))))
            .unwrap();
        let all = add(all, 2, wanted("2027-05-04", "time_off", Some(("12:00", "14:00")))).unwrap();
        let refused =
            add(all.clone(), 3, wanted("2027-05-04", "extra_hours", Some(("11:00", "13:00")))).unwrap_err();
        let expected = [
            ("from", format!("overlaps the extra hours from 09:00 to 12:00 ({})", id(1))),
            ("from", format!("contradicts the time off from 12:00 to 14:00 ({})", id(2))),
        ];
        assert_eq!(fields(&refused), expected.each_ref().map(|(field, message)| (*field, message.as_str())));
        assert_eq!(refused.clashes.len(), 2);
        let whole_day = add(all.clone(), 3, wanted("2027-05-04", "time_off", None)).unwrap_err();
        assert!(fields(&whole_day).iter().all(|(field, _)| *field == "date"));
        assert!(add(all, 3, wanted("2027-05-05", "time_off", None)).is_ok());
    }

    #[test]
    fn what_is_missing_backwards_past_or_too_far_is_named() {
        let none = Overrides::default;
        let bad = |wanted| {
            fields(&add(none(), 1, wanted).unwrap_err()).iter().map(|f| f.0.to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(bad(wanted("2027-05-02", "time_off", None)), ["date"]);
        assert_eq!(bad(wanted("2029-06-01", "time_off", None)), ["date"]);
        assert_eq!(bad(wanted("2027-05-02", "extra_hours", None)), ["date", "from", "to"]);
        assert_eq!(bad(wanted("2027-05-03", "extra_hours", Some(("10:00", "10:00")))), ["to"]);
        let half =
            WantedOverride { from: None, ..wanted("2027-05-03", "time_off", Some(("10:00", "11:00"))) };
        assert_eq!(bad(half), ["from"]);
    }

    #[test]
    fn those_that_are_over_go_when_something_changes() {
        let all = add(Overrides::default(), 1, wanted("2027-05-03", "time_off", None)).unwrap();
        let all = add(all, 2, wanted("2027-05-04", "time_off", None)).unwrap();
        let tomorrow = TODAY.tomorrow().unwrap();
        let (all, _) = all.add(id(3), wanted("2027-05-05", "time_off", None), tomorrow).unwrap();
        assert!(all.get(id(1)).is_none() && all.get(id(2)).is_some());
        let all = all.remove(id(3), TODAY.saturating_add(jiff::Span::new().days(2))).unwrap();
        assert!(all.as_slice().is_empty());
        assert!(all.remove(id(3), TODAY).is_none());
    }

    #[test]
    fn there_are_no_more_than_a_year_of_them() {
        let mut all = Overrides::default();
        let mut date = TODAY;
        for n in 0..OVERRIDES_MAX {
            let day = WantedOverride { date: date.into(), ..wanted("2027-05-03", "time_off", None) };
            all = add(all, n as u128, day).unwrap();
            date = date.tomorrow().unwrap();
        }
        let refused =
            add(all, 9_999, WantedOverride { date: date.into(), ..wanted("2027-05-03", "time_off", None) });
        assert_eq!(fields(&refused.unwrap_err())[0].0, "date");
    }
}
