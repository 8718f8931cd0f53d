-- The ledger: double entry, append only, balanced by the database itself (product.md, Payments).
--
-- Sign: a positive entry is a debit, a negative one a credit. What Stripe holds for us and what it took as fees is
-- positive; what we owe and what we earned is negative. A balance is a sum of entries.

CREATE TABLE ledger_transactions (
    id uuid PRIMARY KEY,
    payment_id uuid NOT NULL REFERENCES payments,
    kind text NOT NULL CHECK (kind IN ('charge', 'stripe_fee', 'release', 'transfer', 'refund',
        'refund_settled', 'reversal')),
    -- Of which operation; with payment and kind it makes posting twice posting once.
    reference text NOT NULL,
    posted_at timestamptz NOT NULL,
    CONSTRAINT ledger_transactions_once UNIQUE (payment_id, kind, reference)
);

CREATE TABLE ledger_entries (
    transaction_id uuid NOT NULL REFERENCES ledger_transactions,
    account text NOT NULL CHECK (account IN ('stripe_balance', 'platform_revenue', 'refunds', 'stripe_fees',
        'disputes') OR account ~ '^escrow:[0-9a-f-]{36}$' OR account ~ '^tutor:[0-9a-f-]{36}:payable$'),
    currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    amount bigint NOT NULL CHECK (amount <> 0),
    PRIMARY KEY (transaction_id, account, currency)
);
CREATE INDEX ledger_entries_account ON ledger_entries (account, currency) INCLUDE (amount);

-- Nothing is ever changed or taken away: a mistake is corrected by another transaction.
CREATE FUNCTION ledger_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the ledger is append only' USING ERRCODE = 'restrict_violation',
        CONSTRAINT = 'ledger_append_only';
END
$$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_transactions
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_is_append_only();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_entries
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_is_append_only();

-- At the end of a database transaction each ledger transaction that was touched has two entries or more, and they
-- sum to zero in each currency.
CREATE FUNCTION ledger_is_balanced() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    wanted uuid := CASE TG_TABLE_NAME WHEN 'ledger_entries' THEN to_jsonb(NEW) ->> 'transaction_id'
                                      ELSE to_jsonb(NEW) ->> 'id' END;
BEGIN
    IF (SELECT count(*) FROM ledger_entries WHERE transaction_id = wanted) < 2
       OR EXISTS (SELECT 1 FROM ledger_entries WHERE transaction_id = wanted
                  GROUP BY currency HAVING sum(amount) <> 0) THEN
        RAISE EXCEPTION 'ledger transaction % is not balanced', wanted USING ERRCODE = 'check_violation',
            CONSTRAINT = 'ledger_balanced';
    END IF;
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER balanced AFTER INSERT ON ledger_transactions
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ledger_is_balanced();
CREATE CONSTRAINT TRIGGER balanced AFTER INSERT ON ledger_entries
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ledger_is_balanced();

-- Posts transactions: [{ id, paymentId, kind, reference, postedAt, currency, entries: [{ account, amount }] }].
-- One that is there already is not posted again.
CREATE FUNCTION ledger_post(transactions jsonb) RETURNS bigint LANGUAGE sql VOLATILE AS $$
    WITH posted AS (
        INSERT INTO ledger_transactions (id, payment_id, kind, reference, posted_at)
        SELECT (t ->> 'id')::uuid, (t ->> 'paymentId')::uuid, t ->> 'kind', t ->> 'reference',
               (t ->> 'postedAt')::timestamptz
        FROM jsonb_array_elements(transactions) t
        ON CONFLICT ON CONSTRAINT ledger_transactions_once DO NOTHING
        RETURNING id
    ), entered AS (
        INSERT INTO ledger_entries (transaction_id, account, currency, amount)
        SELECT p.id, e ->> 'account', t ->> 'currency', (e ->> 'amount')::bigint
        FROM jsonb_array_elements(transactions) t
        JOIN posted p ON p.id = (t ->> 'id')::uuid
        CROSS JOIN LATERAL jsonb_array_elements(t -> 'entries') e
        RETURNING 1
    )
    SELECT count(*) FROM entered
$$;

-- The application adds and reads; the triggers stand behind it for everybody else, the owner included.
REVOKE UPDATE, DELETE, TRUNCATE ON ledger_transactions, ledger_entries FROM payments_app;
