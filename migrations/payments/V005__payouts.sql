-- Payouts: what tutors have earned, on its way to their banks; and what is known of the accounts that it leaves.

ALTER TABLE payout_accounts
    ADD COLUMN details_submitted boolean NOT NULL DEFAULT false,
    -- What Stripe still wants from the owner, in Stripe's words for it.
    ADD COLUMN due jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(due) = 'array'),
    ADD COLUMN disabled_reason text,
    -- The owner has cut us off.
    ADD COLUMN cut_off boolean NOT NULL DEFAULT false,
    ADD COLUMN schedule text NOT NULL DEFAULT 'weekly' CHECK (schedule IN ('weekly', 'monthly')),
    -- Rises with each payout and each new try: of two who decide at once by the same sums, one finds it changed.
    ADD COLUMN payouts_made bigint NOT NULL DEFAULT 0,
    -- Up to which moment a run has looked for what is to be paid out.
    ADD COLUMN paid_out_until timestamptz;
UPDATE payout_accounts SET details_submitted = true WHERE payouts_enabled;
CREATE INDEX payout_accounts_ready ON payout_accounts (tutor_id) WHERE transfers_active AND payouts_enabled;

CREATE TABLE payouts (
    id uuid PRIMARY KEY,
    tutor_id uuid NOT NULL REFERENCES payout_accounts,
    stripe_account_id text NOT NULL,
    currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    -- Minor units.
    amount bigint NOT NULL CHECK (amount > 0),
    -- What was earned before is in it.
    cutoff timestamptz NOT NULL,
    status text NOT NULL CHECK (status IN ('scheduled', 'in_transit', 'paid', 'failed')),
    attempt integer NOT NULL CHECK (attempt > 0),
    stripe_payout_id text UNIQUE,
    failure_code text,
    arrives_at timestamptz,
    paid_at timestamptz,
    not_before timestamptz,
    since timestamptz NOT NULL,
    sequence bigint NOT NULL CHECK (sequence > 0),
    revision bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    -- One payout a tutor, currency and period, whatever runs twice.
    CONSTRAINT payouts_once UNIQUE (tutor_id, currency, cutoff),
    CONSTRAINT payouts_on_its_way CHECK (status NOT IN ('in_transit', 'paid') OR stripe_payout_id IS NOT NULL),
    CONSTRAINT payouts_failure CHECK ((status = 'failed') = (failure_code IS NOT NULL))
);
CREATE INDEX payouts_of_tutor ON payouts (tutor_id, created_at DESC, id DESC);
-- What the sweep looks for.
CREATE INDEX payouts_open ON payouts (updated_at) WHERE status IN ('scheduled', 'in_transit');
