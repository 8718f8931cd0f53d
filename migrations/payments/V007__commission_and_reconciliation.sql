-- The commission policy in versions, the hours that tutors have taught, and the comparison with Stripe's own list of
-- movements (product.md, Payments).

-- ------------------------------------------------------------------------------------------ commission
CREATE TABLE commission_policies (
    version bigint PRIMARY KEY CHECK (version > 0),
    valid_from timestamptz NOT NULL,
    -- [{ purpose, fromHours, basisPoints }], checked by the domain before it comes here.
    rules jsonb NOT NULL CHECK (jsonb_typeof(rules) = 'array' AND jsonb_array_length(rules) BETWEEN 3 AND 60),
    created_by uuid NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT commission_policies_not_past CHECK (valid_from >= created_at)
);
CREATE INDEX commission_policies_order ON commission_policies (valid_from DESC, version DESC);
CREATE INDEX commission_policies_by ON commission_policies (created_by);

-- What was in force at a moment of the past stays known.
CREATE FUNCTION commission_policies_are_final() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a version of the commission policy is never changed' USING ERRCODE = 'restrict_violation',
        CONSTRAINT = 'commission_policies_final';
END
$$;
CREATE TRIGGER final BEFORE UPDATE OR DELETE OR TRUNCATE ON commission_policies
    FOR EACH STATEMENT EXECUTE FUNCTION commission_policies_are_final();
REVOKE UPDATE, DELETE, TRUNCATE ON commission_policies FROM payments_app;

ALTER TABLE payments ADD COLUMN commission_version bigint REFERENCES commission_policies;

-- Each completed lesson once; the hours taught are its sum.
CREATE TABLE tutor_hours (
    lesson_id uuid PRIMARY KEY,
    tutor_id uuid NOT NULL,
    minutes integer NOT NULL CHECK (minutes > 0),
    completed_at timestamptz NOT NULL
);
CREATE INDEX tutor_hours_tutor ON tutor_hours (tutor_id) INCLUDE (minutes);

-- ------------------------------------------------------------------------------------------ stuck payments
-- When Stripe was last asked about a payment that waits.
ALTER TABLE payments ADD COLUMN looked_at timestamptz;
CREATE INDEX payments_waiting ON payments (looked_at NULLS FIRST, updated_at)
    WHERE status IN ('requires_payment', 'processing');

-- ------------------------------------------------------------------------------------------ reconciliation
-- Stripe's balance transactions of the platform, as they were read there. Never changed: Stripe doesn't either.
CREATE TABLE stripe_movements (
    id text PRIMARY KEY,
    type text NOT NULL,
    -- What moved the money; some types have none.
    source text,
    currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    amount bigint NOT NULL,
    fee bigint NOT NULL,
    net bigint NOT NULL,
    -- As Stripe says, and when we read it.
    created_at timestamptz NOT NULL,
    read_at timestamptz NOT NULL,
    CONSTRAINT stripe_movements_net CHECK (net = amount - fee)
);
CREATE INDEX stripe_movements_source ON stripe_movements ((coalesce(source, id)), currency) INCLUDE (net);
CREATE INDEX stripe_movements_created ON stripe_movements (created_at);
REVOKE UPDATE, DELETE, TRUNCATE ON stripe_movements FROM payments_app;

-- A walk through Stripe's list, from its newest movement back to `since`.
CREATE TABLE reconciliation_runs (
    id uuid PRIMARY KEY,
    started_at timestamptz NOT NULL,
    -- What is older was read by earlier runs.
    since timestamptz,
    -- The newest movement that was there when the walk began: the next one goes back to a while before it.
    reached timestamptz,
    -- The last movement that was read: where a walk that was interrupted goes on.
    cursor text,
    seen bigint NOT NULL DEFAULT 0,
    -- Differences found by it, and open after it.
    found bigint,
    open bigint,
    finished_at timestamptz
);
CREATE UNIQUE INDEX reconciliation_runs_unfinished ON reconciliation_runs ((finished_at IS NULL)) WHERE finished_at IS NULL;
CREATE INDEX reconciliation_runs_latest ON reconciliation_runs (started_at DESC);

-- Where Stripe and the ledger don't say the same.
CREATE TABLE reconciliation_differences (
    id uuid PRIMARY KEY,
    -- Stripe's id of what moved the money.
    source text NOT NULL,
    currency text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('missing_here', 'missing_there', 'other_amount', 'unexpected_type')),
    -- Stripe's types of the movements.
    types text[] NOT NULL,
    -- What moved the platform's balance by Stripe's list, and by the ledger.
    at_stripe bigint NOT NULL,
    in_ledger bigint NOT NULL,
    -- Whose transaction it is in the ledger.
    subject text,
    found_at timestamptz NOT NULL,
    seen_at timestamptz NOT NULL,
    resolved_at timestamptz
);
CREATE UNIQUE INDEX reconciliation_differences_open ON reconciliation_differences (source, currency)
    WHERE resolved_at IS NULL;
CREATE INDEX reconciliation_differences_order ON reconciliation_differences (found_at DESC, id DESC);

-- Which of Stripe's objects moved the platform's balance, as the ledger has it. A reference is Stripe's id, with what
-- follows a tilde where one object moves money several times; a transaction whose reference isn't Stripe's id finds it
-- by its operation. In two parts, so that either can be looked up by the source.
CREATE VIEW ledger_movements AS
    SELECT split_part(t.reference, '~', 1) AS source, e.currency, e.amount, t.posted_at, t.subject, t.kind
    FROM ledger_transactions t
    JOIN ledger_entries e ON e.transaction_id = t.id AND e.account = 'stripe_balance'
    WHERE t.kind NOT IN ('refund_settled', 'refund_failed', 'transfer', 'reversal')
    UNION ALL
    SELECT o.stripe_id, e.currency, e.amount, t.posted_at, t.subject, t.kind
    FROM stripe_operations o
    JOIN ledger_transactions t ON t.payment_id = o.payment_id AND CASE o.kind
        WHEN 'refund' THEN t.kind IN ('refund_settled', 'refund_failed')
            AND split_part(t.reference, '~', 1) = o.reference
        ELSE t.kind = o.kind AND t.reference = o.reference END
    JOIN ledger_entries e ON e.transaction_id = t.id AND e.account = 'stripe_balance'
    WHERE o.kind IN ('refund', 'transfer', 'reversal') AND o.stripe_id IS NOT NULL;
CREATE INDEX ledger_transactions_reference ON ledger_transactions (split_part(reference, '~', 1))
    WHERE kind NOT IN ('refund_settled', 'refund_failed', 'transfer', 'reversal');
CREATE INDEX stripe_operations_made ON stripe_operations (stripe_id) WHERE stripe_id IS NOT NULL;

-- ------------------------------------------------------------------------------------------ the ledger's own proof
-- The same rules at less cost (docs/performance.md). What a statement adds has to sum to zero by itself, so no transaction
-- is ever left uneven by another entry; each new transaction is looked at as a whole, once, when the database's
-- transaction ends; and the statement that posts is planned once a connection instead of each time.
DROP TRIGGER balanced ON ledger_entries;
CREATE FUNCTION ledger_entries_are_balanced() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    wrong uuid;
BEGIN
    SELECT transaction_id INTO wrong FROM added
    GROUP BY transaction_id, currency HAVING sum(amount) <> 0 LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'ledger transaction % is not balanced', wrong USING ERRCODE = 'check_violation',
            CONSTRAINT = 'ledger_balanced';
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER balanced AFTER INSERT ON ledger_entries REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_entries_are_balanced();

CREATE OR REPLACE FUNCTION ledger_is_balanced() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT coalesce(sum(entries), 0) < 2 OR bool_or(sum <> 0) FROM (
            SELECT count(*) AS entries, sum(amount) AS sum FROM ledger_entries
            WHERE transaction_id = NEW.id GROUP BY currency) AS by_currency) THEN
        RAISE EXCEPTION 'ledger transaction % is not balanced', NEW.id USING ERRCODE = 'check_violation',
            CONSTRAINT = 'ledger_balanced';
    END IF;
    RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION ledger_post(transactions jsonb) RETURNS bigint LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    entered bigint;
BEGIN
    WITH posted AS (
        INSERT INTO ledger_transactions (id, payment_id, other, kind, reference, posted_at)
        SELECT (t ->> 'id')::uuid, (t ->> 'paymentId')::uuid, t ->> 'other', t ->> 'kind', t ->> 'reference',
               (t ->> 'postedAt')::timestamptz
        FROM jsonb_array_elements(transactions) t
        ON CONFLICT ON CONSTRAINT ledger_transactions_once DO NOTHING
        RETURNING id
    ), put AS (
        INSERT INTO ledger_entries (transaction_id, account, currency, amount)
        SELECT p.id, e ->> 'account', t ->> 'currency', (e ->> 'amount')::bigint
        FROM jsonb_array_elements(transactions) t
        JOIN posted p ON p.id = (t ->> 'id')::uuid
        CROSS JOIN LATERAL jsonb_array_elements(t -> 'entries') e
        RETURNING 1
    )
    SELECT count(*) INTO entered FROM put;
    RETURN entered;
END
$$;
