//! The table `tutors`, and a tutor's present verification.

use jiff::Timestamp;
use lectern_domain::event::Envelope;
use lectern_domain::id::{UserId, VerificationId};
use lectern_domain::money::{Currency, Money};
use lectern_domain::text::Text;
use lectern_domain::time::{TimeRange, ZoneName};
use lectern_domain::tutoring::availability::Availability;
use lectern_domain::tutoring::profile::{Country, HourlyRate, Profile, TrialPrice};
use lectern_domain::tutoring::tutor::Tutor;
use lectern_domain::tutoring::verification::VerificationStatus;
use lectern_domain::tutoring::video::VideoUrl;
use lectern_postgres::database::Param;
use lectern_postgres::{Database, DbError, Json, Row, Type, outbox};
use uuid::Uuid;

use super::standings::standing;
use super::verifications;

macro_rules! tutor_columns {
    () => {
        "t.id, t.display_name, t.headline, t.bio, t.time_zone, t.country, t.languages, t.subjects, \
         t.rate_amount, t.rate_currency, t.trial_amount, t.video_url, t.availability, t.overrides, t.sequence, \
         t.created_at, t.updated_at, t.rating_sum, t.rating_count, st.lessons_taught, st.response_minutes, \
         st.badge_awarded_at, coalesce(v.status, 'draft') AS verification_status, v.id AS verification_id, \
         v.kind AS verification_kind, v.submitted_at, v.claimed_by, v.claimed_at, v.claim_ends_at, v.decided_by, \
         v.decided_at, v.reason"
    };
}
pub(super) use tutor_columns;

/// The newest submission of tutor `t`, if there is one, and the standing.
macro_rules! newest_verification {
    () => {
        "LEFT JOIN tutor_standings st ON st.tutor_id = t.id \
         LEFT JOIN LATERAL (SELECT * FROM verifications n WHERE n.tutor_id = t.id \
         ORDER BY n.number DESC LIMIT 1) v ON true"
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
        overrides: row.try_get::<_, Json<_>>("overrides")?.0,
        verification: verifications::verification(row, status)?,
        sequence: row.try_get("sequence")?,
        created_at: row.try_get("created_at")?,
        updated_at: row.try_get("updated_at")?,
        standing: standing(row)?,
    })
}

/// The profile out of a row with its columns.
pub(super) fn profile(row: &Row) -> Result<Profile, DbError> {
    let text = |name: &str| row.try_get::<_, &str>(name);
    let rate = rate(row)?;
    let trial: Option<i64> = row.try_get("trial_amount")?;
    let video: Option<&str> = row.try_get("video_url")?;
    Ok(Profile {
        display_name: Text::parse(text("display_name")?)?,
        headline: Text::parse(text("headline")?)?,
        bio: Text::parse(text("bio")?)?,
        time_zone: ZoneName::parse(text("time_zone")?)?,
        country: Country::parse(text("country")?)?,
        languages: row.try_get::<_, Json<_>>("languages")?.0,
        subjects: row.try_get::<_, Json<_>>("subjects")?.0,
        hourly_rate: HourlyRate::new(rate)?,
        trial_price: trial.map(|amount| TrialPrice::new(Money::new(amount, rate.currency))).transpose()?,
        video_url: video.map(VideoUrl::parse).transpose()?,
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

/// What is known of somebody who may teach.
#[derive(Debug)]
pub enum Known {
    /// The tutor with the profile.
    Tutor(Box<Tutor>),
    /// A tutor's account, and no profile yet.
    Account,
    /// Nothing: erased, never heard of, or not a tutor's account.
    Nothing,
}

/// What is known under this id.
pub async fn known(db: &Database, id: UserId) -> Result<Known, DbError> {
    let sql = concat!(
        "SELECT ",
        tutor_columns!(),
        ", EXISTS (SELECT 1 FROM tutor_accounts WHERE user_id = $1 AND role = 'tutor') AS teaches
         FROM (VALUES (1)) one LEFT JOIN tutors t ON t.id = $1 AND t.erased_at IS NULL ",
        newest_verification!()
    );
    let rows = db.read(sql, &[(&id.0, Type::UUID)]).await?;
    let Some(row) = rows.first() else { return Ok(Known::Nothing) };
    known_in(row)
}

/// [`Known`] out of [`tutor_columns`] and `teaches`.
pub(super) fn known_in(row: &Row) -> Result<Known, DbError> {
    if id::<UserId>(row, "id")?.is_some() {
        return Ok(Known::Tutor(Box::new(tutor(row)?)));
    }
    Ok(if row.try_get("teaches")? { Known::Account } else { Known::Nothing })
}

/// The tutor with this id, whatever the state of the verification, unless erased; and whether students can
/// find them.
pub async fn with_listing(db: &Database, id: UserId) -> Result<Option<(Tutor, bool)>, DbError> {
    let sql = concat!(
        "SELECT ",
        tutor_columns!(),
        ", t.verification_status = 'approved' AND t.active AS listed FROM tutors t ",
        newest_verification!(),
        " WHERE t.id = $1 AND t.erased_at IS NULL"
    );
    let rows = db.read(sql, &[(&id.0, Type::UUID)]).await?;
    rows.first().map(|row| Ok((tutor(row)?, row.try_get("listed")?))).transpose()
}

/// The tutor with this id, if there is one, and which of these subjects are not in the catalogue.
pub async fn to_replace(
    db: &Database,
    id: UserId,
    subjects: &[&str],
) -> Result<(Option<Tutor>, Vec<String>), DbError> {
    let sql = concat!(
        "SELECT ",
        tutor_columns!(),
        ", ARRAY(SELECT named FROM unnest($2::text[]) named
                 WHERE NOT EXISTS (SELECT 1 FROM subjects s WHERE s.id = named)) AS unknown
         FROM (VALUES (1)) one LEFT JOIN tutors t ON t.id = $1 AND t.erased_at IS NULL ",
        newest_verification!()
    );
    let rows = db.read(sql, &[(&id.0, Type::UUID), (&subjects, Type::TEXT_ARRAY)]).await?;
    let Some(row) = rows.first() else { return Ok((None, Vec::new())) };
    let known = self::id::<UserId>(row, "id")?.is_some();
    Ok((if known { Some(tutor(row)?) } else { None }, row.try_get("unknown")?))
}

/// The tutor with this id, if students can find them.
pub async fn listed(db: &Database, id: UserId) -> Result<Option<Tutor>, DbError> {
    let sql = concat!(
        "SELECT ",
        tutor_columns!(),
        " FROM tutors t ",
        newest_verification!(),
        " WHERE t.id = $1 AND t.verification_status = 'approved' AND t.active"
    );
    let rows = db.read(sql, &[(&id.0, Type::UUID)]).await?;
    rows.first().map(tutor).transpose()
}

/// What is in a tutor's time already.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Taken {
    /// Lessons that hold their time.
    pub lessons: Vec<TimeRange>,
    /// When the tutor is busy elsewhere.
    pub busy: Vec<TimeRange>,
}

/// The listed tutor with this id, and what the tutor's time between two moments is taken by.
pub async fn listed_with_taken(
    db: &Database,
    id: UserId,
    from: Timestamp,
    to: Timestamp,
) -> Result<Option<(Tutor, Taken)>, DbError> {
    let sql = concat!(
        "SELECT ",
        tutor_columns!(),
        ", lessons.starts, lessons.ends, business.starts AS busy_starts, business.ends AS busy_ends FROM tutors t ",
        newest_verification!(),
        " CROSS JOIN LATERAL (SELECT array_agg(starts_at ORDER BY starts_at) AS starts,
                                     array_agg(ends_at ORDER BY starts_at) AS ends
                              FROM lesson_times l
                              WHERE l.tutor_id = t.id AND l.busy AND l.ends_at > $2 AND l.starts_at < $3) lessons
          CROSS JOIN LATERAL (SELECT array_agg(lower(r) ORDER BY r) AS starts, array_agg(upper(r) ORDER BY r) AS ends
                              FROM busy_calendars b,
                                   unnest(b.busy * tstzmultirange(tstzrange($2, $3))) r
                              WHERE b.tutor_id = t.id) business
          WHERE t.id = $1 AND t.verification_status = 'approved' AND t.active"
    );
    let params = [(&id.0 as _, Type::UUID), (&from as _, Type::TIMESTAMPTZ), (&to as _, Type::TIMESTAMPTZ)];
    let rows = db.read(sql, &params).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let taken =
        Taken { lessons: ranges(row, "starts", "ends")?, busy: ranges(row, "busy_starts", "busy_ends")? };
    Ok(Some((tutor(row)?, taken)))
}

/// Ranges out of two arrays; none, when the arrays are null.
fn ranges(row: &Row, starts: &str, ends: &str) -> Result<Vec<TimeRange>, DbError> {
    let starts: Option<Vec<Timestamp>> = row.try_get(starts)?;
    let ends: Option<Vec<Timestamp>> = row.try_get(ends)?;
    let pairs = starts.unwrap_or_default().into_iter().zip(ends.unwrap_or_default());
    Ok(pairs.filter_map(|(start, end)| TimeRange::new(start, end)).collect())
}

/// Puts a new tutor in, with its events; `false`, and nothing done, when there is one with this id. Active as
/// the account is, as far as it is known: it is locked, so that it doesn't change unseen at the same moment.
pub async fn insert(db: &Database, tutor: &Tutor, events: &[Envelope]) -> Result<bool, DbError> {
    let sql = "
        WITH account AS MATERIALIZED (
            SELECT coalesce(active AND role = 'tutor', false) AS teaches FROM tutor_accounts WHERE user_id = $1
            FOR SHARE
        ), put AS (
            INSERT INTO tutors (id, display_name, headline, bio, time_zone, country, languages, subjects,
                                rate_amount, rate_currency, subject_ids, sequence, updated_at,
                                trial_amount, video_url, verification_status, created_at, active)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $15, $16, 'draft', $13,
                    coalesce((SELECT teaches FROM account), true))
            ON CONFLICT (id) DO NOTHING
            RETURNING 1
        )
        SELECT outbox_put($14) FROM put";
    Ok(!send_profile(db, sql, tutor, events, None).await?.is_empty())
}

/// Saves the profile of a tutor whose stored sequence is `before`, and queues the re-check that waits;
/// `false`, and nothing done, when the tutor has changed since. A re-check that is there already isn't queued
/// twice.
pub async fn update_profile(
    db: &Database,
    tutor: &Tutor,
    before: i64,
    events: &[Envelope],
) -> Result<bool, DbError> {
    let sql = "
        WITH changed AS (
            UPDATE tutors SET display_name = $2, headline = $3, bio = $4, time_zone = $5, country = $6,
                   languages = $7, subjects = $8, rate_amount = $9, rate_currency = $10, subject_ids = $11,
                   sequence = $12, updated_at = $13, trial_amount = $15, video_url = $16
            WHERE id = $1 AND sequence = $17
            RETURNING 1
        )
        SELECT outbox_put($14),
               CASE WHEN $18::uuid IS NOT NULL THEN verification_queue_recheck($1, $19, $18) END
        FROM changed";
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
    let (languages, subjects) = (Json(&profile.languages), Json(&profile.subjects));
    let rows = outbox::rows(events);
    let trial = profile.trial_price.map(|trial| trial.get().amount);
    let video = profile.video_url.as_ref().map(VideoUrl::as_str);
    let recheck = tutor.verification.waiting_recheck();
    let (recheck_id, recheck_at) = (recheck.map(|r| r.id.0), recheck.map(|r| r.at));
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
        (&subject_ids, Type::TEXT_ARRAY),
        (&tutor.sequence, Type::INT8),
        (&tutor.updated_at, Type::TIMESTAMPTZ),
        (&rows, Type::JSONB),
        (&trial, Type::INT8),
        (&video, Type::TEXT),
    ];
    if let Some(before) = &before {
        params.push((before, Type::INT8));
        params.push((&recheck_id, Type::UUID));
        params.push((&recheck_at, Type::TIMESTAMPTZ));
    }
    db.write(sql, &params).await
}

/// Saves the hours and overrides of a tutor whose stored sequence is `before`; `false`, and nothing done,
/// when the tutor has changed since.
pub async fn update_availability(
    db: &Database,
    tutor: &Tutor,
    before: i64,
    events: &[Envelope],
) -> Result<bool, DbError> {
    let sql = "
        WITH changed AS (
            UPDATE tutors SET availability = $2, overrides = $7, sequence = $3, updated_at = $4
            WHERE id = $1 AND sequence = $5
            RETURNING 1
        )
        SELECT outbox_put($6) FROM changed";
    let (availability, overrides) = (tutor.availability.as_ref().map(Json), Json(&tutor.overrides));
    let rows = outbox::rows(events);
    let params = [
        (&tutor.id.0 as _, Type::UUID),
        (&availability as _, Type::JSONB),
        (&tutor.sequence as _, Type::INT8),
        (&tutor.updated_at as _, Type::TIMESTAMPTZ),
        (&before as _, Type::INT8),
        (&rows as _, Type::JSONB),
        (&overrides as _, Type::JSONB),
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
