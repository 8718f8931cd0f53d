//! The table `tutors`, and a tutor's present verification.

use jiff::Timestamp;
use lectern_domain::event::Envelope;
use lectern_domain::id::{UserId, VerificationId};
use lectern_domain::money::{Currency, Money};
use lectern_domain::text::Text;
use lectern_domain::time::{TimeRange, ZoneName};
use lectern_domain::tutoring::availability::Availability;
use lectern_domain::tutoring::profile::{Country, HourlyRate, Profile};
use lectern_domain::tutoring::search::words;
use lectern_domain::tutoring::tutor::Tutor;
use lectern_domain::tutoring::verification::VerificationStatus;
use lectern_postgres::database::Param;
use lectern_postgres::{Database, DbError, Json, Row, Type, outbox};
use uuid::Uuid;

use super::verifications;

macro_rules! tutor_columns {
    () => {
        "t.id, t.display_name, t.headline, t.bio, t.time_zone, t.country, t.languages, t.subjects, \
         t.rate_amount, t.rate_currency, t.availability, t.verification_status, t.sequence, t.created_at, \
         t.updated_at, v.id AS verification_id, v.submitted_at, v.claimed_by, v.claimed_at, v.decided_by, \
         v.decided_at, v.reason"
    };
}
pub(super) use tutor_columns;

/// The newest submission of tutor `t`, if there is one.
macro_rules! newest_verification {
    () => {
        "LEFT JOIN LATERAL (SELECT * FROM verifications n WHERE n.tutor_id = t.id \
         ORDER BY n.submitted_at DESC, n.id DESC LIMIT 1) v ON true"
    };
}
pub(super) use newest_verification;

/// A tutor out of [`tutor_columns`].
pub(super) fn tutor(row: &Row) -> Result<Tutor, DbError> {
    let status = VerificationStatus::parse(row.try_get("verification_status")?)?;
    let availability: Option<Json<Availability>> = row.try_get("availability")?;
    Ok(Tutor {
        id: UserId(row.try_get("id")?),
        profile: profile(row)?,
        availability: availability.map(|Json(a)| a),
        verification: verifications::verification(row, status)?,
        sequence: row.try_get("sequence")?,
        created_at: row.try_get("created_at")?,
        updated_at: row.try_get("updated_at")?,
    })
}

fn profile(row: &Row) -> Result<Profile, DbError> {
    let text = |name: &str| row.try_get::<_, &str>(name);
    Ok(Profile {
        display_name: Text::parse(text("display_name")?)?,
        headline: Text::parse(text("headline")?)?,
        bio: Text::parse(text("bio")?)?,
        time_zone: ZoneName::parse(text("time_zone")?)?,
        country: Country::parse(text("country")?)?,
        languages: row.try_get::<_, Json<_>>("languages")?.0,
        subjects: row.try_get::<_, Json<_>>("subjects")?.0,
        hourly_rate: HourlyRate::new(rate(row)?)?,
    })
}

/// The price of an hour.
pub(super) fn rate(row: &Row) -> Result<Money, DbError> {
    let currency = Currency::parse(row.try_get("rate_currency")?)?;
    Ok(Money::new(row.try_get("rate_amount")?, currency))
}

/// The tutor with this id, whatever the state of the verification, unless erased.
pub async fn by_id(db: &Database, id: UserId) -> Result<Option<Tutor>, DbError> {
    let sql = concat!(
        "SELECT ",
        tutor_columns!(),
        " FROM tutors t ",
        newest_verification!(),
        " WHERE t.id = $1 AND t.erased_at IS NULL"
    );
    let rows = db.read(sql, &[(&id.0, Type::UUID)]).await?;
    rows.first().map(tutor).transpose()
}

/// The tutor with this id, if students can find them.
pub async fn listed(db: &Database, id: UserId) -> Result<Option<Tutor>, DbError> {
    let sql = concat!(
        "SELECT ",
        tutor_columns!(),
        " FROM tutors t ",
        newest_verification!(),
        " WHERE t.id = $1 AND t.verification_status = 'approved'"
    );
    let rows = db.read(sql, &[(&id.0, Type::UUID)]).await?;
    rows.first().map(tutor).transpose()
}

/// The listed tutor with this id, and when the tutor's lessons between two moments are.
pub async fn listed_with_lessons(
    db: &Database,
    id: UserId,
    from: Timestamp,
    to: Timestamp,
) -> Result<Option<(Tutor, Vec<TimeRange>)>, DbError> {
    let sql = concat!(
        "SELECT ",
        tutor_columns!(),
        ", busy.starts, busy.ends FROM tutors t ",
        newest_verification!(),
        " CROSS JOIN LATERAL (SELECT array_agg(starts_at ORDER BY starts_at) AS starts,
                                     array_agg(ends_at ORDER BY starts_at) AS ends
                              FROM lesson_times l
                              WHERE l.tutor_id = t.id AND l.busy AND l.ends_at > $2 AND l.starts_at < $3) busy
          WHERE t.id = $1 AND t.verification_status = 'approved'"
    );
    let params = [(&id.0 as _, Type::UUID), (&from as _, Type::TIMESTAMPTZ), (&to as _, Type::TIMESTAMPTZ)];
    let rows = db.read(sql, &params).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let starts: Option<Vec<Timestamp>> = row.try_get("starts")?;
    let ends: Option<Vec<Timestamp>> = row.try_get("ends")?;
    let pairs = starts.unwrap_or_default().into_iter().zip(ends.unwrap_or_default());
    let busy = pairs.filter_map(|(start, end)| TimeRange::new(start, end)).collect();
    Ok(Some((tutor(row)?, busy)))
}

/// Puts a new tutor in, with its events; `false`, and nothing done, when there is one with this id.
pub async fn insert(db: &Database, tutor: &Tutor, events: &[Envelope]) -> Result<bool, DbError> {
    let sql = "
        WITH put AS (
            INSERT INTO tutors (id, display_name, headline, bio, time_zone, country, languages, subjects,
                                rate_amount, rate_currency, search_words, subject_ids, sequence, updated_at,
                                verification_status, created_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, 'draft', $14)
            ON CONFLICT (id) DO NOTHING
            RETURNING 1
        )
        SELECT outbox_put($15) FROM put";
    Ok(!send_profile(db, sql, tutor, events, None).await?.is_empty())
}

/// Saves the profile of a tutor whose stored sequence is `before`; `false`, and nothing done, when the tutor has
/// changed since.
pub async fn update_profile(
    db: &Database,
    tutor: &Tutor,
    before: i64,
    events: &[Envelope],
) -> Result<bool, DbError> {
    let sql = "
        WITH changed AS (
            UPDATE tutors SET display_name = $2, headline = $3, bio = $4, time_zone = $5, country = $6,
                   languages = $7, subjects = $8, rate_amount = $9, rate_currency = $10, search_words = $11,
                   subject_ids = $12, sequence = $13, updated_at = $14
            WHERE id = $1 AND sequence = $16
            RETURNING 1
        )
        SELECT outbox_put($15) FROM changed";
    Ok(!send_profile(db, sql, tutor, events, Some(before)).await?.is_empty())
}

async fn send_profile(
    db: &Database,
    sql: &str,
    tutor: &Tutor,
    events: &[Envelope],
    before: Option<i64>,
) -> Result<Vec<Row>, DbError> {
    let profile = &tutor.profile;
    let rate = profile.hourly_rate.get();
    let (name, headline, bio) =
        (profile.display_name.as_str(), profile.headline.as_str(), profile.bio.as_str());
    let (zone, country, currency) =
        (profile.time_zone.as_str(), profile.country.as_str(), rate.currency.as_str());
    let subject_ids: Vec<&str> = profile.subjects.as_slice().iter().map(|s| s.subject.as_str()).collect();
    let searched = [name, headline, &subject_ids.join(" ")].join(" ");
    let search_words = words(&searched).collect::<Vec<_>>().join(" ");
    let (languages, subjects) = (Json(&profile.languages), Json(&profile.subjects));
    let rows = outbox::rows(events);
    let mut params: Vec<Param<'_>> = vec![
        (&tutor.id.0, Type::UUID),
        (&name, Type::TEXT),
        (&headline, Type::TEXT),
        (&bio, Type::TEXT),
        (&zone, Type::TEXT),
        (&country, Type::TEXT),
        (&languages, Type::JSONB),
        (&subjects, Type::JSONB),
        (&rate.amount, Type::INT8),
        (&currency, Type::TEXT),
        (&search_words, Type::TEXT),
        (&subject_ids, Type::TEXT_ARRAY),
        (&tutor.sequence, Type::INT8),
        (&tutor.updated_at, Type::TIMESTAMPTZ),
        (&rows, Type::JSONB),
    ];
    if let Some(before) = &before {
        params.push((before, Type::INT8));
    }
    db.write(sql, &params).await
}

/// Saves the hours of a tutor whose stored sequence is `before`; `false`, and nothing done, when the tutor has
/// changed since.
pub async fn update_availability(
    db: &Database,
    tutor: &Tutor,
    before: i64,
    events: &[Envelope],
) -> Result<bool, DbError> {
    let sql = "
        WITH changed AS (
            UPDATE tutors SET availability = $2, sequence = $3, updated_at = $4
            WHERE id = $1 AND sequence = $5
            RETURNING 1
        )
        SELECT outbox_put($6) FROM changed";
    let (availability, rows) = (tutor.availability.as_ref().map(Json), outbox::rows(events));
    let params = [
        (&tutor.id.0 as _, Type::UUID),
        (&availability as _, Type::JSONB),
        (&tutor.sequence as _, Type::INT8),
        (&tutor.updated_at as _, Type::TIMESTAMPTZ),
        (&before as _, Type::INT8),
        (&rows as _, Type::JSONB),
    ];
    Ok(!db.write(sql, &params).await?.is_empty())
}

/// An id as the domain's type, when there is one.
pub(super) fn id<T: From<Uuid>>(row: &Row, column: &str) -> Result<Option<T>, DbError> {
    Ok(row.try_get::<_, Option<Uuid>>(column)?.map(T::from))
}

/// The id of a verification that must be there.
pub(super) fn verification_id(row: &Row) -> Result<VerificationId, DbError> {
    id(row, "verification_id")?.ok_or_else(|| DbError::Stored("a verification is missing".to_owned()))
}
