//! The table `verifications`: submitting, claiming, deciding. Reading it is in [`super::verification_queue`].

use jiff::Timestamp;
use lectern_domain::event::Envelope;
use lectern_domain::id::{DocumentId, UserId, VerificationId};
use lectern_domain::text::Text;
use lectern_domain::tutoring::document::DocumentStatus;
use lectern_domain::tutoring::requirements::{HandedIn, RefusedDocument};
use lectern_domain::tutoring::tutor::Tutor;
use lectern_domain::tutoring::verification::{
    Claim, Decision, Reason, Submission, SubmissionKind, Verification, VerificationStatus,
};
use lectern_postgres::idempotency::Stored;
use lectern_postgres::{Database, DbError, Json, Row, Type, first_answer, outbox};
use lectern_runtime::http::IdempotencyKey;
use serde_json::Value;
use uuid::Uuid;

use super::tutors::{self, newest_verification, tutor_columns};

/// A verification out of a row; the state and what belongs to it must agree.
pub(super) fn verification(row: &Row, status: VerificationStatus) -> Result<Verification, DbError> {
    use VerificationStatus as S;
    if status == S::Draft {
        return Ok(Verification::Draft);
    }
    let torn = || DbError::Stored(format!("a verification that is {status} lacks a part"));
    let submission = Submission {
        id: tutors::verification_id(row)?,
        kind: SubmissionKind::parse(row.try_get("verification_kind")?)?,
        at: row.try_get("submitted_at")?,
    };
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

/// Who has or had a submission in hand. Older code wrote no end, because it claimed only by deciding.
pub(super) fn claim(row: &Row) -> Result<Option<Claim>, DbError> {
    let at: Option<Timestamp> = row.try_get("claimed_at")?;
    let until: Option<Timestamp> = row.try_get("claim_ends_at")?;
    let admin: Option<UserId> = tutors::id(row, "claimed_by")?;
    Ok(admin.zip(at).map(|(admin, at)| Claim { admin, at, until: until.unwrap_or(at) }))
}

/// What was decided.
pub(super) fn decision(row: &Row) -> Result<Option<Decision>, DbError> {
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

/// What a tutor has handed in.
macro_rules! handed_in {
    ($tutor:literal) => {
        concat!(
            "(SELECT coalesce(jsonb_agg(jsonb_build_object('id', d.id, 'kind', d.kind, 'status', d.status)
                                        ORDER BY d.created_at, d.id), '[]')
              FROM documents d WHERE d.tutor_id = ",
            $tutor,
            ") AS handed_in"
        )
    };
}
pub(super) use handed_in;

/// What somebody who submits has.
#[derive(Debug)]
pub struct ToSubmit {
    /// The tutor; none without a profile.
    pub tutor: Option<Tutor>,
    /// The documents.
    pub handed_in: Vec<HandedIn>,
    /// The first answer to the key of the submission.
    pub stored: Stored,
}

/// What is there to be submitted.
pub async fn to_submit(
    db: &Database,
    id: UserId,
    use_case: &str,
    key: &IdempotencyKey,
) -> Result<ToSubmit, DbError> {
    let sql = concat!(
        "SELECT ",
        tutor_columns!(),
        ", ",
        handed_in!("t.id"),
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
    let row = rows.first().ok_or_else(|| DbError::Stored("one row is always there".to_owned()))?;
    let known = tutors::id::<UserId>(row, "id")?.is_some();
    Ok(ToSubmit {
        tutor: if known { Some(tutors::tutor(row)?) } else { None },
        handed_in: row.try_get::<_, Json<_>>("handed_in")?.0,
        stored: row.try_get("first_answer")?,
    })
}

/// Saves the submission of a tutor whose stored sequence is `before`, with the first answer to its key (use
/// case, key, answer); `false`, and nothing done, when the tutor has changed since, or one of the good documents
/// that were `handed_in` is not there any more.
pub async fn insert(
    db: &Database,
    tutor: &Tutor,
    before: i64,
    handed_in: &[HandedIn],
    events: &[Envelope],
    first: (&str, &IdempotencyKey, &Value),
) -> Result<bool, DbError> {
    // The tutor is locked first and then the documents, as by whoever takes one away.
    let sql = "
        WITH owner AS MATERIALIZED (
            SELECT id FROM tutors WHERE id = $1 AND sequence = $5 FOR NO KEY UPDATE
        ), held AS MATERIALIZED (
            SELECT d.id FROM documents d JOIN owner ON d.tutor_id = owner.id
            WHERE d.id = ANY ($16) AND d.status IN ('uploaded', 'accepted') FOR SHARE OF d
        ), changed AS (
            UPDATE tutors t SET verification_status = $2, sequence = $3, updated_at = $4
            FROM owner WHERE t.id = owner.id AND (SELECT count(*) FROM held) = cardinality($16::uuid[])
            RETURNING t.id
        ), put AS (
            INSERT INTO verifications (id, tutor_id, kind, status, submitted_at)
            SELECT $6, id, $14, $15, $7 FROM changed
        )
        SELECT outbox_put($8), idempotency_put($9, $10, $11, $12, $13) FROM changed";
    let submission = tutor.verification.submission();
    let (id, at) = (submission.map(|s| s.id.0), submission.map(|s| s.at));
    let kind = submission.map(|s| s.kind.as_str());
    let (standing, status) = (tutor.verification.standing().as_str(), tutor.verification.status().as_str());
    let (rows, caller) = (outbox::rows(events), tutor.id.to_string());
    let (use_case, key, answer) = first;
    let (print, answer) = (key.fingerprint.as_slice(), Json(answer));
    let good = |d: &&HandedIn| matches!(d.status, DocumentStatus::Uploaded | DocumentStatus::Accepted);
    let documents: Vec<Uuid> = handed_in.iter().filter(good).map(|d| d.id.0).collect();
    let params = [
        (&tutor.id.0 as _, Type::UUID),
        (&standing as _, Type::TEXT),
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
        (&kind as _, Type::TEXT),
        (&status as _, Type::TEXT),
        (&documents as _, Type::UUID_ARRAY),
    ];
    Ok(!db.write(sql, &params).await?.is_empty())
}

/// A submission that an admin has before them.
#[derive(Debug)]
pub struct InHand {
    /// The tutor whose it is, with that submission: an older one of somebody who submitted again is decided,
    /// and stays so.
    pub tutor: Tutor,
    /// What the tutor has handed in.
    pub handed_in: Vec<HandedIn>,
    /// The version of the submission's row.
    pub version: i64,
    /// The version of all that the admin looks at.
    pub etag: i64,
}

/// The submission with this id, unless the tutor is erased.
pub async fn in_hand(db: &Database, id: VerificationId) -> Result<Option<InHand>, DbError> {
    let sql = concat!(
        "SELECT ",
        tutor_columns!(),
        ", ",
        handed_in!("t.id"),
        ", v.version, verification_etag(t.id) AS etag
         FROM verifications v JOIN tutors t ON t.id = v.tutor_id
         LEFT JOIN tutor_standings st ON st.tutor_id = t.id WHERE v.id = $1 AND t.erased_at IS NULL"
    );
    let rows = db.read(sql, &[(&id.0, Type::UUID)]).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    Ok(Some(InHand {
        tutor: tutors::tutor(row)?,
        handed_in: row.try_get::<_, Json<_>>("handed_in")?.0,
        version: row.try_get("version")?,
        etag: row.try_get("etag")?,
    }))
}

/// Saves a claim on the submission whose stored version is `before`; `false`, and nothing done, when it has
/// changed since. A claim is no event, so the tutor's sequence number stays.
pub async fn claim_it(db: &Database, verification: &Verification, before: i64) -> Result<bool, DbError> {
    // Tutor and submission are locked together, the tutor first, as by whoever decides: so either both change
    // or none.
    let sql = "
        WITH held AS MATERIALIZED (
            SELECT t.id FROM tutors t JOIN verifications v ON v.tutor_id = t.id
            WHERE v.id = $1 AND v.version = $2 FOR NO KEY UPDATE
        ), claimed AS (
            UPDATE verifications v SET status = $3, version = v.version + 1, claimed_by = $5, claimed_at = $6,
                   claim_ends_at = $7
            FROM held WHERE v.id = $1
        ), standing AS (
            UPDATE tutors t SET verification_status = $4
            FROM held WHERE t.id = held.id AND t.verification_status <> $4
        )
        SELECT 1 FROM held";
    let (submission, claim) = (verification.submission().map(|s| s.id.0), verification.claim());
    let (status, standing) = (verification.status().as_str(), verification.standing().as_str());
    let (by, at, until) = (claim.map(|c| c.admin.0), claim.map(|c| c.at), claim.map(|c| c.until));
    let params = [
        (&submission as _, Type::UUID),
        (&before as _, Type::INT8),
        (&status as _, Type::TEXT),
        (&standing as _, Type::TEXT),
        (&by as _, Type::UUID),
        (&at as _, Type::TIMESTAMPTZ),
        (&until as _, Type::TIMESTAMPTZ),
    ];
    Ok(!db.write(sql, &params).await?.is_empty())
}

/// A decision on a submission.
#[derive(Debug)]
pub struct Decided<'a> {
    /// The tutor after it.
    pub tutor: &'a Tutor,
    /// The tutor's stored sequence number before it.
    pub sequence_before: i64,
    /// The submission's stored version before it.
    pub version_before: i64,
    /// Documents that it takes.
    pub accepted: Vec<DocumentId>,
    /// Documents that it doesn't take.
    pub refused: &'a [RefusedDocument],
}

/// Saves a decision; `false`, and nothing done, when the tutor or the submission has changed since.
pub async fn decide(db: &Database, decided: &Decided<'_>, events: &[Envelope]) -> Result<bool, DbError> {
    // The moment of the first approval is the order of the search, and never changes.
    let sql = "
        WITH held AS MATERIALIZED (
            SELECT t.id FROM tutors t JOIN verifications v ON v.tutor_id = t.id
            WHERE t.id = $1 AND t.sequence = $2 AND v.id = $3 AND v.version = $4 FOR NO KEY UPDATE
        ), decided AS (
            UPDATE verifications v SET status = $5, version = v.version + 1, claimed_by = $6, claimed_at = $7,
                   claim_ends_at = $8, decided_by = $9, decided_at = $10, reason = $11
            FROM held WHERE v.id = $3
        ), changed AS (
            UPDATE tutors t SET verification_status = $12, sequence = $13, updated_at = $10,
                   approved_at = CASE WHEN $12 = 'approved' THEN coalesce(t.approved_at, $10) ELSE t.approved_at END
            FROM held WHERE t.id = held.id
            RETURNING 1
        ), accepted AS (
            UPDATE documents d SET status = 'accepted'
            FROM held WHERE d.tutor_id = held.id AND d.id = ANY ($14) AND d.status = 'uploaded'
        ), refused AS (
            UPDATE documents d SET status = 'rejected', reason = each.reason
            FROM held, unnest($15::uuid[], $16::text[]) AS each (id, reason)
            WHERE d.tutor_id = held.id AND d.id = each.id AND d.status IN ('uploaded', 'accepted')
        )
        SELECT outbox_put($17) FROM changed";
    let (tutor, verification) = (decided.tutor, &decided.tutor.verification);
    let (claim, decision) = (verification.claim(), verification.decision());
    let (status, standing) = (verification.status().as_str(), verification.standing().as_str());
    let submission = verification.submission().map(|s| s.id.0);
    let (claimed_by, claimed_at) = (claim.map(|c| c.admin.0), claim.map(|c| c.at));
    let claim_ends_at = claim.map(|c| c.until);
    let (decided_by, decided_at) = (decision.map(|d| d.admin.0), decision.map(|d| d.at));
    let reason = decision.and_then(|d| d.reason.as_ref()).map(Text::as_str);
    let accepted: Vec<Uuid> = decided.accepted.iter().map(|id| id.0).collect();
    let refused: Vec<Uuid> = decided.refused.iter().map(|r| r.document_id.0).collect();
    let reasons: Vec<&str> = decided.refused.iter().map(|r| r.reason.as_str()).collect();
    let rows = outbox::rows(events);
    let params = [
        (&tutor.id.0 as _, Type::UUID),
        (&decided.sequence_before as _, Type::INT8),
        (&submission as _, Type::UUID),
        (&decided.version_before as _, Type::INT8),
        (&status as _, Type::TEXT),
        (&claimed_by as _, Type::UUID),
        (&claimed_at as _, Type::TIMESTAMPTZ),
        (&claim_ends_at as _, Type::TIMESTAMPTZ),
        (&decided_by as _, Type::UUID),
        (&decided_at as _, Type::TIMESTAMPTZ),
        (&reason as _, Type::TEXT),
        (&standing as _, Type::TEXT),
        (&tutor.sequence as _, Type::INT8),
        (&accepted as _, Type::UUID_ARRAY),
        (&refused as _, Type::UUID_ARRAY),
        (&reasons as _, Type::TEXT_ARRAY),
        (&rows as _, Type::JSONB),
    ];
    Ok(!db.write(sql, &params).await?.is_empty())
}
