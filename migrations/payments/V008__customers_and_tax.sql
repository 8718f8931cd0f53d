-- Payers as Stripe's customers: Stripe keeps their cards, we keep which customer is whose.

CREATE TABLE stripe_customers (
    user_id uuid PRIMARY KEY,
    -- Empty while it is being made.
    stripe_customer_id text UNIQUE,
    -- Number of the try to make it, and since when that may have been sent: see shared/domain, payments::Customer.
    attempt integer NOT NULL CHECK (attempt > 0),
    since timestamptz NOT NULL,
    -- The user is erased: no customer is made any more. The row stays, so that a request that was under way at that
    -- moment doesn't make one.
    closed_at timestamptz,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT stripe_customers_closed CHECK (closed_at IS NULL OR stripe_customer_id IS NULL)
);

-- The payer's customer when the payment was made. It is a part of the request that makes the payment at Stripe, so it
-- is frozen here like everything that an idempotency key stands for.
ALTER TABLE payments ADD COLUMN stripe_customer text;

-- Who a tutor is to a tax authority. The number is there encrypted alone: with a key of KMS that only the function
-- that writes it may encrypt with, and only the one that makes forms may decrypt with.
CREATE TABLE tax_profiles (
    tutor_id uuid PRIMARY KEY,
    country text NOT NULL CHECK (country ~ '^[A-Z]{2}$'),
    legal_name text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('individual', 'business')),
    tax_id_kind text NOT NULL CHECK (tax_id_kind IN ('ssn', 'itin', 'ein', 'other')),
    -- What is shown of the number: four characters at most.
    tax_id_ending text NOT NULL CHECK (length(tax_id_ending) <= 4),
    -- Under the key of KMS, bound to the tutor.
    tax_id_encrypted bytea NOT NULL,
    address jsonb NOT NULL,
    version bigint NOT NULL CHECK (version > 0),
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);

-- What a tutor earned in a calendar year (UTC), as it was when the year was closed. A correction is another revision;
-- what was told once stays.
CREATE TABLE tax_years (
    tutor_id uuid NOT NULL,
    year smallint NOT NULL CHECK (year BETWEEN 2011 AND 2999),
    revision integer NOT NULL CHECK (revision > 0),
    -- [{ currency, gross, payments, earned, months: [12] }], minor units: see shared/domain, payments::tax::YearTotals.
    totals jsonb NOT NULL,
    made_at timestamptz NOT NULL,
    PRIMARY KEY (tutor_id, year, revision)
);
REVOKE UPDATE, DELETE, TRUNCATE ON tax_years FROM payments_app;

-- What every tutor earned between two moments: a row for each tutor. Gross are the charges of payments for the tutor,
-- whatever became of them later; earned is what was booked to the tutor, less what was taken back, wherever it lies.
CREATE FUNCTION tax_totals(since timestamptz, until timestamptz)
RETURNS TABLE (tutor_id uuid, totals jsonb) LANGUAGE sql STABLE AS $$
    WITH moved AS (
        SELECT p.tutor_id, p.currency, extract(month FROM t.posted_at AT TIME ZONE 'UTC')::integer AS month,
               p.amount AS gross, 1 AS payments, 0::bigint AS earned
        FROM ledger_transactions t JOIN payments p ON p.id = t.payment_id
        WHERE t.kind = 'charge' AND t.posted_at >= since AND t.posted_at < until
        UNION ALL
        SELECT split_part(e.account, ':', 2)::uuid, e.currency, NULL, 0, 0, -e.amount
        FROM ledger_transactions t JOIN ledger_entries e ON e.transaction_id = t.id
        WHERE t.posted_at >= since AND t.posted_at < until AND e.account LIKE 'tutor:%:payable'
          -- These only move a tutor's money from place to place.
          AND t.kind NOT IN ('transfer', 'reversal', 'reclassified', 'payout', 'payout_paid', 'payout_failed')
    ), summed AS (
        SELECT m.tutor_id, m.currency, sum(m.gross)::bigint AS gross, sum(m.payments)::bigint AS payments,
               sum(m.earned)::bigint AS earned, jsonb_build_array(
                   coalesce(sum(m.gross) FILTER (WHERE month = 1), 0),
                   coalesce(sum(m.gross) FILTER (WHERE month = 2), 0),
                   coalesce(sum(m.gross) FILTER (WHERE month = 3), 0),
                   coalesce(sum(m.gross) FILTER (WHERE month = 4), 0),
                   coalesce(sum(m.gross) FILTER (WHERE month = 5), 0),
                   coalesce(sum(m.gross) FILTER (WHERE month = 6), 0),
                   coalesce(sum(m.gross) FILTER (WHERE month = 7), 0),
                   coalesce(sum(m.gross) FILTER (WHERE month = 8), 0),
                   coalesce(sum(m.gross) FILTER (WHERE month = 9), 0),
                   coalesce(sum(m.gross) FILTER (WHERE month = 10), 0),
                   coalesce(sum(m.gross) FILTER (WHERE month = 11), 0),
                   coalesce(sum(m.gross) FILTER (WHERE month = 12), 0)) AS months
        FROM moved m GROUP BY m.tutor_id, m.currency
    )
    SELECT s.tutor_id, jsonb_agg(to_jsonb(s) - 'tutor_id' ORDER BY s.currency)
    FROM summed s WHERE s.payments <> 0 OR s.earned <> 0 GROUP BY s.tutor_id
$$;
