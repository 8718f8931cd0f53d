-- Access tokens that are refused though they have not expired yet. Written by `identity`, and replicated into every
-- context by its event `access.revoked`, so that a call is checked without asking `identity`.
CREATE TABLE revocations (
    -- `user:<id>` or `session:<id>`.
    subject text PRIMARY KEY,
    -- Tokens with an older access version are refused; of a session all are (2^53 - 1, which JSON carries exactly).
    min_version bigint NOT NULL,
    -- After it every such token has expired by itself.
    kept_until timestamptz NOT NULL
);
CREATE INDEX revocations_kept ON revocations (kept_until);

-- Refuses tokens from now on. In any order and any number of times the same calls leave the same row.
CREATE FUNCTION revoke_access(whose text, version bigint, until timestamptz)
RETURNS void LANGUAGE sql VOLATILE AS $$
    INSERT INTO revocations AS r (subject, min_version, kept_until) VALUES (whose, version, until)
    ON CONFLICT (subject) DO UPDATE SET
        min_version = greatest(r.min_version, excluded.min_version),
        kept_until = greatest(r.kept_until, excluded.kept_until)
$$;
