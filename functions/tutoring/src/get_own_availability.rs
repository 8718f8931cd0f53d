//! `GET /v1/tutors/me/availability`.

use jiff::Timestamp;
use lectern_domain::time::{Instant, ZoneName};
use lectern_domain::tutoring::availability::Availability;
use lectern_domain::tutoring::busy_calendar::{CalendarError, CopyStatus};
use lectern_domain::tutoring::overrides::Override;
use lectern_domain::tutoring::tutor::Tutor as Aggregate;
use lectern_runtime::{Answer, Cx, Method, Problem, Request, Tutor, UseCase, problem};
use schemars::JsonSchema;
use serde::Serialize;

use crate::services::Tutoring;
use crate::store::busy_calendars::{self, Stored};

/// The use case.
pub fn use_case() -> UseCase<Tutoring> {
    UseCase::http("get-own-availability", Method::Get, "/v1/tutors/me/availability", get_own_availability)
        .summary("Read one's own hours, the dates with other hours, and how the calendar elsewhere is doing")
        .problems(&[&problem::NOT_FOUND])
}

/// When a tutor can be booked, as the tutor sees it.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OwnAvailability {
    /// The zone of hours and overrides: that of the profile.
    time_zone: ZoneName,
    /// Weekly hours and terms; absent until they have been set.
    #[serde(skip_serializing_if = "Option::is_none")]
    availability: Option<Availability>,
    /// Dates with other hours that aren't over, by date and time.
    overrides: Vec<Override>,
    /// The calendar elsewhere; absent when there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    busy_calendar: Option<BusyCalendarState>,
}

impl OwnAvailability {
    /// Of a tutor, at a moment.
    pub fn of(tutor: Aggregate, stored: Option<Stored>, now: Timestamp) -> Self {
        let today = tutor.today(now);
        Self {
            time_zone: tutor.profile.time_zone,
            availability: tutor.availability,
            overrides: tutor.overrides.from_today(today).as_slice().to_vec(),
            busy_calendar: stored.map(|stored| BusyCalendarState::of(&stored, now)),
        }
    }
}

/// A calendar elsewhere, and how good its copy is.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BusyCalendarState {
    /// The host only: the rest is a secret.
    url: String,
    /// `current`: the latest try succeeded. `outdated`: it failed, and the last good copy counts. `missing`:
    /// none has succeeded yet, and nothing of the calendar counts.
    status: CopyStatus,
    /// When the copy was made that counts.
    #[serde(skip_serializing_if = "Option::is_none")]
    copied_at: Option<Instant>,
    /// How old that copy is.
    #[serde(skip_serializing_if = "Option::is_none")]
    age_seconds: Option<i64>,
    /// When it was tried last.
    tried_at: Instant,
    /// When it will be tried next.
    next_try_at: Instant,
    /// Events of the copy that could not be read, so that their time is not known to be taken.
    unread_events: u32,
    /// Why the latest try failed; absent when it succeeded.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<CopyFailure>,
}

/// Why a try failed.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CopyFailure {
    /// As a word.
    kind: CalendarError,
    /// In words for people.
    message: &'static str,
    /// How many tries in a row have failed.
    failures: u32,
}

impl BusyCalendarState {
    /// At a moment.
    pub fn of(stored: &Stored, now: Timestamp) -> Self {
        let calendar = &stored.calendar;
        Self {
            url: calendar.url.masked(),
            status: calendar.status(),
            copied_at: calendar.copied_at.map(Instant::from),
            age_seconds: calendar.copied_at.map(|at| now.duration_since(at).as_secs().max(0)),
            tried_at: calendar.tried_at.into(),
            next_try_at: calendar.due_at.into(),
            unread_events: stored.unread_events,
            error: calendar.error.map(|kind| CopyFailure {
                kind,
                message: kind.in_words(),
                failures: calendar.failures,
            }),
        }
    }
}

async fn get_own_availability(
    cx: Cx<Tutoring>,
    caller: Tutor,
    _request: Request,
) -> Result<Answer<OwnAvailability>, Problem> {
    let (tutor, calendar) = busy_calendars::with_tutor(&cx.base.db, caller.id())
        .await?
        .ok_or_else(|| Problem::not_found("tutor profile"))?;
    let sequence = tutor.sequence;
    Ok(Answer::new(OwnAvailability::of(tutor, calendar, cx.now())).etag(sequence))
}
