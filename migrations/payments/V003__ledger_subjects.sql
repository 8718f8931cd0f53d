-- The ledger for more than payments: payouts and invoices have transactions of their own, and what lies in a tutor's
-- account at Stripe is an account of ours.

ALTER TABLE ledger_transactions
    ALTER COLUMN payment_id DROP NOT NULL,
    -- What else moved money, as `payout:<id>` or `invoice:<Stripe's id>`.
    ADD COLUMN other text CHECK (other ~ '^payout:[0-9a-f-]{36}$' OR other ~ '^invoice:[A-Za-z0-9_]{1,200}$'),
    ADD CONSTRAINT ledger_transactions_subject CHECK (num_nonnulls(payment_id, other) = 1);
ALTER TABLE ledger_transactions
    ADD COLUMN subject text NOT NULL GENERATED ALWAYS AS (coalesce('payment:' || payment_id::text, other)) STORED;
ALTER TABLE ledger_transactions
    DROP CONSTRAINT ledger_transactions_once,
    ADD CONSTRAINT ledger_transactions_once UNIQUE (subject, kind, reference),
    DROP CONSTRAINT ledger_transactions_kind_check,
    ADD CONSTRAINT ledger_transactions_kind CHECK (kind IN ('charge', 'stripe_fee', 'release', 'transfer', 'refund',
        'refund_settled', 'refund_failed', 'reversal', 'reclassified', 'dispute', 'dispute_fee', 'dispute_won',
        'dispute_lost', 'payout', 'payout_paid', 'payout_failed', 'invoice', 'invoice_fee', 'invoice_refund',
        'adjustment'));
CREATE INDEX ledger_transactions_posted ON ledger_transactions (posted_at, id);
CREATE INDEX ledger_transactions_payment ON ledger_transactions (payment_id) WHERE payment_id IS NOT NULL;

ALTER TABLE ledger_entries
    DROP CONSTRAINT ledger_entries_account_check,
    ADD CONSTRAINT ledger_entries_account CHECK (account IN ('stripe_balance', 'platform_revenue', 'refunds',
        'stripe_fees', 'disputes') OR account ~ '^escrow:[0-9a-f-]{36}$'
        -- Owed to the tutor; at Stripe in the tutor's name; on its way to the tutor's bank.
        OR account ~ '^tutor:[0-9a-f-]{36}:(payable|connected|in_transit)$');

-- `ledger_post` takes `other` from V007 on; nothing is posted by it before.

-- What was sent to tutors' accounts so far was booked as paid to them: it only lies there.
WITH moved AS (
    SELECT gen_random_uuid() AS id, t.payment_id, e.account, e.currency, sum(e.amount)::bigint AS amount
    FROM ledger_transactions t JOIN ledger_entries e ON e.transaction_id = t.id
    WHERE t.kind IN ('transfer', 'reversal') AND e.account LIKE 'tutor:%:payable'
    GROUP BY t.payment_id, e.account, e.currency
    HAVING sum(e.amount) <> 0
), posted AS (
    INSERT INTO ledger_transactions (id, payment_id, kind, reference, posted_at)
    SELECT id, payment_id, 'reclassified', '', now() FROM moved
)
INSERT INTO ledger_entries (transaction_id, account, currency, amount)
SELECT id, replace(account, ':payable', ':connected'), currency, amount FROM moved
UNION ALL
SELECT id, account, currency, -amount FROM moved;

ALTER TABLE payments
    DROP CONSTRAINT payments_purpose_check,
    ADD CONSTRAINT payments_purpose CHECK (purpose IN ('lesson', 'trial', 'course', 'subscription'));
