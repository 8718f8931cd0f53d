//! Reads tutors' calendars elsewhere again, those that are due.

use std::time::{Duration, Instant};

use futures::StreamExt as _;
use lectern_domain::id::UserId;
use lectern_domain::time::ZoneName;
use lectern_domain::tutoring::busy_calendar::BusyCalendar;
use lectern_postgres::DbError;
use lectern_runtime::{Cx, Fault, UseCase};

use crate::busy_calendar;
use crate::services::Tutoring;
use crate::store::busy_calendars;

const NAME: &str = "refresh-busy-calendars";
/// Calendars that are taken at once.
const CLAIM_MAX: i64 = 40;
/// Calendars that are read at once. The slowest takes seven seconds, so a claim is done well before its lease
/// ends.
const AT_ONCE: usize = 8;
/// How long a run takes on more: the rest of the function's minute is for what it has.
const TIME_MAX: Duration = Duration::from_secs(20);

/// The use case.
pub fn use_case() -> UseCase<Tutoring> {
    UseCase::schedule(NAME, "BusyCalendarRate", refresh_busy_calendars)
        .summary("Read tutors' calendars elsewhere again, and keep the last good copy of those that fail")
}

async fn refresh_busy_calendars(cx: Cx<Tutoring>) -> Result<(), Fault> {
    let started = Instant::now();
    let (mut read, mut failed) = (0_usize, 0_usize);
    loop {
        let claimed = busy_calendars::claim(&cx.base.db, cx.now(), CLAIM_MAX).await?;
        let last = i64::try_from(claimed.len()).unwrap_or(CLAIM_MAX) < CLAIM_MAX;
        let tries = claimed.into_iter().map(|(tutor, zone, calendar)| refresh(&cx, tutor, zone, calendar));
        let mut tries = futures::stream::iter(tries).buffer_unordered(AT_ONCE);
        while let Some(outcome) = tries.next().await {
            if outcome? { read += 1 } else { failed += 1 }
        }
        if last || started.elapsed() > TIME_MAX {
            break;
        }
    }
    tracing::info!(use_case = NAME, read, failed, "busy calendars tried");
    Ok(())
}

/// Tries one; whether it could be read. Why it could not is its tutor's to know, not the operator's: a
/// calendar of somebody's that is gone is no failure of ours.
async fn refresh(
    cx: &Cx<Tutoring>,
    tutor: UserId,
    zone: ZoneName,
    before: BusyCalendar,
) -> Result<bool, DbError> {
    let copied = busy_calendar::copy(cx.calendars.as_ref(), &before.url, zone.zone(), cx.now()).await;
    let outcome = copied.as_ref().map(drop).map_err(|kind| *kind);
    let calendar = BusyCalendar::tried(before.url.clone(), Some(&before), outcome, cx.now());
    busy_calendars::tried(&cx.base.db, tutor, &calendar, copied.as_ref().ok()).await?;
    Ok(copied.is_ok())
}
