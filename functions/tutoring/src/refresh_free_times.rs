//! Keeps the free times that a search looks at, a moment after a tutor's hours have changed.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use lectern_domain::event::Envelope;
use lectern_domain::id::UserId;
use lectern_domain::tutoring::free_times::{FreeTimes, WEEKS, monday_after, monday_of};
use lectern_postgres::DbError;
use lectern_runtime::{Cx, Fault, UseCase};

use crate::list_slots::calendar;
use crate::services::Tutoring;
use crate::store::free_times::{self, Due};
use crate::store::tutors;

const NAME: &str = "refresh-free-times";

/// How often one tutor is computed anew when somebody changes the hours meanwhile, before it is left to the schedule.
const TRIES_MAX: usize = 3;

/// The use case.
pub fn use_case() -> UseCase<Tutoring> {
    UseCase::consumer(
        NAME,
        &["tutor.availability_changed", "tutor.profile_updated", "tutor.approved"],
        refresh,
    )
    .summary("Compute the free times by which a tutor is found")
}

/// The event only says whom to look at, so it needs no inbox: seeing it again finds nothing to do.
async fn refresh(cx: Cx<Tutoring>, event: Envelope) -> Result<(), Fault> {
    let id = UserId(event.aggregate.id);
    for _ in 0..TRIES_MAX {
        let Some(due) = free_times::due_of(&cx.base.db, id).await? else { return Ok(()) };
        if compute(&cx, due).await? {
            tracing::info!(use_case = NAME, tutor_id = %id, "free times computed");
            return Ok(());
        }
    }
    Ok(())
}

/// The first day that isn't computed, when everything is as it should be.
pub(crate) fn filled_until(now: Timestamp) -> Date {
    (0..WEEKS).fold(monday_of(now), |monday, _| monday_after(monday).unwrap_or(monday))
}

/// Computes and stores a tutor's free times; `false` when something has changed meanwhile.
pub(crate) async fn compute(cx: &Cx<Tutoring>, due: Due) -> Result<bool, DbError> {
    let (db, now) = (&cx.base.db, cx.now());
    let (first, until) = (monday_of(now), filled_until(now));
    // Lessons of a day more on either side: the longest pause and the longest lesson reach that far at most.
    let midnight = |date: Date| date.to_zoned(TimeZone::UTC).map_or(now, |zoned| zoned.timestamp());
    let day = jiff::SignedDuration::from_hours(24);
    let (from, to) = (midnight(first) - day, midnight(until) + day);
    let times = tutors::listed_with_taken(db, due.id, from, to).await?.and_then(|(tutor, taken)| {
        let availability = tutor.availability.as_ref()?;
        let zone = tutor.profile.time_zone.zone();
        Some(FreeTimes::of(&calendar(cx, &tutor, availability, &zone, &taken), first))
    });
    free_times::save(db, due, times.as_ref(), until).await
}
