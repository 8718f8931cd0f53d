use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::field::FieldErrors;

fn availability(weekly: Value, before: u32, after: u32, notice: u32, horizon: u32) -> Availability {
    let value = json!({
        "weekly": weekly, "bufferBeforeMinutes": before, "bufferAfterMinutes": after,
        "minimumNoticeMinutes": notice, "horizonDays": horizon, "lessonMinutes": LessonMinutes::ALL,
    });
    deserr::deserialize::<_, _, FieldErrors>(value).unwrap()
}

fn hours_of(weekday: &str, from: &str, to: &str) -> Availability {
    availability(json!([{ "weekday": weekday, "from": from, "to": to }]), 0, 0, 0, 30)
}

/// Hours in UTC with nothing in them.
fn bare(availability: &Availability) -> Calendar<'_> {
    Calendar {
        availability,
        overrides: Overrides::NONE,
        zone: const { &TimeZone::UTC },
        lessons: &[],
        busy: &[],
        now: Timestamp::UNIX_EPOCH,
        grid_minutes: 15,
    }
}

/// Overrides out of (date, kind, from, to); those that overlap an earlier one are left out.
fn overrides(wanted: &[(Date, OverrideKind, u16, u16)]) -> Overrides {
    let mut all: Vec<&(Date, OverrideKind, u16, u16)> = Vec::new();
    for one in wanted.iter().filter(|one| one.2 < one.3) {
        if !all.iter().any(|o| o.0 == one.0 && one.2 < o.3 && o.2 < one.3) {
            all.push(one);
        }
    }
    all.sort_by_key(|one| (one.0, one.2));
    let item = |(n, (date, kind, from, to)): (usize, &&(Date, OverrideKind, u16, u16))| {
        let id = uuid::Uuid::from_u128(n as u128);
        json!({ "overrideId": id, "date": date, "kind": kind, "from": clock(*from), "to": clock(*to) })
    };
    serde_json::from_value(all.iter().enumerate().map(item).collect()).unwrap()
}

fn clock(minutes: u16) -> String {
    format!("{:02}:{:02}", minutes / 60, minutes % 60)
}

fn zone(name: &str) -> TimeZone {
    TimeZone::get(name).unwrap()
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn range(start: &str, end: &str) -> TimeRange {
    TimeRange::new(at(start), at(end)).unwrap()
}

fn minutes(minutes: u16) -> LessonMinutes {
    LessonMinutes::new(minutes).unwrap()
}

/// The hours of one rule in the two weeks from `now`, the first of them only.
fn first_hours(zone_name: &str, availability: &Availability, now: &str) -> Option<TimeRange> {
    let zone = zone(zone_name);
    let calendar = Calendar { zone: &zone, now: at(now), ..bare(availability) };
    calendar.hours(at(now), at(now) + SignedDuration::from_hours(6 * 24)).first().copied()
}

#[test]
fn nine_oclock_is_nine_oclock_on_both_sides_of_a_change() {
    let monday = hours_of("monday", "09:00", "10:00");
    let before = first_hours("America/New_York", &monday, "2027-03-07T12:00:00Z").unwrap();
    let after = first_hours("America/New_York", &monday, "2027-03-14T12:00:00Z").unwrap();
    assert_eq!(before, range("2027-03-08T14:00:00Z", "2027-03-08T15:00:00Z"));
    assert_eq!(after, range("2027-03-15T13:00:00Z", "2027-03-15T14:00:00Z"));
}

#[test]
fn an_hour_that_the_clock_leaps_over_is_not_offered() {
    let gone = hours_of("sunday", "02:00", "03:00");
    assert_eq!(first_hours("America/New_York", &gone, "2027-03-13T12:00:00Z"), None);
    let within = hours_of("sunday", "02:15", "02:45");
    assert_eq!(first_hours("America/New_York", &within, "2027-03-13T12:00:00Z"), None);
}

#[test]
fn hours_around_a_leap_are_as_long_as_they_last() {
    let night = hours_of("sunday", "01:30", "04:00");
    let hours = first_hours("America/New_York", &night, "2027-03-13T12:00:00Z").unwrap();
    assert_eq!(hours, range("2027-03-14T06:30:00Z", "2027-03-14T08:00:00Z"));
    let from_within = hours_of("sunday", "02:30", "04:00");
    let hours = first_hours("America/New_York", &from_within, "2027-03-13T12:00:00Z").unwrap();
    assert_eq!(hours, range("2027-03-14T07:00:00Z", "2027-03-14T08:00:00Z"));
}

#[test]
fn an_hour_that_the_clock_shows_twice_is_offered_once() {
    let half_past = hours_of("sunday", "01:00", "01:30");
    let hours = first_hours("America/New_York", &half_past, "2027-11-06T12:00:00Z").unwrap();
    assert_eq!(hours, range("2027-11-07T05:00:00Z", "2027-11-07T05:30:00Z"));
    let night = hours_of("sunday", "00:00", "04:00");
    let hours = first_hours("America/New_York", &night, "2027-11-06T12:00:00Z").unwrap();
    assert_eq!(hours, range("2027-11-07T04:00:00Z", "2027-11-07T09:00:00Z"));
}

#[test]
fn half_an_hour_of_daylight_saving_is_half_an_hour() {
    // Lord Howe Island goes from +10:30 to +11:00 at 02:00 on 3 October 2027.
    let morning = hours_of("sunday", "01:00", "03:00");
    let hours = first_hours("Australia/Lord_Howe", &morning, "2027-10-02T00:00:00Z").unwrap();
    assert_eq!(hours, range("2027-10-02T14:30:00Z", "2027-10-02T16:00:00Z"));
}

#[test]
fn a_date_that_a_zone_leapt_over_has_no_hours() {
    let friday = hours_of("friday", "00:00", "24:00");
    assert_eq!(first_hours("Pacific/Apia", &friday, "2011-12-29T12:00:00Z"), None);
    let thursday = hours_of("thursday", "20:00", "24:00");
    let hours = first_hours("Pacific/Apia", &thursday, "2011-12-29T12:00:00Z").unwrap();
    assert_eq!(hours, range("2011-12-30T06:00:00Z", "2011-12-30T10:00:00Z"));
}

#[test]
fn hours_that_touch_at_midnight_are_one_stretch() {
    let weekly = json!([
        { "weekday": "monday", "from": "22:00", "to": "24:00" }, { "weekday": "tuesday", "from": "00:00", "to": "02:00" },
    ]);
    let night = availability(weekly, 0, 0, 0, 30);
    let hours = first_hours("Asia/Kolkata", &night, "2027-05-02T00:00:00Z").unwrap();
    assert_eq!(hours, range("2027-05-03T16:30:00Z", "2027-05-03T20:30:00Z"));
}

#[test]
fn a_time_is_refused_for_the_reason_that_is_true() {
    let monday = availability(json!([{ "weekday": "monday", "from": "09:00", "to": "17:00" }]), 10, 5, 60, 7);
    // 2027-05-03 is a Monday.
    let lessons = [range("2027-05-03T12:00:00Z", "2027-05-03T13:00:00Z")];
    let calendar = Calendar { lessons: &lessons, now: at("2027-05-03T08:30:00Z"), ..bare(&monday) };
    let refusal = |text: &str| calendar.refusal(at(text), minutes(60));
    assert_eq!(refusal("2027-05-03T09:30:00Z"), None);
    assert_eq!(refusal("2027-05-03T09:15:00Z"), Some(NotBookable::TooSoon));
    assert_eq!(refusal("2027-05-03T09:35:00Z"), Some(NotBookable::OffGrid));
    assert_eq!(refusal("2027-05-03T10:45:00Z"), None);
    // The pauses of both lessons must fit between them: 15 minutes.
    assert_eq!(refusal("2027-05-03T11:00:00Z"), Some(NotBookable::Taken));
    assert_eq!(refusal("2027-05-03T13:00:00Z"), Some(NotBookable::Taken));
    assert_eq!(refusal("2027-05-03T13:15:00Z"), None);
    assert_eq!(refusal("2027-05-03T16:15:00Z"), Some(NotBookable::OutsideHours));
    assert_eq!(refusal("2027-05-10T16:00:00Z"), None);
    assert_eq!(refusal("2027-05-17T10:00:00Z"), Some(NotBookable::TooFar));
}

#[test]
fn the_nearest_slots_come_nearest_first_and_never_the_wanted_one() {
    let monday = hours_of("monday", "09:00", "12:00");
    let lessons = [range("2027-05-03T10:00:00Z", "2027-05-03T10:30:00Z")];
    let calendar = Calendar { lessons: &lessons, now: at("2027-05-01T00:00:00Z"), ..bare(&monday) };
    let window = SignedDuration::from_hours(14 * 24);
    let nearest = calendar.nearest(at("2027-05-03T10:00:00Z"), minutes(30), window, 3);
    let starts: Vec<_> = nearest.iter().map(|slot| slot.start().to_string()).collect();
    assert_eq!(starts, ["2027-05-03T09:30:00Z", "2027-05-03T10:30:00Z", "2027-05-03T09:15:00Z"]);
    let free = calendar.nearest(at("2027-05-03T11:00:00Z"), minutes(30), window, 1);
    assert_eq!(free, [range("2027-05-03T10:45:00Z", "2027-05-03T11:15:00Z")]);
}

#[test]
fn extra_hours_and_time_off_are_of_one_date_only() {
    let monday = hours_of("monday", "09:00", "12:00");
    let date = jiff::civil::date(2027, 5, 3);
    let changed = overrides(&[
        (date, OverrideKind::TimeOff, 600, 660),
        (date, OverrideKind::ExtraHours, 720, 780),
        (date.tomorrow().unwrap(), OverrideKind::ExtraHours, 0, 1_440),
        (date.saturating_add(Span::new().days(7)), OverrideKind::TimeOff, 0, 1_440),
    ]);
    let now = at("2027-05-01T00:00:00Z");
    let calendar = Calendar { overrides: &changed, now, ..bare(&monday) };
    let hours = calendar.hours(now, now + SignedDuration::from_hours(17 * 24));
    let expected = [
        range("2027-05-03T09:00:00Z", "2027-05-03T10:00:00Z"),
        range("2027-05-03T11:00:00Z", "2027-05-03T13:00:00Z"),
        range("2027-05-04T00:00:00Z", "2027-05-05T00:00:00Z"),
        range("2027-05-17T09:00:00Z", "2027-05-17T12:00:00Z"),
    ];
    assert_eq!(hours, expected);
}

#[test]
fn overrides_are_on_the_tutors_clock_when_it_is_changed() {
    let none = availability(json!([]), 0, 0, 0, 30);
    let new_york = zone("America/New_York");
    let (leap, back) = (jiff::civil::date(2027, 3, 14), jiff::civil::date(2027, 11, 7));
    let nights =
        overrides(&[(leap, OverrideKind::ExtraHours, 0, 240), (back, OverrideKind::ExtraHours, 0, 240)]);
    let calendar = Calendar { overrides: &nights, zone: &new_york, ..bare(&none) };
    let of = |day: &str| {
        let from = at(day);
        calendar.hours(from, from + SignedDuration::from_hours(24)).first().copied().unwrap()
    };
    assert_eq!(of("2027-03-14T00:00:00Z"), range("2027-03-14T05:00:00Z", "2027-03-14T08:00:00Z"));
    assert_eq!(of("2027-11-07T00:00:00Z"), range("2027-11-07T04:00:00Z", "2027-11-07T09:00:00Z"));
    let apia = zone("Pacific/Apia");
    let gone = overrides(&[(jiff::civil::date(2011, 12, 30), OverrideKind::ExtraHours, 0, 1_440)]);
    let calendar = Calendar { overrides: &gone, zone: &apia, ..bare(&none) };
    let from = at("2011-12-28T00:00:00Z");
    assert_eq!(calendar.hours(from, from + SignedDuration::from_hours(96)), [], "Samoa had no 30 December");
}

#[test]
fn a_lessons_own_pauses_are_kept_free_of_other_business_and_no_more() {
    let monday = availability(json!([{ "weekday": "monday", "from": "09:00", "to": "17:00" }]), 30, 15, 0, 7);
    let busy = [range("2027-05-03T12:00:00Z", "2027-05-03T13:00:00Z")];
    let calendar = Calendar { busy: &busy, now: at("2027-05-03T00:00:00Z"), ..bare(&monday) };
    let refusal = |text: &str| calendar.refusal(at(text), minutes(60));
    assert_eq!(refusal("2027-05-03T10:45:00Z"), None, "15 minutes of pause after it");
    assert_eq!(refusal("2027-05-03T11:00:00Z"), Some(NotBookable::Taken));
    assert_eq!(refusal("2027-05-03T13:15:00Z"), Some(NotBookable::Taken));
    assert_eq!(refusal("2027-05-03T13:30:00Z"), None, "30 minutes of pause before it");
}

/// Zones, each with a moment near which its clock is or was changed; and one without changes.
const CHANGES: &[(&str, &str)] = &[
    ("America/New_York", "2027-03-14T07:00:00Z"),
    ("America/New_York", "2027-11-07T06:00:00Z"),
    ("Europe/Berlin", "2027-03-28T01:00:00Z"),
    ("Europe/Berlin", "2027-10-31T01:00:00Z"),
    ("Australia/Lord_Howe", "2027-04-03T15:00:00Z"),
    ("Australia/Lord_Howe", "2027-10-02T15:30:00Z"),
    ("Asia/Kolkata", "2027-06-15T12:00:00Z"),
    ("Asia/Kathmandu", "2027-06-15T12:00:00Z"),
    // The clock leaps over midnight, or is put back across it.
    ("America/Sao_Paulo", "2018-11-04T03:00:00Z"),
    ("America/Sao_Paulo", "2018-02-18T02:00:00Z"),
    ("America/Havana", "2027-11-07T05:00:00Z"),
    // The rules changed: half an hour back for good, and a whole date left out.
    ("Asia/Pyongyang", "2015-08-14T15:00:00Z"),
    ("Pacific/Apia", "2011-12-30T10:00:00Z"),
    // An hour on for good, and another date left out.
    ("Europe/Istanbul", "2016-09-06T21:00:00Z"),
    ("Pacific/Kwajalein", "1993-08-21T12:00:00Z"),
];

fn any_rules() -> impl Strategy<Value = Value> {
    let day = prop::sample::select(Weekday::ALL);
    // Quarter hours mostly, as people choose them, and now and then any minute.
    let minute = prop_oneof![3 => (0_u16..=96).prop_map(|q| q * 15), 1 => 0_u16..=1_440];
    prop::collection::vec((day, minute.clone(), minute), 0..14).prop_map(|wanted| {
        let mut rules: Vec<(Weekday, u16, u16)> = Vec::new();
        for (day, a, b) in wanted {
            let (from, to) = (a.min(b), a.max(b));
            if from < to && !rules.iter().any(|r| r.0 == day && from < r.2 && r.1 < to) {
                rules.push((day, from, to));
            }
        }
        rules.iter().map(|r| json!({ "weekday": r.0, "from": clock(r.1), "to": clock(r.2) })).collect()
    })
}

proptest! {
    #[test]
    fn slots_are_what_somebody_with_a_clock_would_write_down(
        change in prop::sample::select(CHANGES),
        weekly in any_rules(),
        (before, after) in (0_u32..40, 0_u32..40),
        notice in prop_oneof![Just(0_u32), 0_u32..3_000],
        horizon in 1_u32..5,
        (now_before, from_after, length_hours) in (0_i64..2_500, -600_i64..2_000, 1_i64..48),
        lessons in prop::collection::vec((-2_000_i64..4_000, prop::sample::select(&LessonMinutes::ALL[..])), 0..6),
        business in prop::collection::vec((-2_000_i64..4_000, 1_u16..900), 0..6),
        changed in prop::collection::vec((-2_i64..5, any::<bool>(), 0_u16..=1_440, 0_u16..=1_440), 0..6),
        lesson in prop::sample::select(&LessonMinutes::ALL[..]),
        grid in prop::sample::select(&[5_u16, 15, 30, 60][..]),
    ) {
        let zone = zone(change.0);
        let availability = availability(weekly, before, after, notice, horizon);
        let now = at(change.1) - SignedDuration::from_mins(now_before);
        let of_minutes = |(start, length)| TimeRange::of_minutes(now + SignedDuration::from_mins(start), length);
        let lessons: Vec<_> = lessons.into_iter().filter_map(of_minutes).collect();
        let busy: Vec<_> = business.into_iter().filter_map(of_minutes).collect();
        let today = zone.to_datetime(now).date();
        let changed: Vec<_> = changed
            .into_iter()
            .map(|(days, extra, a, b)| {
                let kind = if extra { OverrideKind::ExtraHours } else { OverrideKind::TimeOff };
                (today.saturating_add(Span::new().days(days)), kind, a.min(b), a.max(b))
            })
            .collect();
        let overrides = overrides(&changed);
        let calendar = Calendar {
            availability: &availability, overrides: &overrides, zone: &zone, lessons: &lessons, busy: &busy, now,
            grid_minutes: grid,
        };
        let from = now + SignedDuration::from_mins(from_after);
        let to = from + SignedDuration::from_hours(length_hours);
        let slots = calendar.slots(minutes(lesson), from, to);
        prop_assert_eq!(&slots, &reference::slots(&calendar, minutes(lesson), from, to));
        // What is listed can be booked, and what isn't can't: the two questions never disagree.
        let first = calendar.on_grid(from).unwrap();
        for start in (0..50).map(|n| first + calendar.grid() * n).filter(|start| *start < to) {
            let listed = slots.iter().any(|slot| slot.start() == start);
            prop_assert_eq!(calendar.refusal(start, minutes(lesson)).is_none(), listed, "{}", start);
        }
    }

    #[test]
    fn lessons_booked_out_of_slots_keep_their_pauses(
        weekly in any_rules(),
        (before, after) in (0_u32..40, 0_u32..40),
        picks in prop::collection::vec(any::<prop::sample::Index>(), 1..8),
    ) {
        let zone = zone("Europe/Berlin");
        let availability = availability(weekly, before, after, 0, 5);
        let now = at("2027-10-29T10:00:00Z");
        let mut busy: Vec<TimeRange> = Vec::new();
        for pick in picks {
            let calendar = Calendar { zone: &zone, lessons: &busy, now, ..bare(&availability) };
            let slots = calendar.slots(minutes(45), now, now + SignedDuration::from_hours(120));
            if slots.is_empty() {
                break;
            }
            let booked = *pick.get(&slots);
            let (before, after) = (i64::from(before), i64::from(after));
            let padded = |r: TimeRange| r.padded(SignedDuration::from_mins(before), SignedDuration::from_mins(after));
            prop_assert!(busy.iter().all(|other| !padded(*other).overlaps(padded(booked))));
            busy.push(booked);
        }
    }
}

/// What docs/performance.md tells; with `--release`. The bound is for the slowest build on a busy machine.
#[test]
fn ninety_days_of_slots_take_little_time() {
    let days = Weekday::ALL.iter();
    let rules = days.flat_map(|day| [(day, "08:00", "12:00"), (day, "13:00", "21:00")]);
    let weekly = rules.map(|(day, from, to)| json!({ "weekday": day, "from": from, "to": to })).collect();
    let availability = availability(weekly, 10, 5, 60, 90);
    let (zone, now) = (zone("America/New_York"), at("2027-02-01T12:00:00Z"));
    let ranges = |every: i64, length| -> Vec<TimeRange> {
        let starts = (0..90 * 24 / every).map(|n| now + SignedDuration::from_hours(n * every));
        starts.filter_map(|start| TimeRange::of_minutes(start, length)).collect()
    };
    let (lessons, busy) = (ranges(7, 60), ranges(5, 45));
    let today = zone.to_datetime(now).date();
    let changed: Vec<_> = (0..30)
        .map(|n| (today.saturating_add(Span::new().days(n * 3)), OverrideKind::ExtraHours, 1_320, 1_380))
        .collect();
    let overrides = overrides(&changed);
    let calendar = Calendar {
        overrides: &overrides,
        zone: &zone,
        lessons: &lessons,
        busy: &busy,
        now,
        ..bare(&availability)
    };
    let to = now + SignedDuration::from_hours(90 * 24);
    let timed = |_| {
        let started = std::time::Instant::now();
        let slots = calendar.slots(minutes(60), now, to).len();
        (started.elapsed(), slots)
    };
    let (fastest, slots) = (0..50).map(timed).min().unwrap();
    eprintln!(
        "{slots} slots in 90 days with {} lessons and {} busy times: {fastest:?}",
        lessons.len(),
        busy.len()
    );
    assert!(slots > 500 && fastest < std::time::Duration::from_millis(100), "{slots} slots: {fastest:?}");
}
