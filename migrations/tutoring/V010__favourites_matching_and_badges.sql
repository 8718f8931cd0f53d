-- Favourites, matching requests with their invitations, and what is known of a tutor by teaching (product.md,
-- Tutoring).

CREATE TABLE favourites (
    student_id uuid NOT NULL,
    tutor_id uuid NOT NULL REFERENCES tutors (id) ON DELETE CASCADE,
    added_at timestamptz NOT NULL,
    PRIMARY KEY (student_id, tutor_id)
);
CREATE INDEX favourites_newest ON favourites (student_id, added_at DESC, tutor_id DESC);
CREATE INDEX favourites_of_tutor ON favourites (tutor_id);

-- Adds a favourite, unless the student has `most` already: 'added'; 'known' when it was one before, 'unlisted' when the
-- tutor can't be found, 'full'. One at a time for each student, so that two at once can't pass the bound together.
CREATE FUNCTION favourite_add(student uuid, tutor uuid, at timestamptz, most integer) RETURNS text
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('favourites:' || student, 0));
    IF EXISTS (SELECT 1 FROM favourites WHERE student_id = student AND tutor_id = tutor) THEN
        RETURN 'known';
    END IF;
    IF NOT EXISTS (SELECT 1 FROM tutors WHERE id = tutor AND verification_status = 'approved' AND active) THEN
        RETURN 'unlisted';
    END IF;
    IF (SELECT count(*) FROM favourites WHERE student_id = student) >= most THEN
        RETURN 'full';
    END IF;
    INSERT INTO favourites (student_id, tutor_id, added_at) VALUES (student, tutor, at);
    RETURN 'added';
END
$$;

-- What a student asked for, and whom the answer ranked: ids, scores and reasons, no names.
CREATE TABLE match_requests (
    id uuid PRIMARY KEY,
    student_id uuid NOT NULL,
    wish jsonb NOT NULL CHECK (jsonb_typeof(wish) = 'object'),
    matches jsonb NOT NULL CHECK (jsonb_typeof(matches) = 'array'),
    -- Rises with each set of invitations, so that two at once can't pass their bound together.
    sequence bigint NOT NULL CHECK (sequence > 0),
    created_at timestamptz NOT NULL
);
CREATE INDEX match_requests_of_student ON match_requests (student_id);

-- Subjects of which this one is a part; what it needs or is related to, and what it is a part of, as queries over the
-- tags of `tutor_search`. Null, when there are none. Declared immutable though they read tables, for the same reason
-- and with the same right as `search_terms` (V006): the planner then knows how many rows each finds.
CREATE FUNCTION match_wholes(subject text) RETURNS text[] LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    RETURN (SELECT array_remove(wholes, id) FROM subjects WHERE id = subject);
END
$$;
CREATE FUNCTION match_whole_tags(subject text) RETURNS tsquery LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    RETURN (SELECT string_agg(format('%L', 's:' || id), ' | ')::tsquery FROM unnest(match_wholes(subject)) id);
END
$$;
CREATE FUNCTION match_near_tags(subject text) RETURNS tsquery LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    RETURN (
        SELECT string_agg(format('%L', 's:' || id), ' | ')::tsquery FROM (
            SELECT other_id FROM subject_relations
                WHERE subject_id = subject AND relation IN ('requires', 'related')
            UNION SELECT subject_id FROM subject_relations WHERE other_id = subject AND relation = 'related'
        ) AS near (id));
END
$$;

CREATE TABLE match_invitations (
    id uuid PRIMARY KEY,
    match_request_id uuid NOT NULL REFERENCES match_requests (id) ON DELETE CASCADE,
    tutor_id uuid NOT NULL REFERENCES tutors (id),
    -- A pending one whose time is over has expired already; `expired` only notes it.
    status text NOT NULL CHECK (status IN ('pending', 'accepted', 'declined', 'expired')),
    invited_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    answered_at timestamptz,
    sequence bigint NOT NULL CHECK (sequence > 0),
    UNIQUE (match_request_id, tutor_id),
    CHECK (invited_at < expires_at),
    CHECK ((status IN ('accepted', 'declined')) = (answered_at IS NOT NULL)),
    CHECK (answered_at < expires_at)
);
CREATE INDEX match_invitations_of_tutor ON match_invitations (tutor_id, invited_at DESC, id DESC);
CREATE INDEX match_invitations_open ON match_invitations (expires_at) WHERE status = 'pending';

-- What is known of a tutor by teaching. Not part of the tutor: it changes with every lesson, and nobody's version of
-- the profile is another then.
CREATE TABLE tutor_standings (
    tutor_id uuid PRIMARY KEY,
    lessons_taught integer NOT NULL DEFAULT 0 CHECK (lessons_taught >= 0),
    -- The median of the minutes from invitation to answer; null when there was none lately.
    response_minutes integer CHECK (response_minutes >= 0),
    -- When the oldest answer in the median is too old for it.
    response_until timestamptz,
    badge_awarded_at timestamptz,
    CHECK ((response_minutes IS NULL) = (response_until IS NULL))
);
CREATE INDEX tutor_standings_response ON tutor_standings (response_until) WHERE response_until IS NOT NULL;

-- Answers of a tutor after `since`, each with the minutes that it took. An invitation that was let expire counts as one
-- that took all its time: keeping silent must not look faster than declining.
CREATE FUNCTION match_replies(tutor uuid, since timestamptz) RETURNS TABLE (ended_at timestamptz, minutes integer)
LANGUAGE sql STABLE AS $$
    SELECT ended_at, (extract(epoch FROM ended_at - invited_at) / 60)::integer
    FROM match_invitations, LATERAL (SELECT coalesce(answered_at, expires_at) AS ended_at) ended
    WHERE tutor_id = tutor AND status <> 'pending' AND ended_at > since
$$;

-- Computes the response times of some tutors anew, over the `days` before `at`. The rows are locked first and read by
-- statements of their own: of two answers at once the second sees both.
CREATE FUNCTION response_refresh(which uuid[], at timestamptz, days integer) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO tutor_standings (tutor_id) SELECT DISTINCT unnest(which) ORDER BY 1 ON CONFLICT DO NOTHING;
    PERFORM 1 FROM tutor_standings WHERE tutor_id = ANY (which) ORDER BY tutor_id FOR UPDATE;
    UPDATE tutor_standings s SET response_minutes = r.median, response_until = r.oldest + make_interval(days => days)
    FROM unnest(which) AS each (tutor_id), LATERAL (
        SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY minutes) AS median, min(ended_at) AS oldest
        FROM match_replies(each.tutor_id, at - make_interval(days => days))
    ) r
    WHERE s.tutor_id = each.tutor_id;
END
$$;

-- What became of a lesson; null while it is to come, and of lessons of which only older code has heard.
ALTER TABLE lesson_times ADD COLUMN outcome text CHECK (outcome IN (
    'completed', 'cancelled_by_student', 'cancelled_by_tutor', 'cancelled_by_platform', 'expired', 'no_show_student',
    'no_show_tutor'));
CREATE INDEX lesson_times_outcomes ON lesson_times (tutor_id, starts_at) WHERE outcome IS NOT NULL;

CREATE FUNCTION lesson_counted() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    more integer := coalesce(NEW.outcome = 'completed', false)::integer;
BEGIN
    IF TG_OP = 'UPDATE' THEN
        more := more - coalesce(OLD.outcome = 'completed', false)::integer;
    END IF;
    IF more <> 0 THEN
        INSERT INTO tutor_standings AS s (tutor_id, lessons_taught) VALUES (NEW.tutor_id, greatest(more, 0))
            ON CONFLICT (tutor_id) DO UPDATE SET lessons_taught = greatest(s.lessons_taught + more, 0);
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER lesson_times_counted AFTER INSERT OR UPDATE OF outcome ON lesson_times
    FOR EACH ROW EXECUTE FUNCTION lesson_counted();

-- Ratings of tutors by the review that gave them, as far as the events of `reviews` have told; out of these
-- `tutors.rating_sum` and `rating_count`. A review that is hidden stays here, so that an older event that comes late
-- doesn't count it again.
CREATE TABLE review_ratings (
    review_id uuid PRIMARY KEY,
    tutor_id uuid NOT NULL,
    stars smallint NOT NULL CHECK (stars BETWEEN 1 AND 5),
    visible boolean NOT NULL,
    posted_at timestamptz NOT NULL,
    -- The review's sequence number in the newest event seen.
    sequence bigint NOT NULL
);
CREATE INDEX review_ratings_of_tutor ON review_ratings (tutor_id, posted_at);

-- By differences, which the tutor's row adds up one after the other however many come at once.
CREATE FUNCTION rating_counted() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    stars integer := CASE WHEN NEW.visible THEN NEW.stars ELSE 0 END;
    ratings integer := NEW.visible::integer;
BEGIN
    IF TG_OP = 'UPDATE' THEN
        stars := stars - CASE WHEN OLD.visible THEN OLD.stars ELSE 0 END;
        ratings := ratings - OLD.visible::integer;
    END IF;
    IF stars <> 0 OR ratings <> 0 THEN
        UPDATE tutors SET rating_sum = rating_sum + stars, rating_count = rating_count + ratings
            WHERE id = NEW.tutor_id AND erased_at IS NULL;
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER review_ratings_counted AFTER INSERT OR UPDATE ON review_ratings
    FOR EACH ROW EXECUTE FUNCTION rating_counted();
