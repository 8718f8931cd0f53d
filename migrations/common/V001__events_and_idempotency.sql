-- What every context's database has, next to its own tables: see docs/ARCHITECTURE.md, "Events".

-- Events, written in the transaction of the change that they tell of, and published after it.
CREATE TABLE outbox (
    id uuid PRIMARY KEY,
    -- In the order in which they were written: ids of one millisecond have none.
    position bigint GENERATED ALWAYS AS IDENTITY,
    envelope jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    -- Until when a relay has it in hand.
    claimed_until timestamptz,
    published_at timestamptz
);
CREATE INDEX outbox_waiting ON outbox (position) WHERE published_at IS NULL;
CREATE INDEX outbox_published ON outbox (published_at) WHERE published_at IS NOT NULL;

-- Events that a consumer has had its effect of, written in the transaction of the effect.
CREATE TABLE inbox (
    consumer text NOT NULL,
    event_id uuid NOT NULL,
    taken_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (consumer, event_id)
);
CREATE INDEX inbox_taken ON inbox (taken_at);

-- First answers to requests with an Idempotency-Key, written in the transaction of the change.
CREATE TABLE idempotency_keys (
    caller text NOT NULL,
    use_case text NOT NULL,
    key text NOT NULL CHECK (length(key) BETWEEN 1 AND 255),
    fingerprint bytea NOT NULL,
    answer jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (caller, use_case, key)
);
CREATE INDEX idempotency_keys_created ON idempotency_keys (created_at);

-- When each bucket will be full again (a generic cell rate algorithm needs no more). Losing it in a crash
-- only forgives some calls, so it is not logged. Keys are hashed: they are made of addresses.
CREATE UNLOGGED TABLE rate_limits (
    key bytea PRIMARY KEY,
    full_at timestamptz NOT NULL
);

-- Puts the envelopes of a JSON array into the outbox.
CREATE FUNCTION outbox_put(envelopes jsonb) RETURNS bigint LANGUAGE sql VOLATILE AS $$
    WITH put AS (
        INSERT INTO outbox (id, envelope)
        SELECT (e ->> 'id')::uuid, e
        FROM jsonb_array_elements(envelopes) WITH ORDINALITY AS each (e, n) ORDER BY n
        RETURNING 1
    )
    SELECT count(*) FROM put
$$;

-- Whether the consumer sees this event for the first time; remembers that it did.
CREATE FUNCTION inbox_take(who text, event uuid) RETURNS boolean LANGUAGE sql VOLATILE AS $$
    WITH taken AS (
        INSERT INTO inbox (consumer, event_id) VALUES (who, event) ON CONFLICT DO NOTHING RETURNING 1
    )
    SELECT EXISTS (SELECT 1 FROM taken)
$$;

-- Keeps the first answer to a key; a second at the same moment violates the primary key, which undoes its
-- whole statement.
CREATE FUNCTION idempotency_put(who text, what text, the_key text, print bytea, data jsonb)
RETURNS void LANGUAGE sql VOLATILE AS $$
    INSERT INTO idempotency_keys (caller, use_case, key, fingerprint, answer)
    VALUES (who, what, the_key, print, data)
$$;
