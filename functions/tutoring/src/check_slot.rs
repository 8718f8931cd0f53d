//! `POST /internal/slots/check`: what booking asks before it holds a time.

use deserr::Deserr;
use jiff::{SignedDuration, Timestamp};
use lectern_domain::field::FieldErrors;
use lectern_domain::id::UserId;
use lectern_domain::money::Money;
use lectern_domain::text::Line;
use lectern_domain::time::{Bounded, Instant, TimeRange};
use lectern_domain::tutoring::availability::LessonMinutes;
use lectern_domain::tutoring::profile::SubjectId;
use lectern_domain::tutoring::slots::NotBookable;
use lectern_domain::tutoring::tutor::Tutor;
use lectern_runtime::{Answer, Cx, Method, Nothing, Problem, Request, Service, UseCase, problem};
use schemars::JsonSchema;
use serde::Serialize;

use crate::list_slots::calendar;
use crate::services::Tutoring;
use crate::store::tutors::{self, Taken};
use crate::views::Slot;

/// The use case.
pub fn use_case() -> UseCase<Tutoring> {
    UseCase::http("check-slot", Method::Post, "/internal/slots/check", check_slot)
        .summary("Say whether a tutor can be booked at a time, at which price, and which free times are near")
        .problems(&[&problem::NOT_FOUND])
}

/// A time that somebody wants. Subject and length are taken as they come: that a tutor doesn't offer them is an
/// answer, not an error.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = FieldErrors, rename_all = camelCase, deny_unknown_fields)]
#[schemars(rename_all = "camelCase")]
pub struct CheckSlot {
    tutor_id: UserId,
    start: Instant,
    minutes: Bounded<1, 1440>,
    subject: Line<60>,
}

/// Whether the time can be booked, and on which terms.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SlotCheck {
    bookable: bool,
    /// Why not, in words for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    /// Why not, as a word.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason_code: Option<NotBookable>,
    /// The hourly rate's share; absent when nobody offers lessons of this length.
    #[serde(skip_serializing_if = "Option::is_none")]
    price: Option<Money>,
    /// The price of the time as a trial lesson; absent when the tutor offers none or none is of this length.
    #[serde(skip_serializing_if = "Option::is_none")]
    trial_price: Option<Money>,
    subject: Line<60>,
    /// Minutes that the tutor wants free before each lesson.
    buffer_before_minutes: u32,
    /// Minutes that the tutor wants free after each lesson.
    buffer_after_minutes: u32,
    /// Up to three free times near the wanted one, the nearest first; when that one is bookable, such as stay
    /// free after it is taken.
    nearest: Vec<Slot>,
}

async fn check_slot(
    cx: Cx<Tutoring>,
    _caller: Service,
    request: Request<Nothing, Nothing, CheckSlot>,
) -> Result<Answer<SlotCheck>, Problem> {
    let wanted = request.body;
    let window = SignedDuration::from_hours(24 * i64::from(cx.policy.nearest_window_days));
    // A day more on either side: the longest pause and the longest lesson reach that far at most.
    let reach = window + SignedDuration::from_hours(24);
    let from = wanted.start.get().checked_sub(reach).unwrap_or(Timestamp::MIN);
    let to = wanted.start.get().checked_add(reach).unwrap_or(Timestamp::MAX);
    let (tutor, taken) = tutors::listed_with_taken(&cx.base.db, wanted.tutor_id, from, to)
        .await?
        .ok_or_else(|| Problem::not_found("tutor"))?;
    let minutes = u16::try_from(wanted.minutes.get()).ok().and_then(|m| LessonMinutes::new(m).ok());
    let price =
        minutes.map(|m| tutor.profile.hourly_rate.price_of(m)).transpose().map_err(Problem::internal)?;
    let (refusal, nearest) = look(&cx, &tutor, taken, &wanted, minutes, window);
    let (before, after) = tutor
        .availability
        .as_ref()
        .map_or((0, 0), |a| (a.buffer_before_minutes.get(), a.buffer_after_minutes.get()));
    Ok(Answer::new(SlotCheck {
        bookable: refusal.is_none(),
        reason: refusal.map(in_words),
        reason_code: refusal,
        price,
        trial_price: tutor.profile.trial_price.zip(minutes).and_then(|(trial, m)| trial.price_of(m)),
        subject: wanted.subject,
        buffer_before_minutes: before,
        buffer_after_minutes: after,
        nearest: nearest.into_iter().map(Slot::from).collect(),
    }))
}

fn look(
    cx: &Cx<Tutoring>,
    tutor: &Tutor,
    mut taken: Taken,
    wanted: &CheckSlot,
    minutes: Option<LessonMinutes>,
    window: SignedDuration,
) -> (Option<NotBookable>, Vec<TimeRange>) {
    if !SubjectId::parse(wanted.subject.as_str()).is_ok_and(|subject| tutor.profile.teaches(&subject)) {
        return (Some(NotBookable::SubjectNotTaught), Vec::new());
    }
    let Some(minutes) = minutes else { return (Some(NotBookable::LengthNotOffered), Vec::new()) };
    let Some(availability) = &tutor.availability else {
        return (Some(NotBookable::OutsideHours), Vec::new());
    };
    let zone = tutor.profile.time_zone.zone();
    let start = wanted.start.get();
    let refusal = calendar(cx, tutor, availability, &zone, &taken).refusal(start, minutes);
    match refusal {
        Some(NotBookable::LengthNotOffered) => return (refusal, Vec::new()),
        Some(_) => {}
        // Between this answer and the booking somebody else may take it: what is offered then must not be in
        // its way.
        None => taken.lessons.extend(TimeRange::of_minutes(start, minutes.get())),
    }
    let calendar = calendar(cx, tutor, availability, &zone, &taken);
    (refusal, calendar.nearest(start, minutes, window, cx.policy.nearest_max))
}

fn in_words(reason: NotBookable) -> &'static str {
    match reason {
        NotBookable::SubjectNotTaught => "The tutor does not teach this subject.",
        NotBookable::LengthNotOffered => "The tutor does not offer lessons of this length.",
        NotBookable::OffGrid => "Lessons begin on the quarter hours.",
        NotBookable::TooSoon => "This is nearer than the tutor's minimum notice.",
        NotBookable::TooFar => "This is beyond the furthest day that can be booked.",
        NotBookable::OutsideHours => "This is not within the tutor's hours.",
        NotBookable::Taken => "This time is already taken.",
    }
}
