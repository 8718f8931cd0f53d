//! The table `busy_calendars`.

use jiff::{SignedDuration, Timestamp};
use lectern_domain::field::Invalid;
use lectern_domain::id::UserId;
use lectern_domain::time::ZoneName;
use lectern_domain::tutoring::busy_calendar::{BusyCalendar, CalendarError, CalendarUrl};
use lectern_domain::tutoring::tutor::Tutor;
use lectern_postgres::database::Param;
use lectern_postgres::{Database, DbError, Row, Type};

use super::tutors::{newest_verification, tutor, tutor_columns};
use crate::busy_calendar::Copied;

/// How long a run keeps the calendars that it took to itself; longer than it may take for them.
const LEASE: SignedDuration = SignedDuration::from_mins(2);

macro_rules! calendar_columns {
    () => {
        "c.url, c.copied_at, c.tried_at, c.error, c.failures, c.due_at, c.unread_events"
    };
}

/// A calendar with what is known of its copy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// The calendar.
    pub calendar: BusyCalendar,
    /// Events of the copy that could not be read.
    pub unread_events: u32,
}

/// The tutor with this id, whatever the state of the verification, and the calendar elsewhere, if there is
/// one.
pub async fn with_tutor(db: &Database, id: UserId) -> Result<Option<(Tutor, Option<Stored>)>, DbError> {
    let sql = concat!(
        "SELECT ",
        tutor_columns!(),
        ", ",
        calendar_columns!(),
        " FROM tutors t ",
        newest_verification!(),
        " LEFT JOIN busy_calendars c ON c.tutor_id = t.id WHERE t.id = $1"
    );
    let rows = db.read(sql, &[(&id.0, Type::UUID)]).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    Ok(Some((tutor(row)?, stored(row)?)))
}

/// The calendar out of [`calendar_columns`].
fn stored(row: &Row) -> Result<Option<Stored>, DbError> {
    let Some(url) = row.try_get::<_, Option<&str>>("url")? else { return Ok(None) };
    let count = |column| -> Result<u32, DbError> {
        let count: i32 = row.try_get(column)?;
        u32::try_from(count).map_err(|_| Invalid::new("is less than none").into())
    };
    let error: Option<&str> = row.try_get("error")?;
    let calendar = BusyCalendar {
        url: CalendarUrl::parse(url)?,
        copied_at: row.try_get("copied_at")?,
        tried_at: row.try_get("tried_at")?,
        error: error.map(CalendarError::parse).transpose()?,
        failures: count("failures")?,
        due_at: row.try_get("due_at")?,
    };
    Ok(Some(Stored { calendar, unread_events: count("unread_events")? }))
}

/// Puts a calendar in the place of the tutor's former one. `copied` is what was read this time; without it
/// the copy stays that there is of the same URL, and one of another URL goes.
pub async fn put(
    db: &Database,
    tutor: UserId,
    calendar: &BusyCalendar,
    copied: Option<&Copied>,
) -> Result<(), DbError> {
    let sql = "
        INSERT INTO busy_calendars AS known
               (tutor_id, url, copied_at, tried_at, error, failures, due_at, unread_events, busy)
        SELECT $1, $2, $3, $4, $5, $6, $7, $8, coalesce(range_agg(tstzrange(s, e)), '{}')
        FROM unnest($9, $10) AS busy (s, e)
        ON CONFLICT (tutor_id) DO UPDATE
            SET url = excluded.url, copied_at = excluded.copied_at, tried_at = excluded.tried_at,
                error = excluded.error, failures = excluded.failures, due_at = excluded.due_at, claimed_until = NULL,
                unread_events = CASE WHEN excluded.error IS NULL OR known.url <> excluded.url
                                     THEN excluded.unread_events ELSE known.unread_events END,
                busy = CASE WHEN excluded.error IS NULL OR known.url <> excluded.url
                            THEN excluded.busy ELSE known.busy END";
    send(db, sql, tutor, calendar, copied).await.map(drop)
}

/// Saves a try of the calendar that the tutor still has; `false`, and nothing done, when it is another or
/// none by now.
pub async fn tried(
    db: &Database,
    tutor: UserId,
    calendar: &BusyCalendar,
    copied: Option<&Copied>,
) -> Result<bool, DbError> {
    let sql = "
        UPDATE busy_calendars
        SET copied_at = $3, tried_at = $4, error = $5, failures = $6, due_at = $7, claimed_until = NULL,
            unread_events = CASE WHEN $5 IS NULL THEN $8 ELSE unread_events END,
            busy = CASE WHEN $5 IS NULL
                        THEN (SELECT coalesce(range_agg(tstzrange(s, e)), '{}') FROM unnest($9, $10) AS busy (s, e))
                        ELSE busy END
        WHERE tutor_id = $1 AND url = $2 AND tried_at < $4
        RETURNING 1";
    Ok(!send(db, sql, tutor, calendar, copied).await?.is_empty())
}

async fn send(
    db: &Database,
    sql: &str,
    tutor: UserId,
    calendar: &BusyCalendar,
    copied: Option<&Copied>,
) -> Result<Vec<Row>, DbError> {
    let count = |count: u32| i32::try_from(count).unwrap_or(i32::MAX);
    let busy = copied.map(|copied| copied.busy.as_slice()).unwrap_or_default();
    let (starts, ends): (Vec<Timestamp>, Vec<Timestamp>) = busy.iter().map(|r| (r.start(), r.end())).unzip();
    let (url, error) = (calendar.url.secret(), calendar.error.map(CalendarError::as_str));
    let (failures, unread) =
        (count(calendar.failures), count(copied.map_or(0, |copied| copied.unread_events)));
    let params: [Param<'_>; 10] = [
        (&tutor.0, Type::UUID),
        (&url, Type::TEXT),
        (&calendar.copied_at, Type::TIMESTAMPTZ),
        (&calendar.tried_at, Type::TIMESTAMPTZ),
        (&error, Type::TEXT),
        (&failures, Type::INT4),
        (&calendar.due_at, Type::TIMESTAMPTZ),
        (&unread, Type::INT4),
        (&starts, Type::TIMESTAMPTZ_ARRAY),
        (&ends, Type::TIMESTAMPTZ_ARRAY),
    ];
    db.write(sql, &params).await
}

/// Takes the tutor's calendar away, with its busy times; `false` when there was none.
pub async fn delete(db: &Database, tutor: UserId) -> Result<bool, DbError> {
    let sql = "DELETE FROM busy_calendars WHERE tutor_id = $1 RETURNING 1";
    Ok(!db.write(sql, &[(&tutor.0, Type::UUID)]).await?.is_empty())
}

/// Takes up to `limit` calendars that are due, the longest due first, each with its tutor and that tutor's
/// zone. Nobody else gets them for a while.
pub async fn claim(
    db: &Database,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<(UserId, ZoneName, BusyCalendar)>, DbError> {
    let sql = concat!(
        "WITH c AS (
             UPDATE busy_calendars SET claimed_until = $2
             WHERE tutor_id IN (
                 SELECT tutor_id FROM busy_calendars
                 WHERE due_at <= $1 AND (claimed_until IS NULL OR claimed_until <= $1)
                 ORDER BY due_at LIMIT $3
                 FOR UPDATE SKIP LOCKED
             )
             RETURNING *
         )
         SELECT c.tutor_id, t.time_zone, ",
        calendar_columns!(),
        " FROM c JOIN tutors t ON t.id = c.tutor_id ORDER BY c.due_at"
    );
    let until = now + LEASE;
    let params =
        [(&now as _, Type::TIMESTAMPTZ), (&until as _, Type::TIMESTAMPTZ), (&limit as _, Type::INT8)];
    let mut claimed = Vec::new();
    for row in &db.write(sql, &params).await? {
        if let Some(Stored { calendar, .. }) = stored(row)? {
            claimed.push((
                UserId(row.try_get("tutor_id")?),
                ZoneName::parse(row.try_get("time_zone")?)?,
                calendar,
            ));
        }
    }
    Ok(claimed)
}
