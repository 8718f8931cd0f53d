//! The tables `free_states` and `free_weeks`, and what search needs done now and then.

use jiff::Timestamp;
use jiff::civil::Date;
use lectern_domain::id::UserId;
use lectern_domain::tutoring::free_times::FreeTimes;
use lectern_postgres::{Database, DbError, Type};
use uuid::Uuid;

/// Tutors whose search rows are made anew at once.
const STALE_MAX: i64 = 500;

/// A tutor whose free times are not what they should be.
#[derive(Clone, Copy, Debug)]
pub struct Due {
    /// The tutor.
    pub id: UserId,
    /// What the free times must be computed from, or something newer.
    pub version: i64,
}

/// Up to `limit` tutors whose free times are stale, or don't reach `until` yet; the stale ones first.
pub async fn due(db: &Database, until: Date, limit: i64) -> Result<Vec<Due>, DbError> {
    let sql = "
        (SELECT tutor_id, version FROM free_states WHERE stale ORDER BY tutor_id LIMIT $2)
        UNION ALL
        (SELECT tutor_id, version FROM free_states WHERE NOT stale AND filled_until < $1
         ORDER BY filled_until LIMIT $2)
        LIMIT $2";
    let rows = db.read(sql, &[(&until, Type::DATE), (&limit, Type::INT8)]).await?;
    rows.iter().map(|row| Ok(Due { id: UserId(row.try_get(0)?), version: row.try_get(1)? })).collect()
}

/// The tutor, if the free times are stale.
pub async fn due_of(db: &Database, id: UserId) -> Result<Option<Due>, DbError> {
    let sql = "SELECT version FROM free_states WHERE tutor_id = $1 AND stale";
    let rows = db.read(sql, &[(&id.0, Type::UUID)]).await?;
    rows.first().map(|row| Ok(Due { id, version: row.try_get(0)? })).transpose()
}

/// Stores what was computed for the version `due.version`, in the place of what was there; `None` for a tutor whom nobody
/// can book. `false`, and nothing done, when something has changed since: then the tutor is still stale, and somebody
/// computes again.
pub async fn save(db: &Database, due: Due, times: Option<&FreeTimes>, until: Date) -> Result<bool, DbError> {
    // The tutor's row is locked first, as by those who change the tutor; so nobody waits in a circle.
    let sql = "
        WITH tutor AS MATERIALIZED (SELECT id FROM tutors WHERE id = $1 FOR NO KEY UPDATE),
        fresh AS (
            UPDATE free_states f SET stale = false, filled_until = $3, hours = $4
            FROM tutor WHERE f.tutor_id = tutor.id AND f.version = $2
            RETURNING f.tutor_id
        ), wanted AS (
            SELECT tutor_id, week, free::tstzmultirange AS free
            FROM fresh, unnest($5::date[], $6::text[]) AS each (week, free)
        ), put AS (
            INSERT INTO free_weeks AS w (tutor_id, week, free) SELECT * FROM wanted WHERE free <> '{}'
            ON CONFLICT (tutor_id, week) DO UPDATE SET free = excluded.free WHERE w.free <> excluded.free
        ), gone AS (
            DELETE FROM free_weeks w USING fresh
            WHERE w.tutor_id = fresh.tutor_id
              AND NOT EXISTS (SELECT 1 FROM wanted WHERE wanted.week = w.week AND wanted.free <> '{}')
        )
        SELECT 1 FROM fresh";
    let weeks = times.map(|t| t.weeks.as_slice()).unwrap_or_default();
    let hours: Vec<i16> = times.map(|t| t.hours.iter().copied().collect()).unwrap_or_default();
    let mondays: Vec<Date> = weeks.iter().map(|week| week.monday).collect();
    let ranges: Vec<String> = weeks
        .iter()
        .map(|week| {
            let each: Vec<_> = week.free.iter().map(|r| format!("[{},{})", r.start(), r.end())).collect();
            format!("{{{}}}", each.join(","))
        })
        .collect();
    let params = [
        (&due.id.0 as _, Type::UUID),
        (&due.version as _, Type::INT8),
        (&until as _, Type::DATE),
        (&hours as _, Type::INT2_ARRAY),
        (&mondays as _, Type::DATE_ARRAY),
        (&ranges as _, Type::TEXT_ARRAY),
    ];
    Ok(!db.write(sql, &params).await?.is_empty())
}

/// Makes the search rows of tutors anew whom a change of the catalogue has moved, up to a number at once; gives how many.
pub async fn refresh_moved(db: &Database) -> Result<usize, DbError> {
    let sql = "
        WITH taken AS (
            DELETE FROM search_stale WHERE tutor_id IN (
                SELECT tutor_id FROM search_stale ORDER BY tutor_id LIMIT $1 FOR UPDATE SKIP LOCKED)
            RETURNING tutor_id
        ), moved AS MATERIALIZED (SELECT array_agg(tutor_id) AS ids FROM taken)
        SELECT ids, search_refresh(ids) FROM moved WHERE ids IS NOT NULL";
    let rows = db.write(sql, &[(&STALE_MAX, Type::INT8)]).await?;
    let ids: Option<Vec<Uuid>> = rows.first().map(|row| row.try_get(0)).transpose()?;
    Ok(ids.map_or(0, |ids| ids.len()))
}

/// Deletes search rows that were replaced before `before`.
pub async fn tidy(db: &Database, before: Timestamp) -> Result<(), DbError> {
    let sql = "DELETE FROM tutor_search WHERE ended_by IS NOT NULL AND ended_at < $1";
    db.write(sql, &[(&before, Type::TIMESTAMPTZ)]).await.map(drop)
}
