//! Reading the table `verifications`: the admins' queue, and a tutor's own past.

use jiff::Timestamp;
use lectern_domain::id::{DocumentId, UserId, VerificationId};
use lectern_domain::text::{Line, Text};
use lectern_domain::time::Instant;
use lectern_domain::tutoring::document::{DocumentKind, DocumentStatus};
use lectern_domain::tutoring::profile::Profile;
use lectern_domain::tutoring::requirements::HandedIn;
use lectern_domain::tutoring::verification::{Claim, Decision, Reason, SubmissionKind, VerificationStatus};
use lectern_postgres::{Database, DbError, Json, Row, Type};
use serde::Deserialize;

use super::tutors::{self, Known, newest_verification, tutor_columns};
use super::verifications::{self, handed_in};

/// A submission in the admins' list.
#[derive(Debug)]
pub struct Listed {
    /// Its id.
    pub id: VerificationId,
    /// Whose it is.
    pub tutor_id: UserId,
    /// The tutor's present name; none of an erased one.
    pub display_name: Option<Line<80>>,
    /// What for.
    pub kind: SubmissionKind,
    /// Where it stands.
    pub status: VerificationStatus,
    /// When it was submitted.
    pub submitted_at: Timestamp,
    /// Who has or had it in hand.
    pub claim: Option<Claim>,
    /// What was decided.
    pub decision: Option<Decision>,
}

/// Which submissions are wanted; all of it together.
#[derive(Clone, Copy, Debug, Default)]
pub struct Filter {
    /// Only those that stand so.
    pub status: Option<VerificationStatus>,
    /// Only those for this.
    pub kind: Option<SubmissionKind>,
    /// Only those submitted before this moment.
    pub submitted_before: Option<Timestamp>,
}

/// Submissions, the oldest first, and how many there are in all.
pub async fn list(
    db: &Database,
    filter: Filter,
    limit: u32,
    offset: u32,
) -> Result<(Vec<Listed>, u64), DbError> {
    // The count is there even when the page lies beyond the end.
    let sql = "
        WITH wanted AS NOT MATERIALIZED (
            SELECT * FROM verifications v
            WHERE ($1::text IS NULL OR v.status = $1) AND ($4::text IS NULL OR v.kind = $4)
              AND ($5::timestamptz IS NULL OR v.submitted_at < $5)
        )
        SELECT (SELECT count(*) FROM wanted) AS total, page.*
        FROM (VALUES (1)) one LEFT JOIN (
            SELECT v.id AS verification_id, v.tutor_id, t.display_name, v.kind, v.status, v.submitted_at, v.claimed_by,
                   v.claimed_at, v.claim_ends_at, v.decided_by, v.decided_at, v.reason
            FROM wanted v JOIN tutors t ON t.id = v.tutor_id
            ORDER BY v.submitted_at, v.id LIMIT $2 OFFSET $3
        ) page ON true
        ORDER BY page.submitted_at, page.verification_id";
    let (status, kind) =
        (filter.status.map(VerificationStatus::as_str), filter.kind.map(SubmissionKind::as_str));
    let (limit, offset) = (i64::from(limit), i64::from(offset));
    let params = [
        (&status as _, Type::TEXT),
        (&limit as _, Type::INT8),
        (&offset as _, Type::INT8),
        (&kind as _, Type::TEXT),
        (&filter.submitted_before as _, Type::TIMESTAMPTZ),
    ];
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
        kind: SubmissionKind::parse(row.try_get("kind")?)?,
        status: VerificationStatus::parse(row.try_get("status")?)?,
        submitted_at: row.try_get("submitted_at")?,
        claim: verifications::claim(row)?,
        decision: verifications::decision(row)?,
    })
}

/// A submission of the past or the present.
#[derive(Debug, Deserialize)]
pub struct Past {
    /// Its id.
    pub id: VerificationId,
    /// What for.
    pub kind: SubmissionKind,
    /// Where it stands.
    pub status: VerificationStatus,
    /// When it was submitted.
    pub submitted_at: Instant,
    /// Who has or had it in hand.
    pub claimed_by: Option<UserId>,
    /// Since when.
    pub claimed_at: Option<Instant>,
    /// Until when nobody else may take it.
    pub claim_ends_at: Option<Instant>,
    /// Who decided.
    pub decided_by: Option<UserId>,
    /// When.
    pub decided_at: Option<Instant>,
    /// Why.
    pub reason: Option<Reason>,
}

/// All submissions of a tutor, the newest first.
macro_rules! history {
    ($tutor:literal) => {
        concat!(
            "(SELECT coalesce(jsonb_agg(to_jsonb(h) ORDER BY h.number DESC), '[]')
              FROM verifications h WHERE h.tutor_id = ",
            $tutor,
            ") AS history"
        )
    };
}

/// A tutor's own verification.
#[derive(Debug)]
pub struct Own {
    /// Whose it is.
    pub known: Known,
    /// What has been handed in.
    pub handed_in: Vec<HandedIn>,
    /// All submissions, the newest first.
    pub history: Vec<Past>,
    /// The version of all of it.
    pub etag: i64,
}

/// All that a tutor sees of the own verification.
pub async fn own(db: &Database, id: UserId) -> Result<Own, DbError> {
    let sql = concat!(
        "SELECT ",
        tutor_columns!(),
        ", EXISTS (SELECT 1 FROM tutor_accounts WHERE user_id = $1 AND role = 'tutor') AS teaches, ",
        handed_in!("t.id"),
        ", ",
        history!("t.id"),
        ", CASE WHEN t.id IS NULL THEN 0 ELSE verification_etag(t.id) END AS etag
         FROM (VALUES (1)) one LEFT JOIN tutors t ON t.id = $1 AND t.erased_at IS NULL ",
        newest_verification!()
    );
    let rows = db.read(sql, &[(&id.0, Type::UUID)]).await?;
    let row = rows.first().ok_or_else(|| DbError::Stored("one row is always there".to_owned()))?;
    Ok(Own {
        known: tutors::known_in(row)?,
        handed_in: row.try_get::<_, Json<_>>("handed_in")?.0,
        history: row.try_get::<_, Json<_>>("history")?.0,
        etag: row.try_get("etag")?,
    })
}

/// A document as an admin sees it.
#[derive(Debug, Deserialize)]
pub struct HandedInFile {
    /// Its id.
    pub id: DocumentId,
    /// What it is.
    pub kind: DocumentKind,
    /// Where it stands.
    pub status: DocumentStatus,
    /// Media type.
    pub content_type: String,
    /// Bytes.
    pub size: i32,
    /// When it was announced.
    pub created_at: Instant,
    /// When it came.
    pub uploaded_at: Option<Instant>,
    /// Why it was rejected.
    pub reason: Option<String>,
}

/// A submission with all that an admin needs for a decision.
#[derive(Debug)]
pub struct Reviewed {
    /// The submission.
    pub listed: Listed,
    /// What is in the profile now; none of an erased tutor.
    pub profile: Option<Profile>,
    /// What the tutor has handed in, the oldest first.
    pub documents: Vec<HandedInFile>,
    /// All submissions of the tutor, the newest first.
    pub history: Vec<Past>,
    /// The version of all of it.
    pub etag: i64,
}

/// All that an admin sees of a submission.
pub async fn reviewed(db: &Database, id: VerificationId) -> Result<Option<Reviewed>, DbError> {
    let sql = concat!(
        "SELECT v.id AS verification_id, v.tutor_id, v.kind, v.status, v.submitted_at, v.claimed_by, v.claimed_at,
                v.claim_ends_at, v.decided_by, v.decided_at, v.reason, t.display_name, t.headline, t.bio, t.time_zone,
                t.country, t.languages, t.subjects, t.rate_amount, t.rate_currency, t.trial_amount, t.video_url,
                verification_etag(t.id) AS etag, ",
        history!("t.id"),
        ", (SELECT coalesce(jsonb_agg(to_jsonb(d) ORDER BY d.created_at, d.id), '[]')
            FROM documents d WHERE d.tutor_id = t.id) AS documents
         FROM verifications v JOIN tutors t ON t.id = v.tutor_id WHERE v.id = $1"
    );
    let rows = db.read(sql, &[(&id.0, Type::UUID)]).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let listed = listed(row)?;
    Ok(Some(Reviewed {
        profile: listed.display_name.as_ref().map(|_| tutors::profile(row)).transpose()?,
        listed,
        documents: row.try_get::<_, Json<_>>("documents")?.0,
        history: row.try_get::<_, Json<_>>("history")?.0,
        etag: row.try_get("etag")?,
    }))
}
