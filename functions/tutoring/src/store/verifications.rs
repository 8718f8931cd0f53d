//! The table `verifications`.

use jiff::Timestamp;
use lectern_domain::event::Envelope;
use lectern_domain::id::{UserId, VerificationId};
use lectern_domain::text::{Line, Text};
use lectern_domain::tutoring::tutor::Tutor;
use lectern_domain::tutoring::verification::{
    Claim, Decision, Reason, Submission, Verification, VerificationStatus,
};
use lectern_postgres::idempotency::Stored;
use lectern_postgres::{Database, DbError, Json, Row, Type, first_answer, outbox};
use lectern_runtime::http::IdempotencyKey;
use serde_json::Value;

use super::tutors::{self, newest_verification, tutor_columns};

/// A verification out of a row; the state and what belongs to it must agree.
pub(super) fn verification(row: &Row, status: VerificationStatus) -> Result<Verification, DbError> {
    use VerificationStatus as S;
    if status == S::Draft {
        return Ok(Verification::Draft);
    }
    let torn = || DbError::Stored(format!("a verification that is {status} lacks a part"));
    let submission = Submission { id: tutors::verification_id(row)?, at: row.try_get("submitted_at")? };
    let claim = claim(row)?;
    let decision = decision(row)?;
    Ok(match status {
        S::Draft | S::Submitted => Verification::Submitted(submission),
        S::InReview => Verification::InReview(submission, claim.ok_or_else(torn)?),
        S::Approved => {
            Verification::Approved(submission, claim.ok_or_else(torn)?, decision.ok_or_else(torn)?)
        }
        S::Rejected => {
            Verification::Rejected(submission, claim.ok_or_else(torn)?, decision.ok_or_else(torn)?)
        }
        S::ChangesRequested => {
            Verification::ChangesRequested(submission, claim.ok_or_else(torn)?, decision.ok_or_else(torn)?)
        }
    })
}

fn claim(row: &Row) -> Result<Option<Claim>, DbError> {
    let at: Option<Timestamp> = row.try_get("claimed_at")?;
    let admin: Option<UserId> = tutors::id(row, "claimed_by")?;
    Ok(admin.zip(at).map(|(admin, at)| Claim { admin, at }))
}

fn decision(row: &Row) -> Result<Option<Decision>, DbError> {
    let at: Option<Timestamp> = row.try_get("decided_at")?;
    let admin: Option<UserId> = tutors::id(row, "decided_by")?;
    let reason: Option<&str> = row.try_get("reason")?;
    let reason: Option<Reason> = reason.map(Text::parse).transpose()?;
    Ok(admin.zip(at).map(|(admin, at)| Decision { admin, at, reason }))
}

/// The tutor with this id, if there is one, and the first answer to the key of a submission.
pub async fn tutor_to_submit(
    db: &Database,
    id: UserId,
    use_case: &str,
    key: &IdempotencyKey,
) -> Result<(Option<Tutor>, Stored), DbError> {
    let sql = concat!(
        "SELECT ",
        tutor_columns!(),
        ", ",
        first_answer!("$2", "$3", "$4"),
        " AS first_answer FROM (VALUES (1)) one LEFT JOIN tutors t ON t.id = $1 AND t.erased_at IS NULL ",
        newest_verification!()
    );
    let caller = id.to_string();
    let params = [
        (&id.0 as _, Type::UUID),
        (&caller as _, Type::TEXT),
        (&use_case as _, Type::TEXT),
        (&key.key as _, Type::TEXT),
    ];
    let rows = db.read(sql, &params).await?;
    let Some(row) = rows.first() else { return Ok((None, None)) };
    let known = tutors::id::<UserId>(row, "id")?.is_some();
    let tutor = if known { Some(tutors::tutor(row)?) } else { None };
    Ok((tutor, row.try_get("first_answer")?))
}

/// Saves the submission of a tutor whose stored sequence is `before`, with the first answer to its key;
/// `false`, and nothing done, when the tutor has changed since.
pub async fn insert(
    db: &Database,
    tutor: &Tutor,
    before: i64,
    events: &[Envelope],
    use_case: &str,
    key: &IdempotencyKey,
    answer: &Value,
) -> Result<bool, DbError> {
    let sql = "
        WITH changed AS (
            UPDATE tutors SET verification_status = $2, sequence = $3, updated_at = $4
            WHERE id = $1 AND sequence = $5
            RETURNING id
        ), put AS (
            INSERT INTO verifications (id, tutor_id, status, submitted_at)
            SELECT $6, id, $2, $7 FROM changed
        )
        SELECT outbox_put($8), idempotency_put($9, $10, $11, $12, $13) FROM changed";
    let submission = tutor.verification.submission();
    let (id, at) = (submission.map(|s| s.id.0), submission.map(|s| s.at));
    let (status, rows, caller) =
        (tutor.verification.status().as_str(), outbox::rows(events), tutor.id.to_string());
    let (print, answer) = (key.fingerprint.as_slice(), Json(answer));
    let params = [
        (&tutor.id.0 as _, Type::UUID),
        (&status as _, Type::TEXT),
        (&tutor.sequence as _, Type::INT8),
        (&tutor.updated_at as _, Type::TIMESTAMPTZ),
        (&before as _, Type::INT8),
        (&id as _, Type::UUID),
        (&at as _, Type::TIMESTAMPTZ),
        (&rows as _, Type::JSONB),
        (&caller as _, Type::TEXT),
        (&use_case as _, Type::TEXT),
        (&key.key as _, Type::TEXT),
        (&print as _, Type::BYTEA),
        (&answer as _, Type::JSONB),
    ];
    Ok(!db.write(sql, &params).await?.is_empty())
}

/// The tutor whose submission this is, with that submission.
pub async fn tutor_of(db: &Database, id: VerificationId) -> Result<Option<Tutor>, DbError> {
    // The state is the submission's own: an older one of a tutor who submitted again is decided, and stays so.
    let sql = "
        SELECT t.id, t.display_name, t.headline, t.bio, t.time_zone, t.country, t.languages, t.subjects,
               t.rate_amount, t.rate_currency, t.availability, v.status AS verification_status, t.sequence,
               t.created_at, t.updated_at, v.id AS verification_id, v.submitted_at, v.claimed_by, v.claimed_at,
               v.decided_by, v.decided_at, v.reason
        FROM verifications v JOIN tutors t ON t.id = v.tutor_id
        WHERE v.id = $1 AND t.erased_at IS NULL";
    let rows = db.read(sql, &[(&id.0, Type::UUID)]).await?;
    rows.first().map(tutors::tutor).transpose()
}

/// Saves the approval of a tutor whose stored sequence is `before`; `false`, and nothing done, when the tutor
/// has changed since.
pub async fn approve(
    db: &Database,
    tutor: &Tutor,
    before: i64,
    events: &[Envelope],
) -> Result<bool, DbError> {
    let sql = "
        WITH changed AS (
            UPDATE tutors SET verification_status = $2, approved_at = $3, sequence = $4, updated_at = $3
            WHERE id = $1 AND sequence = $5
            RETURNING id
        ), decided AS (
            UPDATE verifications v SET status = $2, claimed_by = $7, claimed_at = $8, decided_by = $9,
                   decided_at = $3, reason = $10
            FROM changed WHERE v.id = $6 AND v.tutor_id = changed.id
        )
        SELECT outbox_put($11) FROM changed";
    let verification = &tutor.verification;
    let (claim, decision) = (verification.claim(), verification.decision());
    let status = verification.status().as_str();
    let submission = verification.submission().map(|s| s.id.0);
    let (claimed_by, claimed_at) = (claim.map(|c| c.admin.0), claim.map(|c| c.at));
    let (decided_by, decided_at) = (decision.map(|d| d.admin.0), decision.map(|d| d.at));
    let reason = decision.and_then(|d| d.reason.as_ref()).map(Text::as_str);
    let rows = outbox::rows(events);
    let params = [
        (&tutor.id.0 as _, Type::UUID),
        (&status as _, Type::TEXT),
        (&decided_at as _, Type::TIMESTAMPTZ),
        (&tutor.sequence as _, Type::INT8),
        (&before as _, Type::INT8),
        (&submission as _, Type::UUID),
        (&claimed_by as _, Type::UUID),
        (&claimed_at as _, Type::TIMESTAMPTZ),
        (&decided_by as _, Type::UUID),
        (&reason as _, Type::TEXT),
        (&rows as _, Type::JSONB),
    ];
    Ok(!db.write(sql, &params).await?.is_empty())
}

/// A submission in the admins' list.
#[derive(Debug)]
pub struct Listed {
    /// Its id.
    pub id: VerificationId,
    /// Whose it is.
    pub tutor_id: UserId,
    /// The tutor's present name; none of an erased one.
    pub display_name: Option<Line<80>>,
    /// Where it stands.
    pub status: VerificationStatus,
    /// When it was submitted.
    pub submitted_at: Timestamp,
    /// Who has or had it in hand.
    pub claim: Option<Claim>,
    /// What was decided.
    pub decision: Option<Decision>,
}

/// Submissions, the oldest first, and how many there are in all.
pub async fn list(
    db: &Database,
    status: Option<VerificationStatus>,
    limit: u32,
    offset: u32,
) -> Result<(Vec<Listed>, u64), DbError> {
    // The count is there even when the page lies beyond the end.
    let sql = "
        SELECT (SELECT count(*) FROM verifications WHERE $1::text IS NULL OR status = $1) AS total, page.*
        FROM (VALUES (1)) one LEFT JOIN (
            SELECT v.id AS verification_id, v.tutor_id, t.display_name, v.status, v.submitted_at, v.claimed_by,
                   v.claimed_at, v.decided_by, v.decided_at, v.reason
            FROM verifications v JOIN tutors t ON t.id = v.tutor_id
            WHERE $1::text IS NULL OR v.status = $1
            ORDER BY v.submitted_at, v.id LIMIT $2 OFFSET $3
        ) page ON true
        ORDER BY page.submitted_at, page.verification_id";
    let (status, limit, offset) =
        (status.map(VerificationStatus::as_str), i64::from(limit), i64::from(offset));
    let params = [(&status as _, Type::TEXT), (&limit as _, Type::INT8), (&offset as _, Type::INT8)];
    let rows = db.read(sql, &params).await?;
    let total: i64 = rows.first().map(|row| row.try_get("total")).transpose()?.unwrap_or(0);
    let mut items = Vec::with_capacity(rows.len());
    for row in &rows {
        if tutors::id::<VerificationId>(row, "verification_id")?.is_some() {
            items.push(listed(row)?);
        }
    }
    Ok((items, u64::try_from(total).unwrap_or(0)))
}

fn listed(row: &Row) -> Result<Listed, DbError> {
    Ok(Listed {
        id: tutors::verification_id(row)?,
        tutor_id: UserId(row.try_get("tutor_id")?),
        display_name: row.try_get::<_, Option<&str>>("display_name")?.map(Text::parse).transpose()?,
        status: VerificationStatus::parse(row.try_get("status")?)?,
        submitted_at: row.try_get("submitted_at")?,
        claim: claim(row)?,
        decision: decision(row)?,
    })
}
