//! The table `match_invitations`.

use jiff::Timestamp;
use lectern_domain::event::Envelope;
use lectern_domain::id::{InvitationId, MatchRequestId, UserId};
use lectern_domain::tutoring::matching::{Invitation, InvitationStatus, MatchRequest, Wish};
use lectern_domain::tutoring::policy::RESPONSE_DAYS;
use lectern_postgres::{Database, DbError, Json, Row, Type, outbox};
use lectern_runtime::http::IdempotencyKey;
use serde_json::Value;
use uuid::Uuid;

/// Puts new invitations of a request in, whose stored sequence is `before`, with their events and the first
/// answer to the key; `false`, and nothing done, when the request has changed since.
pub async fn insert(
    db: &Database,
    request: &MatchRequest,
    before: i64,
    new: &[Invitation],
    events: &[Envelope],
    first: (&str, &IdempotencyKey, &Value),
) -> Result<bool, DbError> {
    let sql = "
        WITH changed AS (
            UPDATE match_requests SET sequence = $2 WHERE id = $1 AND sequence = $3 RETURNING id
        ), put AS (
            INSERT INTO match_invitations
                (id, match_request_id, tutor_id, status, invited_at, expires_at, sequence)
            SELECT new.id, changed.id, new.tutor_id, 'pending', new.invited_at, new.expires_at, 1
            FROM changed, unnest($4::uuid[], $5::uuid[], $6::timestamptz[], $7::timestamptz[])
                          AS new (id, tutor_id, invited_at, expires_at)
        )
        SELECT outbox_put($8), idempotency_put($9, $10, $11, $12, $13) FROM changed";
    let ids: Vec<Uuid> = new.iter().map(|i| i.id.0).collect();
    let tutors: Vec<Uuid> = new.iter().map(|i| i.tutor_id.0).collect();
    let (invited, expire): (Vec<_>, Vec<_>) = new.iter().map(|i| (i.invited_at, i.expires_at)).unzip();
    let (use_case, key, answer) = first;
    let (caller, print, answer) = (request.student_id.to_string(), key.fingerprint.as_slice(), Json(answer));
    let rows = outbox::rows(events);
    let params = [
        (&request.id.0 as _, Type::UUID),
        (&request.sequence as _, Type::INT8),
        (&before as _, Type::INT8),
        (&ids as _, Type::UUID_ARRAY),
        (&tutors as _, Type::UUID_ARRAY),
        (&invited as _, Type::TIMESTAMPTZ_ARRAY),
        (&expire as _, Type::TIMESTAMPTZ_ARRAY),
        (&rows as _, Type::JSONB),
        (&caller as _, Type::TEXT),
        (&use_case as _, Type::TEXT),
        (&key.key as _, Type::TEXT),
        (&print as _, Type::BYTEA),
        (&answer as _, Type::JSONB),
    ];
    Ok(!db.write(sql, &params).await?.is_empty())
}

const COLUMNS: &str = "i.id, i.match_request_id, i.tutor_id, i.status, i.invited_at, i.expires_at, i.answered_at, \
     i.sequence, r.student_id, r.wish";

fn invitation(row: &Row) -> Result<(Invitation, Wish), DbError> {
    let Json(wish) = row.try_get::<_, Json<Wish>>("wish")?;
    let invitation = Invitation {
        id: InvitationId(row.try_get("id")?),
        match_request_id: MatchRequestId(row.try_get("match_request_id")?),
        student_id: UserId(row.try_get("student_id")?),
        tutor_id: UserId(row.try_get("tutor_id")?),
        subject: wish.subject.clone(),
        status: InvitationStatus::parse(row.try_get("status")?)?,
        invited_at: row.try_get("invited_at")?,
        expires_at: row.try_get("expires_at")?,
        answered_at: row.try_get("answered_at")?,
        sequence: row.try_get("sequence")?,
    };
    Ok((invitation, wish))
}

/// The tutor's own invitation with this id, and what the student is looking for.
pub async fn by_id(
    db: &Database,
    tutor: UserId,
    id: InvitationId,
) -> Result<Option<(Invitation, Wish)>, DbError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM match_invitations i JOIN match_requests r ON r.id = i.match_request_id
         WHERE i.id = $1 AND i.tutor_id = $2"
    );
    let rows = db.read(&sql, &[(&id.0, Type::UUID), (&tutor.0, Type::UUID)]).await?;
    rows.first().map(invitation).transpose()
}

/// Up to `limit` invitations of a tutor, the newest first, after the one at which the page before ended; only
/// those that stand so at `now`, when a status is given.
pub async fn of_tutor(
    db: &Database,
    tutor: UserId,
    status: Option<InvitationStatus>,
    now: Timestamp,
    after: Option<(Timestamp, InvitationId)>,
    limit: i64,
) -> Result<Vec<(Invitation, Wish)>, DbError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM match_invitations i JOIN match_requests r ON r.id = i.match_request_id
         WHERE i.tutor_id = $1
           AND ($2::text IS NULL OR $2 = CASE WHEN i.status = 'pending' AND i.expires_at <= $3 THEN 'expired'
                                              ELSE i.status END)
           AND ($4::timestamptz IS NULL OR (i.invited_at, i.id) < ($4, $5))
         ORDER BY i.invited_at DESC, i.id DESC LIMIT $6"
    );
    let (status, at, id) =
        (status.map(InvitationStatus::as_str), after.map(|(at, _)| at), after.map(|(_, id)| id.0));
    let params = [
        (&tutor.0 as _, Type::UUID),
        (&status as _, Type::TEXT),
        (&now as _, Type::TIMESTAMPTZ),
        (&at as _, Type::TIMESTAMPTZ),
        (&id as _, Type::UUID),
        (&limit as _, Type::INT8),
    ];
    db.read(&sql, &params).await?.iter().map(invitation).collect()
}

/// Saves the answer to an invitation whose stored sequence is `before`, and the tutor's response time with
/// it; `false`, and nothing done, when it has changed since.
pub async fn answer(
    db: &Database,
    invitation: &Invitation,
    before: i64,
    events: &[Envelope],
    now: Timestamp,
) -> Result<bool, DbError> {
    let sql = "
        WITH changed AS (
            UPDATE match_invitations SET status = $2, answered_at = $3, sequence = $4
            WHERE id = $1 AND sequence = $5
            RETURNING tutor_id
        )
        SELECT outbox_put($6), response_refresh(ARRAY[tutor_id], $7, $8) FROM changed";
    let (status, rows, days) = (invitation.status.as_str(), outbox::rows(events), i32::from(RESPONSE_DAYS));
    let params = [
        (&invitation.id.0 as _, Type::UUID),
        (&status as _, Type::TEXT),
        (&invitation.answered_at as _, Type::TIMESTAMPTZ),
        (&invitation.sequence as _, Type::INT8),
        (&before as _, Type::INT8),
        (&rows as _, Type::JSONB),
        (&now as _, Type::TIMESTAMPTZ),
        (&days as _, Type::INT4),
    ];
    Ok(!db.write(sql, &params).await?.is_empty())
}

/// Notes the end of up to `limit` invitations whose time was over at `now`, and what silence does to response
/// times; gives how many.
pub async fn expire(db: &Database, now: Timestamp, limit: i64) -> Result<i64, DbError> {
    let sql = "
        WITH ended AS (
            SELECT id FROM match_invitations WHERE status = 'pending' AND expires_at <= $1
            ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED
        ), changed AS (
            UPDATE match_invitations i SET status = 'expired', sequence = i.sequence + 1
            FROM ended WHERE i.id = ended.id
            RETURNING i.tutor_id
        ), gathered AS MATERIALIZED (SELECT array_agg(DISTINCT tutor_id) AS tutors, count(*) AS n FROM changed)
        SELECT n, response_refresh(tutors, $1, $3) FROM gathered WHERE n > 0";
    let days = i32::from(RESPONSE_DAYS);
    let params = [(&now as _, Type::TIMESTAMPTZ), (&limit as _, Type::INT8), (&days as _, Type::INT4)];
    let rows = db.write(sql, &params).await?;
    rows.first().map_or(Ok(0), |row| Ok(row.try_get(0)?))
}
