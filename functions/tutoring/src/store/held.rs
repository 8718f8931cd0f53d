//! Everything that the context's tables hold on one person.

/// For [`lectern_postgres::held::page`]. Which admin decided, and why somebody was decided on by this person
/// as an admin, are others' own; so is what a student who invited a tutor looks for. Copies that go by
/// themselves within days are left out: events on their way, first answers by idempotency key, tokens that were
/// taken back, keys of files that are about to be deleted. Of documents and photos the export says what there
/// is; the files themselves their owner fetches by the links of `GET /v1/tutors/me/documents` and
/// `GET /v1/tutors/me/photo`.
pub const SQL: &str = "
    SELECT 0 AS part, '' AS key, 'summary' AS kind, jsonb_build_object(
        'name', (SELECT display_name FROM tutors WHERE id = $1),
        'status', (SELECT verification_status FROM tutors WHERE id = $1 AND erased_at IS NULL),
        'submissions', (SELECT count(*) FROM verifications WHERE tutor_id = $1),
        'documents', (SELECT count(*) FROM documents WHERE tutor_id = $1),
        'lessons', (SELECT count(*) FROM lesson_times WHERE tutor_id = $1),
        'favourites', (SELECT count(*) FROM favourites WHERE student_id = $1),
        'matchRequests', (SELECT count(*) FROM match_requests WHERE student_id = $1),
        'invitations', (SELECT count(*) FROM match_invitations WHERE tutor_id = $1),
        'decisions', (SELECT count(*) FROM verifications WHERE $1 IN (claimed_by, decided_by))) AS data
    UNION ALL
    SELECT 1, '', 'tutorProfile', jsonb_strip_nulls(jsonb_build_object(
        'tutorId', id, 'displayName', display_name, 'headline', headline, 'bio', bio, 'timeZone', time_zone,
        'country', country, 'languages', languages, 'subjects', subjects,
        'hourlyRate', jsonb_build_object('amount', rate_amount, 'currency', rate_currency),
        'trialPrice', CASE WHEN trial_amount IS NOT NULL
                           THEN jsonb_build_object('amount', trial_amount, 'currency', rate_currency) END,
        'videoUrl', video_url,
        'availability', availability, 'overrides', overrides, 'verificationStatus', verification_status, 'approvedAt', approved_at,
        'createdAt', created_at, 'updatedAt', updated_at))
    FROM tutors WHERE id = $1 AND erased_at IS NULL
    UNION ALL
    SELECT 2, id::text, 'verification', jsonb_strip_nulls(jsonb_build_object(
        'verificationId', id, 'kind', kind, 'status', status, 'submittedAt', submitted_at, 'decidedAt', decided_at,
        'reason', reason))
    FROM verifications WHERE tutor_id = $1
    UNION ALL
    SELECT 3, lesson_id::text, 'lessonTime', jsonb_strip_nulls(jsonb_build_object(
        'lessonId', lesson_id, 'start', starts_at, 'end', ends_at, 'takesTime', busy, 'outcome', outcome))
    FROM lesson_times WHERE tutor_id = $1
    UNION ALL
    SELECT 4, '', 'busyCalendar', jsonb_strip_nulls(jsonb_build_object(
        'host', split_part(url, '/', 3), 'copiedAt', copied_at,
        'busy', (SELECT jsonb_agg(jsonb_build_object('start', lower(r), 'end', upper(r))) FROM unnest(busy) r)))
    FROM busy_calendars WHERE tutor_id = $1
    UNION ALL
    SELECT 5, id::text, 'verificationInHand', jsonb_strip_nulls(jsonb_build_object(
        'verificationId', id, 'tutorId', tutor_id,
        'claimedAt', CASE claimed_by WHEN $1 THEN claimed_at END,
        'decidedAt', CASE decided_by WHEN $1 THEN decided_at END))
    FROM verifications WHERE $1 IN (claimed_by, decided_by)
    UNION ALL
    SELECT 6, id::text, 'document', jsonb_strip_nulls(jsonb_build_object(
        'documentId', id, 'kind', kind, 'status', status, 'contentType', content_type, 'size', size,
        'sha256', encode(sha256, 'base64'), 'createdAt', created_at, 'uploadedAt', uploaded_at, 'reason', reason))
    FROM documents WHERE tutor_id = $1
    UNION ALL
    SELECT 7, id::text, 'photo', jsonb_strip_nulls(jsonb_build_object(
        'photoId', id, 'status', status, 'contentType', content_type, 'size', size,
        'sha256', encode(sha256, 'base64'), 'createdAt', created_at, 'shownAt', shown_at, 'reason', reason))
    FROM photos WHERE tutor_id = $1
    UNION ALL
    SELECT 8, '', 'account', jsonb_build_object('userId', user_id, 'role', role, 'active', active)
    FROM tutor_accounts WHERE user_id = $1 AND role IS NOT NULL
    UNION ALL
    SELECT 20, tutor_id::text, 'favourite', jsonb_build_object('tutorId', tutor_id, 'addedAt', added_at)
    FROM favourites WHERE student_id = $1
    UNION ALL
    SELECT 21, id::text, 'matchRequest', jsonb_build_object(
        'matchRequestId', id, 'request', wish, 'matches', matches, 'createdAt', created_at,
        'invitations', (
            SELECT coalesce(jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
                'invitationId', i.id, 'tutorId', i.tutor_id, 'status', i.status, 'invitedAt', i.invited_at,
                'expiresAt', i.expires_at, 'answeredAt', i.answered_at)) ORDER BY i.id), '[]')
            FROM match_invitations i WHERE i.match_request_id = r.id))
    FROM match_requests r WHERE student_id = $1
    UNION ALL
    SELECT 22, id::text, 'matchInvitation', jsonb_strip_nulls(jsonb_build_object(
        'invitationId', id, 'status', status, 'invitedAt', invited_at, 'expiresAt', expires_at,
        'answeredAt', answered_at))
    FROM match_invitations WHERE tutor_id = $1
    UNION ALL
    SELECT 23, '', 'teaching', jsonb_strip_nulls(jsonb_build_object(
        'lessonsTaught', lessons_taught, 'responseMinutes', response_minutes, 'badgeAwardedAt', badge_awarded_at))
    FROM tutor_standings WHERE tutor_id = $1
    UNION ALL
    SELECT 24, review_id::text, 'rating', jsonb_build_object(
        'reviewId', review_id, 'stars', stars, 'visible', visible, 'postedAt', posted_at)
    FROM review_ratings WHERE tutor_id = $1";
