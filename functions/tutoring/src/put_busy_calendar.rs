//! `PUT /v1/tutors/me/busy-calendar`.

use deserr::Deserr;
use lectern_domain::field::FieldErrors;
use lectern_domain::tutoring::busy_calendar::{BusyCalendar, CalendarError, CalendarUrl};
use lectern_runtime::rate_limit::{Per, RateLimit};
use lectern_runtime::{Answer, Cx, Method, Nothing, Problem, Request, Tutor, UseCase, problem};
use schemars::JsonSchema;

use crate::busy_calendar;
use crate::get_own_availability::BusyCalendarState;
use crate::services::Tutoring;
use crate::store::busy_calendars::{self, Stored};

/// Each call makes us connect to where the caller says.
const TRIES: RateLimit = RateLimit { per: Per::Caller, burst: 20, period_seconds: 3_600 };

/// The use case.
pub fn use_case() -> UseCase<Tutoring> {
    UseCase::http("put-busy-calendar", Method::Put, "/v1/tutors/me/busy-calendar", put_busy_calendar)
        .summary("Take over busy times from a calendar elsewhere, and read it at once")
        .problems(&[&problem::NOT_FOUND])
        .rate_limits(&[TRIES])
}

/// A calendar elsewhere.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = FieldErrors, rename_all = camelCase, deny_unknown_fields)]
#[schemars(rename_all = "camelCase")]
pub struct PutBusyCalendar {
    /// Its iCalendar URL. Kept as a secret: only its host is shown again.
    url: CalendarUrl,
}

/// A calendar that can't be read right now is kept, and tried again: the answer says so. One that leads out
/// of the public Internet never will be, and is refused.
async fn put_busy_calendar(
    cx: Cx<Tutoring>,
    caller: Tutor,
    request: Request<Nothing, Nothing, PutBusyCalendar>,
) -> Result<Answer<BusyCalendarState>, Problem> {
    let (db, url) = (&cx.base.db, request.body.url);
    let (tutor, before) = busy_calendars::with_tutor(db, caller.id())
        .await?
        .ok_or_else(|| Problem::not_found("tutor profile"))?;
    let before = before.filter(|known| known.calendar.url == url);
    let zone = tutor.profile.time_zone.zone();
    let copied = busy_calendar::copy(cx.calendars.as_ref(), &url, zone, cx.now()).await;
    if let Err(kind @ (CalendarError::NotPublic | CalendarError::BadRedirect)) = copied {
        return Err(FieldErrors::one("url", kind.in_words()).into());
    }
    let outcome = copied.as_ref().map(drop).map_err(|kind| *kind);
    let calendar = BusyCalendar::tried(url, before.as_ref().map(|known| &known.calendar), outcome, cx.now());
    busy_calendars::put(db, caller.id(), &calendar, copied.as_ref().ok()).await?;
    let unread_events = match (&copied, before) {
        (Ok(copied), _) => copied.unread_events,
        (Err(_), Some(known)) => known.unread_events,
        (Err(_), None) => 0,
    };
    Ok(Answer::new(BusyCalendarState::of(&Stored { calendar, unread_events }, cx.now())))
}
