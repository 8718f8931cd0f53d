-- Disputes, refunds that fail later, and what admins do to payments.

ALTER TABLE payments
    -- A release was asked for while a dispute was open.
    ADD COLUMN release_asked boolean NOT NULL DEFAULT false,
    -- Taken back by the payer's bank for good: of what was not refunded, and besides.
    ADD COLUMN charged_back bigint NOT NULL DEFAULT 0 CHECK (charged_back >= 0),
    ADD COLUMN overdrawn bigint NOT NULL DEFAULT 0 CHECK (overdrawn >= 0),
    -- A dispute is open; derived, for the sweep.
    ADD COLUMN frozen boolean NOT NULL DEFAULT false,
    ADD CONSTRAINT payments_given_back CHECK (refunded + charged_back <= amount);
-- Pages of lists: ids rise with time.
CREATE INDEX payments_of_payer ON payments (payer_id, id);
CREATE INDEX payments_of_tutor ON payments (tutor_id, id);

-- The last attempt that Stripe did and that failed afterwards.
ALTER TABLE stripe_operations ADD COLUMN undone integer NOT NULL DEFAULT 0 CHECK (undone < attempt);

CREATE TABLE disputes (
    id uuid PRIMARY KEY,
    payment_id uuid NOT NULL REFERENCES payments,
    stripe_id text NOT NULL CONSTRAINT disputes_stripe UNIQUE,
    amount bigint NOT NULL CHECK (amount > 0),
    status text NOT NULL CHECK (status IN ('warning_needs_response', 'warning_under_review', 'warning_closed',
        'needs_response', 'under_review', 'charge_refunded', 'lost', 'won')),
    reason text NOT NULL,
    due_by timestamptz,
    opened_at timestamptz NOT NULL,
    withdrawn bigint NOT NULL CHECK (withdrawn >= 0),
    reinstated bigint NOT NULL,
    fee bigint NOT NULL,
    moves integer NOT NULL,
    lost bigint NOT NULL,
    outcome text CHECK (outcome IN ('won', 'lost', 'dropped')),
    -- The place in the list: open ones by the time that is left, then closed ones, the latest first.
    closed boolean NOT NULL GENERATED ALWAYS AS (outcome IS NOT NULL) STORED,
    place numeric NOT NULL GENERATED ALWAYS AS (CASE WHEN outcome IS NULL
        THEN extract(epoch FROM coalesce(due_by, opened_at) - timestamptz '1970-01-01 00:00:00+00')
        ELSE -extract(epoch FROM opened_at - timestamptz '1970-01-01 00:00:00+00') END) STORED
);
CREATE INDEX disputes_payment ON disputes (payment_id);
CREATE INDEX disputes_list ON disputes (closed, place, id);

-- Evidence on its way to Stripe: a row before it is sent. The words are taken away when Stripe has them, or refuses.
CREATE TABLE dispute_submissions (
    id uuid PRIMARY KEY,
    dispute_id uuid NOT NULL REFERENCES disputes,
    admin_id uuid NOT NULL,
    request_key text NOT NULL,
    fingerprint bytea NOT NULL,
    fields jsonb,
    submit boolean NOT NULL,
    attempt integer NOT NULL CHECK (attempt > 0),
    state text NOT NULL CHECK (state IN ('open', 'done', 'refused')),
    error_code text,
    not_before timestamptz NOT NULL,
    since timestamptz NOT NULL,
    CONSTRAINT dispute_submissions_once UNIQUE (admin_id, request_key),
    CONSTRAINT dispute_submissions_words CHECK ((fields IS NOT NULL) = (state = 'open'))
);
CREATE INDEX dispute_submissions_open ON dispute_submissions (not_before) WHERE state = 'open';

-- What an admin did to a payment, and why. The event of it carries no words.
CREATE TABLE payment_admin_actions (
    payment_id uuid NOT NULL REFERENCES payments,
    kind text NOT NULL CHECK (kind IN ('refund', 'release', 'evidence')),
    reference text NOT NULL,
    admin_id uuid NOT NULL,
    reason text,
    amount bigint,
    at timestamptz NOT NULL,
    PRIMARY KEY (payment_id, kind, reference)
);

CREATE OR REPLACE FUNCTION payment_document(wanted payments) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT to_jsonb(wanted) || jsonb_build_object(
        'operations', coalesce(
            (SELECT jsonb_agg(to_jsonb(o) ORDER BY o.since, o.kind, o.reference)
             FROM stripe_operations o WHERE o.payment_id = wanted.id), '[]'),
        'disputes', coalesce(
            (SELECT jsonb_agg(to_jsonb(d) ORDER BY d.opened_at, d.id)
             FROM disputes d WHERE d.payment_id = wanted.id), '[]'))
$$;

CREATE OR REPLACE FUNCTION stripe_operations_put(payment uuid, operations jsonb)
RETURNS bigint LANGUAGE sql VOLATILE AS $$
    WITH put AS (
        INSERT INTO stripe_operations (payment_id, kind, reference, amount, target, reason, attempt, undone, state,
                                       stripe_id, error_code, not_before, since)
        SELECT payment, o.kind, o.reference, o.amount, o.target, o.reason, o.attempt, coalesce(o.undone, 0), o.state,
               o.stripe_id, o.error_code, o.not_before, o.since
        FROM jsonb_to_recordset(operations) AS o(kind text, reference text, amount bigint, target text,
             reason text, attempt integer, undone integer, state text, stripe_id text, error_code text,
             not_before timestamptz, since timestamptz)
        ON CONFLICT (payment_id, kind, reference) DO UPDATE SET
            amount = excluded.amount, target = excluded.target, reason = excluded.reason,
            attempt = excluded.attempt, undone = excluded.undone, state = excluded.state,
            stripe_id = excluded.stripe_id, error_code = excluded.error_code,
            not_before = excluded.not_before, since = excluded.since
        RETURNING 1
    )
    SELECT count(*) FROM put
$$;

-- Writes a payment's disputes as they are now.
CREATE FUNCTION disputes_put(payment uuid, wanted jsonb) RETURNS bigint LANGUAGE sql VOLATILE AS $$
    WITH put AS (
        INSERT INTO disputes (id, payment_id, stripe_id, amount, status, reason, due_by, opened_at, withdrawn,
                              reinstated, fee, moves, lost, outcome)
        SELECT d.id, payment, d.stripe_id, d.amount, d.status, d.reason, d.due_by, d.opened_at, d.withdrawn,
               d.reinstated, d.fee, d.moves, d.lost, d.outcome
        FROM jsonb_populate_recordset(NULL::disputes, wanted) AS d
        ON CONFLICT (id) DO UPDATE SET
            amount = excluded.amount, status = excluded.status, reason = excluded.reason,
            due_by = excluded.due_by, withdrawn = excluded.withdrawn, reinstated = excluded.reinstated,
            fee = excluded.fee, moves = excluded.moves, lost = excluded.lost, outcome = excluded.outcome
        RETURNING 1
    )
    SELECT count(*) FROM put
$$;

-- Writes what admins did: [{ admin_id, kind, reference, reason, amount }].
CREATE FUNCTION payment_actions_put(payment uuid, wanted jsonb, moment timestamptz)
RETURNS bigint LANGUAGE sql VOLATILE AS $$
    WITH put AS (
        INSERT INTO payment_admin_actions (payment_id, kind, reference, admin_id, reason, amount, at)
        SELECT payment, a.kind, a.reference, a.admin_id, a.reason, a.amount, moment
        FROM jsonb_populate_recordset(NULL::payment_admin_actions, wanted) AS a
        ON CONFLICT (payment_id, kind, reference) DO NOTHING
        RETURNING 1
    )
    SELECT count(*) FROM put
$$;
