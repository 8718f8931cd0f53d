//! `GET /v1/tutors/{tutorId}/slots`.

use deserr::Deserr;
use jiff::{SignedDuration, Timestamp};
use lectern_domain::field::FieldErrors;
use lectern_domain::id::UserId;
use lectern_domain::money::Money;
use lectern_domain::time::{Instant, ZoneName};
use lectern_domain::tutoring::availability::{Availability, LessonMinutes};
use lectern_domain::tutoring::policy::TutoringPolicy;
use lectern_domain::tutoring::slots::Calendar;
use lectern_runtime::{Answer, Anyone, Cx, Method, Problem, Request, UseCase, problem};
use schemars::JsonSchema;
use serde::Serialize;

use crate::get_tutor::TutorPath;
use crate::services::Tutoring;
use crate::store::tutors;
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
}

/// Times at which the tutor can be booked.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TutorSlots {
    tutor_id: UserId,
    /// The zone of the tutor's clock; the slots are in UTC.
    time_zone: ZoneName,
    from: Instant,
    to: Instant,
    /// Length of the lessons; absent when the tutor has not set any hours.
    #[serde(skip_serializing_if = "Option::is_none")]
    minutes: Option<LessonMinutes>,
    /// What such a lesson costs.
    #[serde(skip_serializing_if = "Option::is_none")]
    price: Option<Money>,
    items: Vec<Slot>,
}

async fn list_slots(
    cx: Cx<Tutoring>,
    _caller: Anyone,
    request: Request<TutorPath, ListSlots>,
) -> Result<Answer<TutorSlots>, Problem> {
    let (from, to) = window(&cx.policy, &request.query, cx.now())?;
    // Lessons of a day more on either side: the longest pause and the longest lesson reach that far at most.
    let day = SignedDuration::from_hours(24);
    let (busy_from, busy_to) = (reach(from, -day), reach(to, day));
    let (tutor, busy) = tutors::listed_with_lessons(&cx.base.db, request.path.tutor_id, busy_from, busy_to)
        .await?
        .ok_or_else(|| Problem::not_found("tutor"))?;
    let mut slots = TutorSlots {
        tutor_id: tutor.id,
        time_zone: tutor.profile.time_zone.clone(),
        from: from.into(),
        to: to.into(),
        minutes: None,
        price: None,
        items: Vec::new(),
    };
    if let Some(availability) = &tutor.availability {
        let minutes = length(availability, request.query.minutes)?;
        let zone = tutor.profile.time_zone.zone();
        let grid_minutes = cx.policy.slot_grid_minutes;
        let calendar = Calendar { availability, zone: &zone, busy: &busy, now: cx.now(), grid_minutes };
        slots.items = calendar.slots(minutes, from, to).into_iter().map(Slot::from).collect();
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
