-- Payments, what was asked of Stripe for them, tutors' accounts at Stripe, and Stripe's events.

CREATE TABLE payments (
    id uuid PRIMARY KEY,
    purpose text NOT NULL CHECK (purpose IN ('lesson')),
    -- One payment a lesson: a second run of the step that makes it finds the first one's.
    lesson_id uuid NOT NULL CONSTRAINT payments_lesson UNIQUE,
    payer_id uuid NOT NULL,
    tutor_id uuid NOT NULL,
    description text,
    currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    -- Minor units of the currency, like every amount here.
    amount bigint NOT NULL CHECK (amount > 0),
    platform_fee bigint NOT NULL CHECK (platform_fee >= 0),
    tutor_earnings bigint NOT NULL CHECK (tutor_earnings >= 0),
    -- The rate under which it was made, in hundredths of a per cent.
    commission integer NOT NULL CHECK (commission BETWEEN 0 AND 10000),
    status text NOT NULL CHECK (status IN ('requires_payment', 'processing', 'held', 'released',
        'partially_refunded', 'refunded', 'failed', 'cancelled', 'disputed')),
    released boolean NOT NULL,
    refunded bigint NOT NULL CHECK (refunded BETWEEN 0 AND amount),
    -- The tutor's share of what was not refunded; derived, for sums.
    tutor_share bigint NOT NULL CHECK (tutor_share BETWEEN 0 AND tutor_earnings),
    -- Released, and nothing sent or being sent to the tutor yet; derived, for the sweep.
    awaits_transfer boolean NOT NULL,
    closing text CHECK (closing IN ('requested', 'declined')),
    failure_reason text,
    -- Taken away when it can't be used any more.
    client_secret text CHECK (client_secret IS NULL OR status IN ('requires_payment', 'processing')),
    charge_id text UNIQUE,
    stripe_fee bigint,
    sequence bigint NOT NULL CHECK (sequence > 0),
    revision bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT payments_split CHECK (platform_fee + tutor_earnings = amount)
);
CREATE INDEX payments_tutor ON payments (tutor_id, status);
-- What the sweep looks for.
CREATE INDEX payments_closing ON payments (id) WHERE closing IS NOT NULL;
CREATE INDEX payments_awaiting_transfer ON payments (tutor_id) WHERE awaits_transfer;
CREATE INDEX payments_without_fee ON payments (updated_at) WHERE charge_id IS NOT NULL AND stripe_fee IS NULL;

-- Calls to Stripe: a row before they are sent, settled after (see shared/domain, payments::Operation).
CREATE TABLE stripe_operations (
    payment_id uuid NOT NULL REFERENCES payments,
    kind text NOT NULL CHECK (kind IN ('create', 'cancel', 'refund', 'reversal', 'transfer')),
    reference text NOT NULL,
    amount bigint NOT NULL CHECK (amount >= 0),
    target text,
    reason text,
    attempt integer NOT NULL CHECK (attempt > 0),
    state text NOT NULL CHECK (state IN ('open', 'done', 'refused')),
    stripe_id text,
    error_code text,
    not_before timestamptz,
    since timestamptz NOT NULL,
    PRIMARY KEY (payment_id, kind, reference),
    CONSTRAINT stripe_operations_done CHECK (state <> 'done' OR stripe_id IS NOT NULL)
);
CREATE INDEX stripe_operations_open ON stripe_operations (since) WHERE state = 'open';

CREATE TABLE payout_accounts (
    tutor_id uuid PRIMARY KEY,
    stripe_account_id text UNIQUE,
    attempt integer NOT NULL CHECK (attempt > 0),
    transfers_active boolean NOT NULL,
    payouts_enabled boolean NOT NULL,
    announced boolean NOT NULL,
    sequence bigint NOT NULL,
    revision bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);

-- Stripe's events, each once. Applied ones are kept for looking into a case.
CREATE TABLE stripe_events (
    id text PRIMARY KEY,
    type text NOT NULL,
    payment_id uuid,
    created_at timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    -- Empty while its effect has not been saved: it will come again.
    applied_at timestamptz
);
CREATE INDEX stripe_events_received ON stripe_events (received_at);

-- A payment as the domain reads it, with its operations.
CREATE FUNCTION payment_document(wanted payments) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT to_jsonb(wanted) || jsonb_build_object('operations', coalesce(
        (SELECT jsonb_agg(to_jsonb(o) ORDER BY o.since, o.kind, o.reference)
         FROM stripe_operations o WHERE o.payment_id = wanted.id), '[]'))
$$;

-- Writes a payment's operations as they are now.
CREATE FUNCTION stripe_operations_put(payment uuid, operations jsonb) RETURNS bigint LANGUAGE sql VOLATILE AS $$
    WITH put AS (
        INSERT INTO stripe_operations (payment_id, kind, reference, amount, target, reason, attempt, state,
                                       stripe_id, error_code, not_before, since)
        SELECT payment, o.kind, o.reference, o.amount, o.target, o.reason, o.attempt, o.state,
               o.stripe_id, o.error_code, o.not_before, o.since
        FROM jsonb_to_recordset(operations) AS o(kind text, reference text, amount bigint, target text,
             reason text, attempt integer, state text, stripe_id text, error_code text,
             not_before timestamptz, since timestamptz)
        ON CONFLICT (payment_id, kind, reference) DO UPDATE SET
            amount = excluded.amount, target = excluded.target, reason = excluded.reason,
            attempt = excluded.attempt, state = excluded.state, stripe_id = excluded.stripe_id,
            error_code = excluded.error_code, not_before = excluded.not_before, since = excluded.since
        RETURNING 1
    )
    SELECT count(*) FROM put
$$;
