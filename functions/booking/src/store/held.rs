//! Everything that the context's tables hold on one person.

/// For [`lectern_postgres::held::page`]. Of the other side of a lesson there is the id. The state machine's
/// own notes (tokens, executions) are no data on a person; copies that go by themselves within days are left
/// out: events on their way, first answers by idempotency key, tokens that were taken back.
pub const SQL: &str = "
    SELECT 0 AS part, '' AS key, 'summary' AS kind, jsonb_agg(to_jsonb(counted)) AS data FROM (
        SELECT CASE $1 WHEN tutor_id THEN 'tutor' ELSE 'student' END AS role, status, count(*) AS lessons,
               min(starts_at) AS first, max(starts_at) AS last
        FROM lessons WHERE $1 IN (student_id, tutor_id) GROUP BY 1, 2 ORDER BY 1, 2
    ) counted HAVING count(*) > 0
    UNION ALL
    SELECT 1, to_char(starts_at AT TIME ZONE 'UTC', 'YYYYMMDDHH24MISSUS') || id::text, 'lesson',
        jsonb_strip_nulls(jsonb_build_object(
        'lessonId', id, 'role', CASE $1 WHEN tutor_id THEN 'tutor' ELSE 'student' END,
        'studentId', student_id, 'tutorId', tutor_id, 'subject', subject, 'start', starts_at, 'end', ends_at,
        'price', jsonb_build_object('amount', price_amount, 'currency', price_currency), 'status', status,
        'terms', terms, 'payBefore', hold_expires_at, 'paymentId', payment_id, 'cancelledBy', cancelled_by,
        'cancelReason', cancel_reason,
        'refund', CASE WHEN refund_amount IS NOT NULL THEN
            jsonb_build_object('amount', refund_amount, 'currency', price_currency) END,
        'createdAt', created_at, 'updatedAt', updated_at))
    FROM lessons WHERE $1 IN (student_id, tutor_id)";
