//! Everything that the context's tables hold on one person.

use lectern_domain::id::UserId;
use lectern_postgres::{Database, DbError, Type};
use serde_json::Value;
use tokio_postgres::types::Json;

/// What is held on a person, as JSON, with an entry of the audit log when `reader` isn't the person (an
/// [`crate::effects::AuditEntry`] list, empty otherwise). `null` for somebody unknown or erased.
pub async fn held(
    db: &Database,
    user: UserId,
    audit: &[crate::effects::AuditEntry],
) -> Result<Value, DbError> {
    // Why somebody is suspended is written for admins and may name others; that they are, and until when,
    // isn't.
    let sql = "
        WITH person AS (SELECT * FROM users WHERE id = $1 AND status <> 'erased'),
        read AS (
            SELECT audit_put(
                (e ->> 'at')::timestamptz, e ->> 'actor', e ->> 'action', e ->> 'subject', e -> 'details')
            FROM person, jsonb_array_elements($2) e
        )
        SELECT jsonb_build_object(
            'account', jsonb_strip_nulls(jsonb_build_object(
                'userId', p.id, 'email', p.email, 'parentEmail', p.parent_email, 'firstName', p.first_name,
                'lastName', p.last_name, 'role', p.role, 'status', p.status, 'dateOfBirth', p.date_of_birth,
                'timeZone', p.time_zone, 'locale', p.locale, 'bio', p.bio, 'skills', p.skills,
                'avatar', p.avatar, 'consentScopes', p.consent, 'suspendedUntil', p.suspended_until,
                'createdAt', p.created_at, 'updatedAt', p.updated_at)),
            'sessions', (SELECT coalesce(jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
                'device', s.device, 'beganAt', s.began_at, 'usedAt', s.used_at, 'expiresAt', s.expires_at,
                'endedAt', s.ended_at)) ORDER BY s.began_at), '[]') FROM sessions s WHERE s.user_id = p.id),
            'consents', (SELECT coalesce(jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
                'status', c.status, 'scopes', c.scopes, 'requestedAt', c.requested_at,
                'expiresAt', c.expires_at, 'decidedAt', c.decided_at))), '[]') FROM consents c WHERE c.user_id = p.id),
            'consentDecisions', (SELECT coalesce(jsonb_agg(jsonb_build_object(
                'decision', d.decision, 'scopes', d.scopes, 'method', d.method,
                'noticeVersion', d.notice_version, 'decidedAt', d.decided_at) ORDER BY d.position), '[]')
                FROM consent_decisions d JOIN consents c ON c.id = d.consent_id WHERE c.user_id = p.id),
            'exports', (SELECT coalesce(jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
                'status', x.status, 'requestedAt', x.requested_at, 'bytes', x.bytes)) ORDER BY x.requested_at),
                '[]') FROM exports x WHERE x.user_id = p.id)
        ), (SELECT count(*) FROM read)
        FROM person p";
    let audit = Json(serde_json::to_value(audit).unwrap_or_default());
    let rows = db.write(sql, &[(&user.0, Type::UUID), (&audit, Type::JSONB)]).await?;
    match rows.first() {
        Some(row) => Ok(row.try_get::<_, Json<Value>>(0)?.0),
        None => Ok(Value::Null),
    }
}
