CREATE EXTENSION IF NOT EXISTS btree_gist;

-- Lessons. The database itself refuses two at the same time, for a tutor and for a student.
CREATE TABLE lessons (
    id uuid PRIMARY KEY,
    student_id uuid NOT NULL,
    tutor_id uuid NOT NULL,
    subject text NOT NULL,
    starts_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    -- The end, and the free time that the tutor wants between two lessons.
    blocked_until timestamptz NOT NULL,
    price_amount bigint NOT NULL CHECK (price_amount >= 0),
    price_currency text NOT NULL CHECK (price_currency ~ '^[A-Z]{3}$'),
    status text NOT NULL CHECK (status IN (
        'pending_payment', 'scheduled', 'in_progress', 'completed', 'expired', 'cancelled',
        'no_show_student', 'no_show_tutor', 'disputed', 'refunded')),
    -- The terms under which it was booked: a later change of policy doesn't touch them.
    terms jsonb NOT NULL,
    hold_expires_at timestamptz NOT NULL,
    payment_id uuid,
    cancelled_by text CHECK (cancelled_by IN ('student', 'tutor', 'platform')),
    cancel_reason text,
    refund_amount bigint CHECK (refund_amount BETWEEN 0 AND price_amount),
    sequence bigint NOT NULL CHECK (sequence > 0),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT lessons_time CHECK (starts_at < ends_at AND ends_at <= blocked_until),
    CONSTRAINT lessons_two_people CHECK (student_id <> tutor_id),
    CONSTRAINT lessons_cancellation CHECK (
        (status = 'cancelled') = (cancelled_by IS NOT NULL)
        AND (cancelled_by IS NULL) = (cancel_reason IS NULL)
        AND (cancelled_by IS NULL) = (refund_amount IS NULL)),
    -- Half-open ranges: a lesson may begin when another ends. The gap counts once between two lessons, so it
    -- is added on one side.
    CONSTRAINT lessons_tutor_free EXCLUDE USING gist (
        tutor_id WITH =,
        tstzrange(starts_at, blocked_until) WITH &&
    ) WHERE (status NOT IN ('expired', 'cancelled')),
    CONSTRAINT lessons_student_free EXCLUDE USING gist (
        student_id WITH =,
        tstzrange(starts_at, ends_at) WITH &&
    ) WHERE (status NOT IN ('expired', 'cancelled'))
);
CREATE INDEX lessons_of_student ON lessons (student_id, starts_at DESC, id);
CREATE INDEX lessons_of_tutor ON lessons (tutor_id, starts_at DESC, id);

-- The state machine of each lesson: its execution, the tokens that it waits with, and what they are to be
-- answered, in one row, so that an answer and a token can come in either order.
CREATE TABLE lesson_sagas (
    lesson_id uuid PRIMARY KEY REFERENCES lessons (id),
    status text NOT NULL DEFAULT 'requested' CHECK (status IN ('requested', 'running', 'closed', 'parked')),
    -- Counts the executions: one that died is followed by another, which goes the same way again.
    attempt integer NOT NULL DEFAULT 1 CHECK (attempt > 0),
    execution_arn text,
    payment_token text,
    payment_outcome jsonb,
    payment_answered_at timestamptz,
    outcome_token text,
    outcome jsonb,
    outcome_answered_at timestamptz,
    parked_because text,
    parked_token text,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);
-- What the sweep looks for.
CREATE INDEX lesson_sagas_not_started ON lesson_sagas (created_at) WHERE status = 'requested';
CREATE INDEX lesson_sagas_running ON lesson_sagas (lesson_id) WHERE status = 'running';
CREATE INDEX lesson_sagas_not_answered ON lesson_sagas (updated_at) WHERE
    (payment_token IS NOT NULL AND payment_outcome IS NOT NULL AND payment_answered_at IS NULL)
    OR (outcome_token IS NOT NULL AND outcome IS NOT NULL AND outcome_answered_at IS NULL);
