CREATE EXTENSION IF NOT EXISTS pg_trgm;

-- A tutor: profile, hours, and where the verification stands. `sequence` counts the events of all three.
CREATE TABLE tutors (
    id uuid PRIMARY KEY,
    display_name text NOT NULL CHECK (length(display_name) BETWEEN 1 AND 80),
    headline text NOT NULL CHECK (length(headline) BETWEEN 1 AND 120),
    bio text NOT NULL CHECK (length(bio) BETWEEN 1 AND 4000),
    time_zone text NOT NULL,
    country char(2) NOT NULL,
    languages jsonb NOT NULL CHECK (jsonb_typeof(languages) = 'array'),
    subjects jsonb NOT NULL CHECK (jsonb_typeof(subjects) = 'array'),
    rate_amount bigint NOT NULL CHECK (rate_amount > 0),
    rate_currency char(3) NOT NULL,
    -- Null until the tutor has said when to teach.
    availability jsonb CHECK (jsonb_typeof(availability) = 'object'),
    verification_status text NOT NULL CHECK (
        verification_status IN ('draft', 'submitted', 'in_review', 'approved', 'rejected', 'changes_requested')),
    -- The order of the search; never changes once it is there, so that pages neither repeat nor miss.
    approved_at timestamptz,
    -- What can be searched for, as plain words in lower case; made by the store from name, headline, subjects.
    search_words text NOT NULL,
    search_vector tsvector GENERATED ALWAYS AS (to_tsvector('simple', search_words)) STORED,
    subject_ids text[] NOT NULL,
    sequence bigint NOT NULL CHECK (sequence > 0),
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CHECK (verification_status <> 'approved' OR approved_at IS NOT NULL)
);
CREATE INDEX tutors_listed ON tutors (approved_at DESC, id DESC) WHERE verification_status = 'approved';
CREATE INDEX tutors_by_word ON tutors USING gin (search_vector);
CREATE INDEX tutors_by_likeness ON tutors USING gin (search_words gin_trgm_ops);
CREATE INDEX tutors_by_subject ON tutors USING gin (subject_ids);

-- Submissions, each with who had it in hand and what was decided.
CREATE TABLE verifications (
    id uuid PRIMARY KEY,
    tutor_id uuid NOT NULL REFERENCES tutors (id),
    status text NOT NULL CHECK (
        status IN ('submitted', 'in_review', 'approved', 'rejected', 'changes_requested')),
    submitted_at timestamptz NOT NULL,
    claimed_by uuid,
    claimed_at timestamptz,
    decided_by uuid,
    decided_at timestamptz,
    reason text,
    CHECK ((claimed_by IS NULL) = (claimed_at IS NULL)),
    CHECK ((decided_by IS NULL) = (decided_at IS NULL)),
    CHECK ((status = 'submitted') = (claimed_by IS NULL)),
    CHECK ((status IN ('submitted', 'in_review')) = (decided_by IS NULL)),
    CHECK (reason IS NULL OR decided_by IS NOT NULL)
);
CREATE INDEX verifications_queue ON verifications (submitted_at, id);
CREATE INDEX verifications_queue_by_status ON verifications (status, submitted_at, id);
CREATE INDEX verifications_of_tutor ON verifications (tutor_id, submitted_at DESC, id DESC);
-- A tutor has at most one submission that isn't decided yet.
CREATE UNIQUE INDEX verifications_open ON verifications (tutor_id) WHERE decided_by IS NULL;

-- A decision is kept for ever (product.md, Verification).
CREATE FUNCTION refuse_change_of_decision() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the decision on verification % is kept', OLD.id
        USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'verifications_decision_kept';
END
$$;
CREATE TRIGGER verifications_decision_kept BEFORE UPDATE OR DELETE ON verifications
    FOR EACH ROW WHEN (OLD.decided_by IS NOT NULL) EXECUTE FUNCTION refuse_change_of_decision();

-- When lessons are, as far as booking's events have told. A projection: booking's own constraints are what
-- prevents double booking. A lesson that has given its time back stays here with `busy` false, so that an
-- older event that comes late doesn't take the time again.
CREATE TABLE lesson_times (
    lesson_id uuid PRIMARY KEY,
    tutor_id uuid NOT NULL,
    starts_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    busy boolean NOT NULL,
    -- The lesson's sequence number in the newest event seen.
    sequence bigint NOT NULL,
    CHECK (starts_at < ends_at)
);
CREATE INDEX lesson_times_busy ON lesson_times (tutor_id, ends_at) WHERE busy;
