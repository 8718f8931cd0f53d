//! Everything that the context's tables hold on one person.

/// For [`lectern_postgres::held::page`]. Which admin decided, and why somebody was decided on by this person
/// as an admin, are others' own. Copies that go by themselves within days are left out: events on their way,
/// first answers by idempotency key, tokens that were taken back.
pub const SQL: &str = "
    SELECT 0 AS part, '' AS key, 'summary' AS kind, jsonb_build_object(
        'name', (SELECT display_name FROM tutors WHERE id = $1),
        'status', (SELECT verification_status FROM tutors WHERE id = $1 AND erased_at IS NULL),
        'submissions', (SELECT count(*) FROM verifications WHERE tutor_id = $1),
        'lessons', (SELECT count(*) FROM lesson_times WHERE tutor_id = $1),
        'decisions', (SELECT count(*) FROM verifications WHERE $1 IN (claimed_by, decided_by))) AS data
    UNION ALL
    SELECT 1, '', 'tutorProfile', jsonb_strip_nulls(jsonb_build_object(
        'tutorId', id, 'displayName', display_name, 'headline', headline, 'bio', bio, 'timeZone', time_zone,
        'country', country, 'languages', languages, 'subjects', subjects,
        'hourlyRate', jsonb_build_object('amount', rate_amount, 'currency', rate_currency),
        'availability', availability, 'verificationStatus', verification_status, 'approvedAt', approved_at,
        'createdAt', created_at, 'updatedAt', updated_at))
    FROM tutors WHERE id = $1 AND erased_at IS NULL
    UNION ALL
    SELECT 2, id::text, 'verification', jsonb_strip_nulls(jsonb_build_object(
        'verificationId', id, 'status', status, 'submittedAt', submitted_at, 'decidedAt', decided_at,
        'reason', reason))
    FROM verifications WHERE tutor_id = $1
    UNION ALL
    SELECT 3, lesson_id::text, 'lessonTime', jsonb_build_object(
        'lessonId', lesson_id, 'start', starts_at, 'end', ends_at, 'takesTime', busy)
    FROM lesson_times WHERE tutor_id = $1
    UNION ALL
    SELECT 4, id::text, 'verificationInHand', jsonb_strip_nulls(jsonb_build_object(
        'verificationId', id, 'tutorId', tutor_id,
        'claimedAt', CASE claimed_by WHEN $1 THEN claimed_at END,
        'decidedAt', CASE decided_by WHEN $1 THEN decided_at END))
    FROM verifications WHERE $1 IN (claimed_by, decided_by)";
