-- Erasure (product.md, Privacy): what is left of an erased tutor is the id, that it is erased, and
-- which decisions were made on it.

ALTER TABLE tutors
    ALTER COLUMN display_name DROP NOT NULL,
    ALTER COLUMN headline DROP NOT NULL,
    ALTER COLUMN bio DROP NOT NULL,
    ALTER COLUMN time_zone DROP NOT NULL,
    ALTER COLUMN country DROP NOT NULL,
    ALTER COLUMN languages DROP NOT NULL,
    ALTER COLUMN subjects DROP NOT NULL,
    ALTER COLUMN rate_amount DROP NOT NULL,
    ALTER COLUMN rate_currency DROP NOT NULL,
    ALTER COLUMN search_words DROP NOT NULL,
    ADD COLUMN erased_at timestamptz,
    ADD CONSTRAINT tutors_known CHECK (erased_at IS NOT NULL OR num_nulls(
        display_name, headline, bio, time_zone, country, languages, subjects, rate_amount, rate_currency,
        search_words) = 0),
    -- Not listed, therefore neither found nor booked.
    ADD CONSTRAINT tutors_erased CHECK (erased_at IS NULL OR (
        verification_status = 'draft' AND subject_ids = '{}' AND num_nonnulls(
            display_name, headline, bio, time_zone, country, languages, subjects, rate_amount, rate_currency,
            search_words, availability, approved_at) = 0));

-- A decision is kept for ever (product.md, Verification); its words go with the tutor that they are about.
CREATE OR REPLACE FUNCTION refuse_change_of_decision() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    wordless verifications := OLD;
BEGIN
    wordless.reason := NULL;
    IF TG_OP = 'UPDATE' AND NEW IS NOT DISTINCT FROM wordless
       AND EXISTS (SELECT 1 FROM tutors WHERE id = OLD.tutor_id AND erased_at IS NOT NULL) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'the decision on verification % is kept', OLD.id
        USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'verifications_decision_kept';
END
$$;
