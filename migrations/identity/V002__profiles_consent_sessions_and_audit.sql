CREATE EXTENSION IF NOT EXISTS pg_trgm;

-- ---------------------------------------------------------------------------------------------------- users

ALTER TABLE users
    ALTER COLUMN email DROP NOT NULL,
    ALTER COLUMN first_name DROP NOT NULL,
    ALTER COLUMN last_name DROP NOT NULL,
    ADD COLUMN parent_email text CHECK (parent_email = lower(parent_email) AND length(parent_email) <= 254),
    ADD COLUMN bio text,
    ADD COLUMN skills text[] NOT NULL DEFAULT '{}',
    ADD COLUMN avatar text,
    ADD COLUMN consent text[] NOT NULL DEFAULT '{}',
    ADD COLUMN suspended_by uuid,
    ADD COLUMN suspension_reason text,
    ADD COLUMN suspended_until timestamptz,
    -- Goes into each access token; rises when every token made before is worth nothing.
    ADD COLUMN access_version bigint NOT NULL DEFAULT 1 CHECK (access_version > 0),
    -- Whoever was appointed never said when they were born, and is of age: the maker vouches for it.
    DROP CONSTRAINT users_birth,
    ADD CONSTRAINT users_known CHECK (status = 'erased' OR (email IS NOT NULL AND first_name IS NOT NULL)),
    -- What is left of an erased account is its id, its role, and when it began and ended.
    ADD CONSTRAINT users_erased CHECK (status <> 'erased' OR num_nonnulls(
        email, parent_email, first_name, last_name, date_of_birth, bio, avatar, cognito_sub,
        suspended_by, suspension_reason, suspended_until) = 0 AND skills = '{}' AND consent = '{}'),
    -- Before a parent's consent only first name, birth date and the two emails of a child are kept (COPPA).
    ADD CONSTRAINT users_child_before_consent CHECK (status <> 'pending_consent' OR (
        parent_email IS NOT NULL AND num_nonnulls(last_name, bio, avatar) = 0 AND skills = '{}'
        AND time_zone = 'UTC' AND locale = 'en')),
    ADD CONSTRAINT users_parent_differs CHECK (parent_email <> email),
    ADD CONSTRAINT users_suspension CHECK (
        (status = 'suspended') = (suspended_by IS NOT NULL AND suspension_reason IS NOT NULL));

-- An admin looks for a part of a name or an email.
CREATE INDEX users_text ON users USING gin ((email || ' ' || first_name || ' ' || coalesce(last_name, '')) gin_trgm_ops)
    WHERE status <> 'erased';
CREATE INDEX users_suspensions_due ON users (suspended_until) WHERE status = 'suspended';
CREATE INDEX users_unverified ON users (created_at) WHERE status = 'pending_verification';

-- The last superadmin stays: whoever leaves looks, alone, whether another is there.
CREATE FUNCTION keep_a_superadmin() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('superadmins'));
    IF NOT EXISTS (
        SELECT 1 FROM users WHERE role = 'superadmin' AND status = 'active' AND id <> OLD.id
    ) THEN
        RAISE EXCEPTION 'the last superadmin stays'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'users_last_superadmin';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER users_last_superadmin AFTER UPDATE ON users FOR EACH ROW
    WHEN (OLD.role = 'superadmin' AND OLD.status = 'active'
          AND NOT (NEW.role = 'superadmin' AND NEW.status = 'active'))
    EXECUTE FUNCTION keep_a_superadmin();

-- ------------------------------------------------------------------------------------------------- sessions

-- Sign-ins, each with all of its refreshes. The id is the user pool's `origin_jti`.
CREATE TABLE sessions (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users (id),
    -- What the client calls itself (`User-Agent`), so that the user recognizes it. Not where it was: an address is
    -- nobody's need.
    device text CHECK (length(device) <= 200),
    began_at timestamptz NOT NULL,
    used_at timestamptz NOT NULL,
    -- The user's access version in the tokens that were last given out.
    access_version bigint NOT NULL,
    expires_at timestamptz NOT NULL,
    ended_at timestamptz
);
CREATE INDEX sessions_of_user ON sessions (user_id, used_at DESC) WHERE ended_at IS NULL;
CREATE INDEX sessions_expired ON sessions (expires_at);

-- -------------------------------------------------------------------------------------------------- consent

CREATE TABLE consents (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users (id),
    status text NOT NULL CHECK (status IN ('requested', 'granted', 'denied', 'expired', 'revoked')),
    scopes text[] NOT NULL DEFAULT '{}'
        CHECK (scopes <@ ARRAY['collection', 'third_parties', 'recording'])
        CHECK ((status = 'granted') = ('collection' = ANY (scopes))),
    requested_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    decided_at timestamptz CHECK ((status = 'requested') = (decided_at IS NULL)),
    sequence bigint NOT NULL CHECK (sequence > 0),
    -- The child is erased; what stays is the proof of what was decided.
    erased boolean NOT NULL DEFAULT false
);
-- One a child.
CREATE UNIQUE INDEX consents_of_child ON consents (user_id);
CREATE INDEX consents_open ON consents (expires_at) WHERE status = 'requested';
-- A decision whose erasure has yet to follow.
CREATE INDEX consents_to_erase ON consents (decided_at)
    WHERE status IN ('denied', 'expired', 'revoked') AND NOT erased;

-- The secret links that were mailed to a parent; a mail that had to be sent twice has two. Only hashes are kept.
CREATE TABLE consent_links (
    hash bytea PRIMARY KEY CHECK (length(hash) = 32),
    consent_id uuid NOT NULL REFERENCES consents (id),
    purpose text NOT NULL CHECK (purpose IN ('decide', 'manage')),
    made_at timestamptz NOT NULL,
    expires_at timestamptz
);
CREATE INDEX consent_links_of_consent ON consent_links (consent_id);
CREATE INDEX consent_links_expired ON consent_links (expires_at);

-- Every decision, kept for ever. It names no person: `user_id` leads nowhere after an erasure.
CREATE TABLE consent_decisions (
    position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    consent_id uuid NOT NULL,
    user_id uuid NOT NULL,
    decision text NOT NULL CHECK (decision IN ('granted', 'denied', 'expired', 'revoked')),
    scopes text[] NOT NULL,
    -- How we know that it was the parent: `email_link`; nobody, when the time ran out.
    method text NOT NULL CHECK (method IN ('email_link', 'none')),
    notice_version text NOT NULL,
    decided_at timestamptz NOT NULL
);
CREATE INDEX consent_decisions_of_consent ON consent_decisions (consent_id);

-- ------------------------------------------------------------------------------------------ export, erasure

CREATE TABLE exports (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users (id),
    status text NOT NULL CHECK (status IN ('pending', 'ready', 'failed')),
    requested_at timestamptz NOT NULL,
    finished_at timestamptz,
    expires_at timestamptz,
    bytes bigint,
    CHECK ((status = 'ready') = (bytes IS NOT NULL AND expires_at IS NOT NULL))
);
-- One at a time.
CREATE UNIQUE INDEX exports_pending ON exports (user_id) WHERE status = 'pending';
CREATE INDEX exports_of_user ON exports (user_id);

-- Who was erased, and at whose wish: stops a second erasure, and is the proof of the first.
CREATE TABLE erasures (
    user_id uuid PRIMARY KEY,
    wish text NOT NULL CHECK (wish IN ('own', 'parent', 'no_consent', 'never_verified')),
    erased_at timestamptz NOT NULL
);

-- ------------------------------------------------------------------------- what the user pool has yet to learn

-- Accounts that the user pool must be brought in line with, written in the transaction of the change. What is to
-- be done follows from the user's present state (functions/identity/src/align.rs), so that only the last change
-- counts, in whatever order tries succeed.
CREATE SEQUENCE pool_alignment_versions;
CREATE TABLE pool_alignments (
    user_id uuid PRIMARY KEY,
    -- The pool's name for the account: its `sub`, or the email of one that was never verified. Gone when done.
    username text NOT NULL,
    sign_out boolean NOT NULL,
    -- Another for each change, so that whoever has done one knows whether more came up meanwhile.
    version bigint NOT NULL DEFAULT nextval('pool_alignment_versions'),
    tries integer NOT NULL DEFAULT 0,
    due_at timestamptz NOT NULL
);
CREATE INDEX pool_alignments_due ON pool_alignments (due_at);

-- ------------------------------------------------------------------------------------------------ audit log

-- Who did what to whom. Append only; each entry's hash covers the one before, so that a change of any is seen
-- (`verify-audit-log`). Ids and words only, so that an erasure need not touch it.
CREATE TABLE audit_log (
    position bigint PRIMARY KEY CHECK (position > 0),
    at timestamptz NOT NULL,
    actor text NOT NULL,
    action text NOT NULL,
    subject text NOT NULL,
    details jsonb NOT NULL,
    previous_hash bytea NOT NULL,
    hash bytea NOT NULL
);
CREATE INDEX audit_log_of_subject ON audit_log (subject, position);
CREATE INDEX audit_log_of_actor ON audit_log (actor, position);

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append only', TG_TABLE_NAME
        USING ERRCODE = 'check_violation', CONSTRAINT = TG_TABLE_NAME || '_append_only';
END $$;
CREATE TRIGGER audit_log_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_log
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER consent_decisions_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON consent_decisions
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- The hash of an entry: over its own columns and the hash before. Times as whole microseconds, for they must read
-- the same in every session.
CREATE FUNCTION audit_hash(
    previous_hash bytea, nth bigint, at timestamptz, actor text, action text, subject text, details jsonb
) RETURNS bytea LANGUAGE sql IMMUTABLE AS $$
    SELECT sha256(previous_hash || convert_to(jsonb_build_array(
        nth, (extract(epoch FROM at) * 1000000)::bigint, actor, action, subject, details)::text, 'UTF8'))
$$;

-- Appends one entry. One writer at a time, until its transaction ends: a chain has one end.
CREATE FUNCTION audit_put(at timestamptz, actor text, action text, subject text, details jsonb)
RETURNS bigint LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    last record;
    number bigint;
    before bytea;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('audit_log'));
    SELECT l.position, l.hash INTO last FROM audit_log l ORDER BY l.position DESC LIMIT 1;
    number := coalesce(last.position, 0) + 1;
    before := coalesce(last.hash, '\x'::bytea);
    INSERT INTO audit_log VALUES (number, at, actor, action, subject, details, before,
        audit_hash(before, number, at, actor, action, subject, details));
    RETURN number;
END $$;

-- ------------------------------------------------------------------------------------------- what comes along

-- What comes along with a change of a user, in its transaction: events, audit entries, revoked access, accounts
-- that the user pool must be brought in line with (and sessions that end with it). Each is a JSON array.
CREATE FUNCTION keep_effects(events jsonb, entries jsonb, revocations jsonb, alignments jsonb)
RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    PERFORM outbox_put(events);
    PERFORM audit_put((e ->> 'at')::timestamptz, e ->> 'actor', e ->> 'action', e ->> 'subject', e -> 'details')
        FROM jsonb_array_elements(entries) e;
    PERFORM revoke_access(r ->> 'subject', (r ->> 'minVersion')::bigint, (r ->> 'keptUntil')::timestamptz)
        FROM jsonb_array_elements(revocations) r;
    INSERT INTO pool_alignments AS known (user_id, username, sign_out, due_at)
        SELECT (a ->> 'userId')::uuid, a ->> 'username', (a ->> 'signOut')::boolean, (a ->> 'dueAt')::timestamptz
        FROM jsonb_array_elements(alignments) a
        ON CONFLICT (user_id) DO UPDATE SET username = excluded.username, tries = 0, due_at = excluded.due_at,
            sign_out = known.sign_out OR excluded.sign_out, version = excluded.version;
    -- Whoever is signed out everywhere has no session left.
    UPDATE sessions SET ended_at = clock_timestamp() WHERE ended_at IS NULL AND user_id IN (
        SELECT (a ->> 'userId')::uuid FROM jsonb_array_elements(alignments) a WHERE (a ->> 'signOut')::boolean);
    RETURN true;
END $$;
