-- Dates on which a tutor's hours are others; part of the tutor, under the same sequence number.
ALTER TABLE tutors
    ADD COLUMN overrides jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(overrides) = 'array');

-- A tutor's calendar elsewhere, with the last good copy of the busy times in it. Not part of the tutor: it changes every
-- quarter of an hour, and nobody's version of the profile is another then.
CREATE TABLE busy_calendars (
    tutor_id uuid PRIMARY KEY REFERENCES tutors (id) ON DELETE CASCADE,
    -- A secret: whoever has it has the calendar.
    url text NOT NULL CHECK (url LIKE 'https://%' AND length(url) <= 8192),
    -- The copy, and when it was made; null when no try has succeeded.
    busy tstzmultirange NOT NULL DEFAULT '{}',
    copied_at timestamptz,
    -- Events of the copy that could not be read.
    unread_events integer NOT NULL DEFAULT 0 CHECK (unread_events >= 0),
    tried_at timestamptz NOT NULL,
    -- Why the latest try failed, if it did.
    error text,
    failures integer NOT NULL CHECK (failures >= 0),
    due_at timestamptz NOT NULL,
    -- Until when a run has it in hand.
    claimed_until timestamptz,
    CHECK ((error IS NULL) = (failures = 0)),
    CHECK (copied_at IS NOT NULL OR (error IS NOT NULL AND isempty(busy)))
);
CREATE INDEX busy_calendars_due ON busy_calendars (due_at);
