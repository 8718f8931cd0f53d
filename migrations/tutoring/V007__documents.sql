-- Files that a tutor hands in for verification (product.md, Tutoring). The files are in S3, under keys made of the ids.
CREATE TABLE documents (
    id uuid PRIMARY KEY,
    tutor_id uuid NOT NULL REFERENCES tutors (id),
    kind text NOT NULL CHECK (kind IN ('identity', 'degree', 'certificate', 'background_check')),
    status text NOT NULL CHECK (status IN ('awaiting_upload', 'uploaded', 'accepted', 'rejected')),
    -- What was announced, and what the file must be.
    content_type text NOT NULL CHECK (content_type IN ('application/pdf', 'image/png', 'image/jpeg')),
    size integer NOT NULL CHECK (size BETWEEN 1 AND 10485760),
    sha256 bytea NOT NULL CHECK (length(sha256) = 32),
    created_at timestamptz NOT NULL,
    -- Since when the file is there; null without one.
    uploaded_at timestamptz,
    -- Why it was rejected, in words for the tutor.
    reason text,
    -- Number of its events so far.
    sequence bigint NOT NULL DEFAULT 0 CHECK (sequence >= 0),
    CHECK ((status IN ('uploaded', 'accepted')) <= (uploaded_at IS NOT NULL)),
    CHECK (status <> 'awaiting_upload' OR uploaded_at IS NULL),
    CHECK ((status = 'rejected') = (reason IS NOT NULL))
);
CREATE INDEX documents_of_tutor ON documents (tutor_id, created_at DESC, id DESC);
CREATE INDEX documents_awaited ON documents (created_at) WHERE status = 'awaiting_upload';

-- Whether a tutor who is there may announce one more. Of two at once, the second counts the first: it waits for the
-- tutor's row, and the count sees what was done by then.
CREATE FUNCTION documents_have_room(tutor uuid, waiting_max integer, all_max integer) RETURNS boolean
    LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM tutors WHERE id = tutor AND erased_at IS NULL FOR NO KEY UPDATE;
    RETURN FOUND AND (
        SELECT count(*) < all_max AND count(*) FILTER (WHERE status = 'awaiting_upload') < waiting_max
        FROM documents WHERE tutor_id = tutor);
END
$$;

-- Files that nobody needs any more and that may still be in S3: noted in the transaction that makes them so, and taken
-- away once the file is gone. Whoever notes one deletes it at once; what that left, a schedule does from `due_at` on.
CREATE TABLE unwanted_files (
    key text PRIMARY KEY,
    due_at timestamptz NOT NULL
);
CREATE INDEX unwanted_files_due ON unwanted_files (due_at);
