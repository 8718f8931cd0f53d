//! The tables `commission_policies` and `tutor_hours`.

use jiff::Timestamp;
use lectern_domain::id::{EventId, LessonId, UserId};
use lectern_domain::payments::{CommissionPolicy, PolicyVersion};
use lectern_domain::time::Instant;
use lectern_postgres::{Database, DbError, Json, Row, Type};
use serde_json::Value;

use super::payments::document;

/// What a tutor's commission depends on.
#[derive(Debug)]
pub struct Terms {
    /// The version that is in force; none where none is yet.
    pub version: Option<(i64, CommissionPolicy)>,
    /// Minutes that the tutor has taught.
    pub minutes_taught: i64,
}

/// The terms of a tutor at a moment.
pub async fn terms(db: &Database, tutor: UserId, at: Timestamp) -> Result<Terms, DbError> {
    let sql = "
        SELECT (SELECT coalesce(sum(minutes), 0)::bigint FROM tutor_hours WHERE tutor_id = $1),
               p.version, p.rules
        FROM (SELECT) AS one LEFT JOIN LATERAL (
            SELECT version, rules FROM commission_policies WHERE valid_from <= $2
            ORDER BY valid_from DESC, version DESC LIMIT 1
        ) p ON true";
    let rows = db.read(sql, &[(&tutor.0, Type::UUID), (&at, Type::TIMESTAMPTZ)]).await?;
    let Some(row) = rows.first() else { return Err(DbError::Statement("no row".to_owned())) };
    let rules: Option<Json<Value>> = row.try_get(2)?;
    let version = match (row.try_get::<_, Option<i64>>(1)?, rules) {
        (Some(version), Some(rules)) => Some((version, document(rules)?)),
        _ => None,
    };
    Ok(Terms { version, minutes_taught: row.try_get(0)? })
}

lectern_domain::words! {
    /// How a version stands at a moment.
    pub enum VersionState {
        /// It will be in force.
        Coming = "coming",
        /// It is in force.
        Current = "current",
        /// It was in force, or was replaced before it could be.
        Past = "past",
    }
}

/// A version, and how it stands.
#[derive(Debug)]
pub struct Listed {
    /// The version.
    pub version: PolicyVersion,
    /// How it stands.
    pub state: VersionState,
}

/// The number of the latest version (0 when there is none), and versions in their order, what comes last first;
/// `after` is the place of the last one of the page before.
pub async fn list(
    db: &Database,
    at: Timestamp,
    after: Option<(Timestamp, i64)>,
    limit: i64,
) -> Result<(i64, Vec<Listed>), DbError> {
    let sql = "
        SELECT (SELECT coalesce(max(version), 0) FROM commission_policies),
               v.version, v.valid_from, v.rules, v.created_by, v.created_at,
               CASE WHEN v.version = (SELECT version FROM commission_policies WHERE valid_from <= $1
                                      ORDER BY valid_from DESC, version DESC LIMIT 1) THEN 'current'
                    WHEN v.valid_from > $1 AND NOT EXISTS (
                        SELECT 1 FROM commission_policies later
                        WHERE later.valid_from = v.valid_from AND later.version > v.version) THEN 'coming'
                    ELSE 'past' END
        FROM (SELECT) AS one LEFT JOIN LATERAL (
            SELECT * FROM commission_policies
            WHERE $2::timestamptz IS NULL OR (valid_from, version) < ($2, $3)
            ORDER BY valid_from DESC, version DESC LIMIT $4
        ) v ON true
        ORDER BY v.valid_from DESC, v.version DESC";
    let (after_from, after_version) = after.unzip();
    let params = [
        (&at as _, Type::TIMESTAMPTZ),
        (&after_from as _, Type::TIMESTAMPTZ),
        (&after_version as _, Type::INT8),
        (&limit as _, Type::INT8),
    ];
    let rows = db.read(sql, &params).await?;
    let latest = rows.first().map(|row| row.try_get(0)).transpose()?.unwrap_or(0);
    let there = rows.iter().filter(|row| matches!(row.try_get::<_, Option<i64>>(1), Ok(Some(_))));
    Ok((latest, there.map(listed).collect::<Result<_, _>>()?))
}

fn listed(row: &Row) -> Result<Listed, DbError> {
    let instant = |column| row.try_get::<_, Timestamp>(column).map(Instant::from);
    Ok(Listed {
        version: PolicyVersion {
            version: row.try_get(1)?,
            valid_from: instant(2)?,
            policy: document(row.try_get(3)?)?,
            created_by: UserId(row.try_get(4)?),
            created_at: instant(5)?,
        },
        state: VersionState::parse(row.try_get(6)?)?,
    })
}

/// Adds a version; `false`, and nothing done, when another one was added since the one before it was read.
pub async fn add(db: &Database, version: &PolicyVersion) -> Result<bool, DbError> {
    let sql = "
        INSERT INTO commission_policies (version, valid_from, rules, created_by, created_at)
        SELECT $1, $2, $3, $4, $5
        WHERE (SELECT coalesce(max(version), 0) FROM commission_policies) = $1 - 1
        ON CONFLICT (version) DO NOTHING
        RETURNING version";
    let rules = serde_json::to_value(&version.policy).map_err(|e| DbError::Stored(e.to_string()))?;
    let (rules, valid_from, created_at) = (Json(rules), version.valid_from.get(), version.created_at.get());
    let params = [
        (&version.version as _, Type::INT8),
        (&valid_from as _, Type::TIMESTAMPTZ),
        (&rules as _, Type::JSONB),
        (&version.created_by.0 as _, Type::UUID),
        (&created_at as _, Type::TIMESTAMPTZ),
    ];
    Ok(!db.write(sql, &params).await?.is_empty())
}

/// A lesson that was given.
#[derive(Clone, Copy, Debug)]
pub struct Taught {
    /// Which.
    pub lesson: LessonId,
    /// By whom.
    pub tutor: UserId,
    /// How long it was.
    pub minutes: i32,
    /// When it was over for us.
    pub at: Timestamp,
}

/// Counts a lesson, once, whatever comes twice; `false` when it was counted before.
pub async fn count_lesson(
    db: &Database,
    consumer: &str,
    event: EventId,
    taught: Taught,
) -> Result<bool, DbError> {
    let sql = "
        WITH fresh AS MATERIALIZED (SELECT inbox_take($1, $2) AS first_time), put AS (
            INSERT INTO tutor_hours (lesson_id, tutor_id, minutes, completed_at)
            SELECT $3, $4, $5, $6 FROM fresh WHERE first_time
            ON CONFLICT (lesson_id) DO NOTHING
            RETURNING 1
        )
        SELECT (SELECT first_time FROM fresh), EXISTS (SELECT 1 FROM put)";
    let params = [
        (&consumer as _, Type::TEXT),
        (&event.0 as _, Type::UUID),
        (&taught.lesson.0 as _, Type::UUID),
        (&taught.tutor.0 as _, Type::UUID),
        (&taught.minutes as _, Type::INT4),
        (&taught.at as _, Type::TIMESTAMPTZ),
    ];
    let rows = db.write(sql, &params).await?;
    rows.first().map_or(Ok(false), |row| Ok(row.try_get(1)?))
}
