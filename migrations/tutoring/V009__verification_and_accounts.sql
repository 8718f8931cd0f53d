-- Verification in full, what tutoring knows of accounts, and the rest of the profile (product.md, Tutoring).

ALTER TABLE tutors
    ADD COLUMN video_url text CHECK (video_url LIKE 'https://%' AND length(video_url) <= 2048),
    -- Of the whole trial lesson, in the currency of the rate; null when none is offered.
    ADD COLUMN trial_amount bigint CHECK (trial_amount > 0),
    ADD CONSTRAINT tutors_erased_whole CHECK (erased_at IS NULL OR num_nonnulls(video_url, trial_amount) = 0);

ALTER TABLE verifications
    -- The order in which they came, which clocks of several machines can't tell: the highest of a tutor is the present one.
    ADD COLUMN number bigint GENERATED ALWAYS AS IDENTITY,
    -- `recheck`: of a tutor who is approved and stays so until somebody rejects it.
    ADD COLUMN kind text NOT NULL DEFAULT 'first' CHECK (kind IN ('first', 'recheck')),
    -- Raised by each claim and decision, so that of two admins at once one has it. Apart from the tutor's sequence number,
    -- which counts events: a claim is none.
    ADD COLUMN version bigint NOT NULL DEFAULT 1 CHECK (version > 0),
    -- Until when nobody else may take it in hand; null on rows of older code, which claimed only by deciding.
    ADD COLUMN claim_ends_at timestamptz CHECK (claim_ends_at IS NULL OR claimed_at IS NOT NULL);

CREATE INDEX verifications_of_tutor_in_order ON verifications (tutor_id, number DESC);
DROP INDEX verifications_of_tutor;

-- Notes that an approved tutor is to be looked at again, because name, subjects or documents have changed at the moment
-- `at`; `id` will be the id of the submission. Gives whether it did: not when the tutor isn't approved, and not when a
-- submission is open, because whoever decides that sees the change. It waits for a decision that is being made.
DROP FUNCTION IF EXISTS verification_queue_recheck(uuid, timestamptz, uuid);
CREATE FUNCTION verification_queue_recheck(tutor uuid, at timestamptz, id uuid) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM tutors t WHERE t.id = $1 AND t.verification_status = 'approved' FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    INSERT INTO verifications (id, tutor_id, kind, status, submitted_at) VALUES ($3, $1, 'recheck', 'submitted', $2)
        ON CONFLICT (tutor_id) WHERE decided_by IS NULL DO NOTHING;
    RETURN FOUND;
END
$$;

-- One number for all that an admin looks at before a decision, the profile, the documents and the submissions: another
-- when anything of it is another.
CREATE FUNCTION verification_etag(tutor uuid) RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT hashtextextended(concat_ws('/',
        (SELECT sequence FROM tutors WHERE id = $1),
        (SELECT string_agg(id || ':' || version, ' ' ORDER BY id) FROM verifications WHERE tutor_id = $1),
        (SELECT string_agg(id || ':' || status, ' ' ORDER BY id) FROM documents WHERE tutor_id = $1)
    ), 0) & 9223372036854775807
$$;

-- What `identity` has told of an account. Whole after each event, so of several only the newest counts.
CREATE TABLE tutor_accounts (
    user_id uuid PRIMARY KEY,
    -- Null when the user is erased; the row stays and keeps events out that come late.
    role text CHECK (role IN ('student', 'tutor', 'admin', 'superadmin')),
    -- Whether the user can sign in.
    active boolean NOT NULL,
    -- The user's sequence number in the newest event seen.
    sequence bigint NOT NULL CHECK (sequence > 0),
    CHECK (role IS NOT NULL OR NOT active)
);

-- A tutor is listed while the account is a tutor's and can be used. By a trigger, because it looks at `tutors` after it has
-- the account's row: so it sees a profile that is being made at the same moment (which reads the account, and locks it).
CREATE FUNCTION tutor_account_changed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    teaches boolean := NEW.active AND NEW.role = 'tutor';
BEGIN
    UPDATE tutors t SET active = teaches WHERE t.id = NEW.user_id AND t.erased_at IS NULL AND t.active <> teaches;
    RETURN NULL;
END
$$;
CREATE TRIGGER tutor_accounts_listed AFTER INSERT OR UPDATE ON tutor_accounts FOR EACH ROW
    EXECUTE FUNCTION tutor_account_changed();
