//! Everything that the context's tables hold on one person.

/// For [`lectern_postgres::held::page`]. Of the other side of a payment there is the id. What a payer
/// confirms a payment with is a key, not a fact about them, and left out; so are copies that go by themselves
/// within days: events on their way, first answers by idempotency key, tokens that were taken back. A tax number is
/// kept encrypted, and this function may not decrypt it: what is given out is its ending, as everywhere.
pub const SQL: &str = "
    SELECT 0 AS part, '' AS key, 'summary' AS kind, jsonb_build_object(
        'paid', (SELECT jsonb_agg(to_jsonb(paid)) FROM (
            SELECT currency, count(*) AS payments, sum(amount)::bigint AS amount,
                   sum(refunded)::bigint AS refunded
            FROM payments WHERE payer_id = $1
              AND status IN ('held', 'released', 'partially_refunded', 'refunded', 'disputed')
            GROUP BY currency ORDER BY currency) paid),
        'notPaid', (SELECT count(*) FROM payments WHERE payer_id = $1
            AND status IN ('requires_payment', 'processing', 'failed', 'cancelled')),
        'earned', (SELECT jsonb_agg(to_jsonb(earned)) FROM (
            SELECT e.currency, coalesce(-sum(e.amount) FILTER (WHERE e.account LIKE '%:payable'
                       AND t.kind NOT IN ('payout', 'payout_failed', 'transfer', 'reversal', 'reclassified')), 0)::bigint AS amount,
                   coalesce(sum(e.amount) FILTER (WHERE e.account LIKE '%:connected'
                       AND t.kind NOT LIKE 'payout%'), 0)::bigint AS transferred
            FROM ledger_entries e JOIN ledger_transactions t ON t.id = e.transaction_id
            WHERE e.account IN ('tutor:' || $1::text || ':payable', 'tutor:' || $1::text || ':connected')
            GROUP BY e.currency ORDER BY e.currency) earned),
        'paidOut', (SELECT jsonb_agg(to_jsonb(paid_out)) FROM (
            SELECT currency, count(*) AS payouts, sum(amount)::bigint AS amount
            FROM payouts WHERE tutor_id = $1 AND status = 'paid' GROUP BY currency ORDER BY currency) paid_out),
        'account', EXISTS (SELECT 1 FROM payout_accounts WHERE tutor_id = $1),
        'taxProfile', EXISTS (SELECT 1 FROM tax_profiles WHERE tutor_id = $1),
        'customer', EXISTS (SELECT 1 FROM stripe_customers
                            WHERE user_id = $1 AND stripe_customer_id IS NOT NULL)) AS data
    UNION ALL
    SELECT 1, p.id::text, 'payment', jsonb_strip_nulls(jsonb_build_object(
        'paymentId', id, 'role', CASE $1 WHEN tutor_id THEN 'tutor' ELSE 'payer' END, 'purpose', purpose,
        'lessonId', lesson_id, 'payerId', payer_id, 'tutorId', tutor_id, 'description', description,
        'status', status, 'failureReason', failure_reason,
        'amount', jsonb_build_object('amount', amount, 'currency', currency),
        'platformFee', jsonb_build_object('amount', platform_fee, 'currency', currency),
        'tutorEarnings', jsonb_build_object('amount', tutor_earnings, 'currency', currency),
        'refunded', jsonb_build_object('amount', refunded, 'currency', currency),
        'chargedBack', jsonb_build_object('amount', charged_back, 'currency', currency),
        'stripeCharge', charge_id, 'createdAt', created_at, 'updatedAt', updated_at))
    FROM payments p WHERE $1 IN (payer_id, tutor_id)
    UNION ALL
    SELECT 2, p.id::text || '/' || o.kind || '/' || o.reference, 'stripeOperation', jsonb_strip_nulls(
        jsonb_build_object('paymentId', p.id, 'kind', o.kind, 'reference', o.reference,
            'amount', jsonb_build_object('amount', o.amount, 'currency', p.currency), 'reason', o.reason,
            'state', o.state, 'since', o.since))
    FROM payments p JOIN stripe_operations o ON o.payment_id = p.id WHERE $1 IN (p.payer_id, p.tutor_id)
    UNION ALL
    SELECT 3, t.id::text || '/' || e.currency, 'earning', jsonb_build_object(
        'transactionId', t.id, 'paymentId', t.payment_id, 'kind', t.kind, 'postedAt', t.posted_at,
        'amount', jsonb_build_object('amount', -e.amount, 'currency', e.currency))
    FROM ledger_entries e JOIN ledger_transactions t ON t.id = e.transaction_id
    WHERE e.account = 'tutor:' || $1::text || ':payable'
    UNION ALL
    SELECT 4, '', 'payoutAccount', jsonb_strip_nulls(jsonb_build_object(
        'stripeAccountId', stripe_account_id, 'transfersActive', transfers_active,
        'payoutsEnabled', payouts_enabled, 'detailsSubmitted', details_submitted, 'due', due,
        'disabledReason', disabled_reason, 'disconnected', cut_off, 'schedule', schedule,
        'createdAt', created_at, 'updatedAt', updated_at))
    FROM payout_accounts WHERE tutor_id = $1
    UNION ALL
    SELECT 4, id::text, 'payout', jsonb_strip_nulls(jsonb_build_object(
        'payoutId', id, 'status', status, 'attempt', attempt, 'earnedBefore', cutoff, 'failureCode', failure_code,
        'amount', jsonb_build_object('amount', amount, 'currency', currency), 'stripePayout', stripe_payout_id,
        'arrivesAt', arrives_at, 'paidAt', paid_at, 'createdAt', created_at, 'updatedAt', updated_at))
    FROM payouts WHERE tutor_id = $1
    UNION ALL
    SELECT 5, s.id, 'stripeEvent', jsonb_build_object(
        'eventId', s.id, 'type', s.type, 'paymentId', s.payment_id, 'createdAt', s.created_at)
    FROM payments p JOIN stripe_events s ON s.payment_id = p.id WHERE $1 IN (p.payer_id, p.tutor_id)
    UNION ALL
    SELECT 10, d.id::text, 'dispute', jsonb_strip_nulls(jsonb_build_object(
        'disputeId', d.id, 'paymentId', p.id, 'stripeDispute', d.stripe_id, 'status', d.status, 'reason', d.reason,
        'amount', jsonb_build_object('amount', d.amount, 'currency', p.currency), 'outcome', d.outcome,
        'openedAt', d.opened_at))
    FROM payments p JOIN disputes d ON d.payment_id = p.id WHERE $1 IN (p.payer_id, p.tutor_id)
    UNION ALL
    SELECT 11, p.id::text || '/' || a.kind || '/' || a.reference, 'adminAction', jsonb_strip_nulls(
        jsonb_build_object('paymentId', p.id, 'action', a.kind, 'reason', a.reason, 'at', a.at))
    FROM payments p JOIN payment_admin_actions a ON a.payment_id = p.id WHERE $1 IN (p.payer_id, p.tutor_id)
    UNION ALL
    SELECT 20, s.id::text, 'subscription', jsonb_strip_nulls(jsonb_build_object(
        'subscriptionId', s.id, 'plan', s.plan, 'period', s.period, 'status', s.status, 'entitled', s.entitled,
        'price', jsonb_build_object('amount', s.amount, 'currency', s.currency),
        'stripeCustomer', s.stripe_customer_id, 'stripeSubscription', s.stripe_subscription_id,
        'currentPeriodEnd', s.period_end, 'endsAt', s.ends_at, 'pastDueSince', s.past_due_since,
        'endedAt', s.ended_at, 'createdAt', s.created_at, 'updatedAt', s.updated_at))
    FROM subscriptions s WHERE s.user_id = $1
    UNION ALL
    SELECT 21, i.stripe_invoice_id, 'subscriptionInvoice', jsonb_build_object(
        'invoiceId', i.stripe_invoice_id, 'subscriptionId', i.subscription_id, 'stripeCharge', i.charge_id,
        'amount', jsonb_build_object('amount', i.amount, 'currency', i.currency),
        'refunded', jsonb_build_object('amount', i.refunded - i.refund_failed, 'currency', i.currency),
        'periodStart', i.period_start, 'periodEnd', i.period_end, 'paidAt', i.paid_at)
    FROM subscription_invoices i WHERE i.user_id = $1
    UNION ALL
    SELECT 60, '', 'stripeCustomer', jsonb_build_object(
        'stripeCustomerId', stripe_customer_id, 'createdAt', created_at, 'updatedAt', updated_at)
    FROM stripe_customers WHERE user_id = $1 AND stripe_customer_id IS NOT NULL
    UNION ALL
    SELECT 40, lesson_id::text, 'taughtLesson', jsonb_build_object(
        'lessonId', lesson_id, 'minutes', minutes, 'completedAt', completed_at)
    FROM tutor_hours WHERE tutor_id = $1
    UNION ALL
    SELECT 41, lpad(version::text, 12, '0'), 'commissionPolicy', jsonb_build_object(
        'version', version, 'validFrom', valid_from, 'createdAt', created_at)
    FROM commission_policies WHERE created_by = $1
    UNION ALL
    SELECT 61, '', 'taxProfile', jsonb_build_object(
        'country', country, 'legalName', legal_name, 'kind', kind, 'taxIdKind', tax_id_kind,
        'taxIdEnding', tax_id_ending, 'address', address, 'createdAt', created_at, 'updatedAt', updated_at)
    FROM tax_profiles WHERE tutor_id = $1
    UNION ALL
    SELECT 62, year::text || '/' || lpad(revision::text, 10, '0'), 'taxYear', jsonb_build_object(
        'year', year, 'revision', revision, 'totals', totals, 'madeAt', made_at)
    FROM tax_years WHERE tutor_id = $1";
