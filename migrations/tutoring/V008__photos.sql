-- Tutors' photos. Of each tutor at most one is shown and one is on its way or was refused.
CREATE TABLE photos (
    id uuid PRIMARY KEY,
    tutor_id uuid NOT NULL REFERENCES tutors (id),
    status text NOT NULL CHECK (status IN ('awaiting_upload', 'shown', 'rejected')),
    -- What was announced, and what the file must be. What is shown has less in it.
    content_type text NOT NULL CHECK (content_type IN ('image/png', 'image/jpeg')),
    size integer NOT NULL CHECK (size BETWEEN 1 AND 5242880),
    sha256 bytea NOT NULL CHECK (length(sha256) = 32),
    created_at timestamptz NOT NULL,
    shown_at timestamptz,
    -- Why it was rejected, in words for the tutor.
    reason text,
    CHECK ((status = 'shown') = (shown_at IS NOT NULL)),
    CHECK ((status = 'rejected') = (reason IS NOT NULL))
);
CREATE UNIQUE INDEX photos_shown ON photos (tutor_id) WHERE status = 'shown';
CREATE UNIQUE INDEX photos_coming ON photos (tutor_id) WHERE status <> 'shown';
CREATE INDEX photos_awaited ON photos (created_at) WHERE status = 'awaiting_upload';
