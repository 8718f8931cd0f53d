-- People with an account. Cognito keeps the password; everything else that we know of them is here.
CREATE TABLE users (
    id uuid PRIMARY KEY,
    -- The user pool's own id; empty until the email is verified.
    cognito_sub text UNIQUE,
    email text NOT NULL CHECK (email = lower(email) AND length(email) <= 254),
    first_name text NOT NULL,
    last_name text NOT NULL,
    role text NOT NULL CHECK (role IN ('student', 'tutor', 'admin', 'superadmin')),
    status text NOT NULL
        CHECK (status IN ('pending_verification', 'pending_consent', 'active', 'suspended', 'erased')),
    date_of_birth date,
    time_zone text NOT NULL,
    locale text NOT NULL,
    sequence bigint NOT NULL CHECK (sequence > 0),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    -- Whoever signed up said when they were born; staff did not sign up.
    CONSTRAINT users_birth CHECK (date_of_birth IS NOT NULL OR role IN ('admin', 'superadmin') OR status = 'erased')
);
-- One account an address, among those that are.
CREATE UNIQUE INDEX users_email ON users (email) WHERE status <> 'erased';
