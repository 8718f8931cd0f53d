//! The tables `tax_profiles` and `tax_years`.

use jiff::Timestamp;
use lectern_domain::event::Envelope;
use lectern_domain::id::UserId;
use lectern_domain::payments::tax::{TaxProfile, TaxYear};
use lectern_postgres::{Database, DbError, Json, Row, Type, outbox};
use serde::Deserialize;
use serde_json::{Value, json};

use super::payments::document;

/// A profile as the domain reads it: all but the encrypted number.
macro_rules! profile {
    ($row:literal) => {
        concat!("to_jsonb(", $row, ") - 'tax_id_encrypted' - 'created_at'")
    };
}

/// The latest revision of each year.
const LATEST: &str = "SELECT DISTINCT ON (y.year) y.* FROM tax_years y WHERE y.tutor_id = $1
                      ORDER BY y.year DESC, y.revision DESC";

fn optional<T: for<'de> Deserialize<'de>>(row: &Row, at: usize) -> Result<Option<T>, DbError> {
    row.try_get::<_, Option<Json<Value>>>(at)?.map(document).transpose()
}

/// A tutor's profile.
pub async fn profile(db: &Database, tutor: UserId) -> Result<Option<TaxProfile>, DbError> {
    let sql = concat!("SELECT ", profile!("p"), " FROM tax_profiles p WHERE p.tutor_id = $1");
    db.read(sql, &[(&tutor.0, Type::UUID)]).await?.first().map(|row| document(row.try_get(0)?)).transpose()
}

/// Saves a profile. `encrypted` is its number where another was sent; else the kept one stays. `false`, and nothing
/// done, when the profile has changed since it was loaded.
pub async fn put_profile(
    db: &Database,
    profile: &TaxProfile,
    encrypted: Option<&[u8]>,
) -> Result<bool, DbError> {
    let sql = "
        WITH changed AS (
            UPDATE tax_profiles p SET country = n.country, legal_name = n.legal_name, kind = n.kind,
                tax_id_kind = n.tax_id_kind, tax_id_ending = n.tax_id_ending, address = n.address,
                tax_id_encrypted = coalesce($2, p.tax_id_encrypted), version = n.version, updated_at = n.updated_at
            FROM jsonb_populate_record(NULL::tax_profiles, $1) AS n
            WHERE p.tutor_id = n.tutor_id AND p.version = n.version - 1
            RETURNING 1
        ), added AS (
            INSERT INTO tax_profiles (tutor_id, country, legal_name, kind, tax_id_kind, tax_id_ending,
                                      tax_id_encrypted, address, version, created_at, updated_at)
            SELECT n.tutor_id, n.country, n.legal_name, n.kind, n.tax_id_kind, n.tax_id_ending, $2, n.address,
                   n.version, n.updated_at, n.updated_at
            FROM jsonb_populate_record(NULL::tax_profiles, $1) AS n
            WHERE n.version = 1 AND $2::bytea IS NOT NULL
            ON CONFLICT (tutor_id) DO NOTHING
            RETURNING 1
        )
        SELECT 1 FROM changed UNION ALL SELECT 1 FROM added";
    let row = Json(serde_json::to_value(profile).map_err(|e| DbError::Stored(e.to_string()))?);
    let params = [(&row as _, Type::JSONB), (&encrypted as _, Type::BYTEA)];
    Ok(!db.write(sql, &params).await?.is_empty())
}

/// A tutor's profile and closed years, the latest first.
pub async fn years(db: &Database, tutor: UserId) -> Result<(Option<TaxProfile>, Vec<TaxYear>), DbError> {
    let sql = format!(
        concat!(
            "WITH latest AS ({})
            SELECT (SELECT ",
            profile!("p"),
            " FROM tax_profiles p WHERE p.tutor_id = $1),
            (SELECT jsonb_agg(to_jsonb(l) - 'made_at' ORDER BY l.year DESC) FROM latest l)"
        ),
        LATEST
    );
    let rows = db.read(&sql, &[(&tutor.0, Type::UUID)]).await?;
    let Some(row) = rows.first() else { return Ok((None, Vec::new())) };
    Ok((optional(row, 0)?, optional(row, 1)?.unwrap_or_default()))
}

/// What a document is made of.
#[derive(Debug)]
pub struct Ground {
    /// The year.
    pub year: TaxYear,
    /// When it was closed.
    pub made_at: Timestamp,
    /// The tutor, if known to tax authorities.
    pub profile: Option<TaxProfile>,
    /// The tutor's number.
    pub encrypted: Option<Vec<u8>>,
}

/// A tutor's closed year, in its latest revision.
pub async fn ground(db: &Database, tutor: UserId, year: i16) -> Result<Option<Ground>, DbError> {
    let sql = concat!(
        "SELECT to_jsonb(y) - 'made_at', y.made_at, CASE WHEN p.tutor_id IS NOT NULL THEN ",
        profile!("p"),
        " END, p.tax_id_encrypted
        FROM tax_years y LEFT JOIN tax_profiles p ON p.tutor_id = y.tutor_id
        WHERE y.tutor_id = $1 AND y.year = $2 ORDER BY y.revision DESC LIMIT 1"
    );
    let rows = db.read(sql, &[(&tutor.0, Type::UUID), (&year, Type::INT2)]).await?;
    let ground = |row: &Row| -> Result<Ground, DbError> {
        Ok(Ground {
            year: document(row.try_get(0)?)?,
            made_at: row.try_get(1)?,
            profile: optional(row, 2)?,
            encrypted: row.try_get(3)?,
        })
    };
    rows.first().map(ground).transpose()
}

/// Tutors whose totals of a year are not closed as they are, each with the next revision, and with the profile.
pub async fn unclosed(
    db: &Database,
    year: i16,
    (since, until): (Timestamp, Timestamp),
    limit: i64,
) -> Result<Vec<(TaxYear, Option<TaxProfile>)>, DbError> {
    let sql = concat!(
        "WITH latest AS (
            SELECT DISTINCT ON (y.tutor_id) y.tutor_id, y.revision, y.totals FROM tax_years y WHERE y.year = $1
            ORDER BY y.tutor_id, y.revision DESC
        )
        SELECT jsonb_build_object('tutor_id', t.tutor_id, 'year', $1::integer,
                                  'revision', coalesce(l.revision, 0) + 1, 'totals', t.totals),
               CASE WHEN p.tutor_id IS NOT NULL THEN ",
        profile!("p"),
        " END
        FROM tax_totals($2, $3) t
        LEFT JOIN latest l ON l.tutor_id = t.tutor_id
        LEFT JOIN tax_profiles p ON p.tutor_id = t.tutor_id
        WHERE l.totals IS DISTINCT FROM t.totals
        ORDER BY t.tutor_id LIMIT $4"
    );
    let params = [
        (&year as _, Type::INT2),
        (&since as _, Type::TIMESTAMPTZ),
        (&until as _, Type::TIMESTAMPTZ),
        (&limit as _, Type::INT8),
    ];
    let read = |row: &Row| Ok((document(row.try_get(0)?)?, optional(row, 1)?));
    db.read(sql, &params).await?.iter().map(read).collect()
}

/// Closes years, with the events about them. `false`, and nothing done, when somebody else has closed one of them.
pub async fn close(
    db: &Database,
    years: &[TaxYear],
    events: &[Envelope],
    now: Timestamp,
) -> Result<bool, DbError> {
    let sql = "
        WITH closed AS (
            INSERT INTO tax_years (tutor_id, year, revision, totals, made_at)
            SELECT n.tutor_id, n.year, n.revision, n.totals, $3
            FROM jsonb_populate_recordset(NULL::tax_years, $1) AS n
        )
        SELECT outbox_put($2)";
    let rows = Json(json!(years));
    let events = outbox::rows(events);
    let params = [(&rows as _, Type::JSONB), (&events as _, Type::JSONB), (&now as _, Type::TIMESTAMPTZ)];
    match db.write(sql, &params).await {
        Ok(_) => Ok(true),
        Err(error) if error.is_constraint("tax_years_pkey") => Ok(false),
        Err(error) => Err(error),
    }
}
