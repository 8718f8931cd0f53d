-- Subscriptions to the plan Pro, their paid invoices, and what was made at Stripe to sell them.

CREATE TABLE subscriptions (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL,
    plan text NOT NULL CHECK (plan IN ('pro')),
    period text NOT NULL CHECK (period IN ('monthly', 'yearly')),
    currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    -- Of one period, in minor units.
    amount bigint NOT NULL CHECK (amount > 0),
    status text NOT NULL CHECK (status IN ('pending', 'active', 'past_due', 'cancelled', 'abandoned')),
    -- The checkout page: what it was asked for with, and what came of it (see shared/domain, payments::Subscription).
    attempt integer NOT NULL CHECK (attempt > 0),
    since timestamptz NOT NULL,
    stripe_customer_id text NOT NULL,
    stripe_price_id text NOT NULL,
    checkout_id text UNIQUE,
    -- Taken away when it can't be used any more.
    checkout_url text CHECK (checkout_url IS NULL OR status = 'pending'),
    checkout_expires_at timestamptz NOT NULL,
    stripe_subscription_id text UNIQUE,
    period_start timestamptz,
    period_end timestamptz,
    cancel_requested boolean NOT NULL,
    ends_at timestamptz,
    past_due_since timestamptz CHECK (past_due_since IS NULL OR status = 'past_due'),
    grace_seconds bigint NOT NULL CHECK (grace_seconds >= 0),
    -- What the last event said.
    entitled boolean NOT NULL,
    ended_at timestamptz,
    sequence bigint NOT NULL CHECK (sequence >= 0),
    revision bigint NOT NULL,
    -- When Stripe was last asked how it stands.
    looked_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
-- At most one that is paid, or is to be.
CREATE UNIQUE INDEX subscriptions_live ON subscriptions (user_id) WHERE status IN ('pending', 'active', 'past_due');
CREATE INDEX subscriptions_user ON subscriptions (user_id, created_at);
-- What the sweep looks for.
CREATE INDEX subscriptions_looked_at ON subscriptions (looked_at) WHERE status IN ('pending', 'active', 'past_due');

-- Paid invoices. What they moved is in the ledger, under invoice:<Stripe's id>.
CREATE TABLE subscription_invoices (
    stripe_invoice_id text PRIMARY KEY,
    subscription_id uuid NOT NULL REFERENCES subscriptions,
    user_id uuid NOT NULL,
    currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    amount bigint NOT NULL CHECK (amount >= 0),
    charge_id text NOT NULL UNIQUE,
    -- Empty until Stripe has told it.
    stripe_fee bigint,
    -- Given back by hand at Stripe, and of that what could not be given after all. Both only ever rise.
    refunded bigint NOT NULL,
    refund_failed bigint NOT NULL CHECK (refund_failed >= 0),
    period_start timestamptz NOT NULL,
    period_end timestamptz NOT NULL,
    paid_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT subscription_invoices_refunds CHECK (refunded - refund_failed BETWEEN 0 AND amount)
);
CREATE INDEX subscription_invoices_user ON subscription_invoices (user_id, paid_at, stripe_invoice_id);
CREATE INDEX subscription_invoices_subscription ON subscription_invoices (subscription_id);
CREATE INDEX subscription_invoices_without_fee ON subscription_invoices (updated_at) WHERE stripe_fee IS NULL;

-- What ensure-billing-catalogue has made at Stripe: `price:monthly`, `price:yearly`, `portal`.
CREATE TABLE billing_catalogue (
    name text PRIMARY KEY,
    stripe_id text NOT NULL,
    updated_at timestamptz NOT NULL
);
