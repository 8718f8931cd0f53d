//! `GET /v1/tutors/{tutorId}/slots`.

use deserr::Deserr;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use lectern_domain::field::FieldErrors;
use lectern_domain::id::UserId;
use lectern_domain::money::Money;
use lectern_domain::time::{Instant, TimeRange, ZoneName};
use lectern_domain::tutoring::availability::{Availability, LessonMinutes};
use lectern_domain::tutoring::policy::TutoringPolicy;
use lectern_domain::tutoring::slots::Calendar;
use lectern_domain::tutoring::tutor::Tutor;
use lectern_runtime::{Answer, Anyone, Cx, Method, Problem, Request, UseCase, problem};
use schemars::JsonSchema;
use serde::Serialize;

use crate::get_tutor::TutorPath;
use crate::services::Tutoring;
use crate::store::tutors::{self, Taken};
use crate::views::Slot;

/// The use case.
pub fn use_case() -> UseCase<Tutoring> {
    UseCase::http("list-slots", Method::Get, "/v1/tutors/{tutorId}/slots", list_slots)
        .summary("List the times at which a tutor can be booked")
        .problems(&[&problem::NOT_FOUND])
}

/// Which slots.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = FieldErrors, rename_all = camelCase, deny_unknown_fields)]
#[schemars(rename_all = "camelCase")]
pub struct ListSlots {
    /// Slots begin at or after this; now, when left out.
    #[deserr(default)]
    #[schemars(default)]
    from: Option<Instant>,
    /// Slots begin before this; seven days after `from`, when left out. At most 60 days after `from`.
    #[deserr(default)]
    #[schemars(default)]
    to: Option<Instant>,
    /// Length of the lesson: one that the tutor offers; the shortest of them, when left out.
    #[deserr(default)]
    #[schemars(default)]
    minutes: Option<LessonMinutes>,
    /// The zone of the local times in the answer, like the student's own; the tutor's, when left out.
    #[deserr(default)]
    #[schemars(default)]
    time_zone: Option<ZoneName>,
}

/// Times at which the tutor can be booked.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TutorSlots {
    tutor_id: UserId,
    /// The zone of the local times.
    time_zone: ZoneName,
    /// The zone of the tutor's clock.
    tutor_time_zone: ZoneName,
    from: Instant,
    to: Instant,
    /// Length of the lessons; absent when the tutor has not set any hours.
    #[serde(skip_serializing_if = "Option::is_none")]
    minutes: Option<LessonMinutes>,
    /// What such a lesson costs.
    #[serde(skip_serializing_if = "Option::is_none")]
    price: Option<Money>,
    items: Vec<LocalSlot>,
}

/// A time at which a lesson can be, in UTC and on the wall.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LocalSlot {
    #[serde(flatten)]
    slot: Slot,
    /// The start in the zone of the answer, with the offset that holds there then.
    #[schemars(with = "Instant")]
    local_start: String,
    /// The end in the zone of the answer, with the offset that holds there then.
    #[schemars(with = "Instant")]
    local_end: String,
}

impl LocalSlot {
    fn of(range: TimeRange, zone: &TimeZone) -> Self {
        // Offsets of whole minutes, as RFC 3339 has them; a zone's local mean time has seconds, but that is
        // long ago.
        let local = |at: Timestamp| at.display_with_offset(zone.to_offset(at)).to_string();
        Self { slot: range.into(), local_start: local(range.start()), local_end: local(range.end()) }
    }
}

/// What the tutor's slots are computed from.
pub fn calendar<'a>(
    cx: &Cx<Tutoring>,
    tutor: &'a Tutor,
    availability: &'a Availability,
    zone: &'a TimeZone,
    taken: &'a Taken,
) -> Calendar<'a> {
    Calendar {
        availability,
        overrides: &tutor.overrides,
        zone,
        lessons: &taken.lessons,
        busy: &taken.busy,
        now: cx.now(),
        grid_minutes: cx.policy.slot_grid_minutes,
    }
}

async fn list_slots(
    cx: Cx<Tutoring>,
    _caller: Anyone,
    request: Request<TutorPath, ListSlots>,
) -> Result<Answer<TutorSlots>, Problem> {
    let (from, to) = window(&cx.policy, &request.query, cx.now())?;
    // What is taken of a day more on either side: the longest pause and the longest lesson reach that far at
    // most.
    let day = SignedDuration::from_hours(24);
    let (taken_from, taken_to) = (reach(from, -day), reach(to, day));
    let (tutor, taken) = tutors::listed_with_taken(&cx.base.db, request.path.tutor_id, taken_from, taken_to)
        .await?
        .ok_or_else(|| Problem::not_found("tutor"))?;
    let mut slots = TutorSlots {
        tutor_id: tutor.id,
        time_zone: request.query.time_zone.unwrap_or_else(|| tutor.profile.time_zone.clone()),
        tutor_time_zone: tutor.profile.time_zone.clone(),
        from: from.into(),
        to: to.into(),
        minutes: None,
        price: None,
        items: Vec::new(),
    };
    if let Some(availability) = &tutor.availability {
        let minutes = length(availability, request.query.minutes)?;
        let zone = tutor.profile.time_zone.zone();
        let local = slots.time_zone.zone();
        let free = calendar(&cx, &tutor, availability, &zone, &taken).slots(minutes, from, to);
        slots.items = free.into_iter().map(|slot| LocalSlot::of(slot, &local)).collect();
        slots.price = Some(tutor.profile.hourly_rate.price_of(minutes).map_err(Problem::internal)?);
        slots.minutes = Some(minutes);
    }
    Ok(Answer::new(slots))
}

/// A moment further on, or the calendar's end.
fn reach(at: Timestamp, by: SignedDuration) -> Timestamp {
    let end = if by.is_negative() { Timestamp::MIN } else { Timestamp::MAX };
    at.checked_add(by).unwrap_or(end)
}

fn window(
    policy: &TutoringPolicy,
    query: &ListSlots,
    now: Timestamp,
) -> Result<(Timestamp, Timestamp), FieldErrors> {
    let days = |days: u16| SignedDuration::from_hours(24 * i64::from(days));
    let from = query.from.map_or(now, Instant::get);
    let to = query.to.map_or_else(|| reach(from, days(policy.slots_window_default_days)), Instant::get);
    if from >= to {
        return Err(FieldErrors::one("to", "must be after from"));
    }
    if to > reach(from, days(policy.slots_window_days)) {
        let message = format!("must be at most {} days after from", policy.slots_window_days);
        return Err(FieldErrors::one("to", message));
    }
    Ok((from, to))
}

fn length(availability: &Availability, wanted: Option<LessonMinutes>) -> Result<LessonMinutes, Problem> {
    let offered = availability.lesson_minutes.as_slice();
    match wanted {
        Some(wanted) if availability.offers(wanted) => Ok(wanted),
        Some(_) => {
            let offered: Vec<_> = offered.iter().map(|m| m.get().to_string()).collect();
            let message = format!("must be a length that the tutor offers: {}", offered.join(", "));
            Err(FieldErrors::one("minutes", message).into())
        }
        None => offered.iter().min().copied().ok_or_else(|| Problem::internal("no lesson length is offered")),
    }
}
