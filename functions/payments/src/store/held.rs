//! Everything that the context's tables hold on one person.

/// For [`lectern_postgres::held::page`]. Of the other side of a payment there is the id. What a payer
/// confirms a payment with is a key, not a fact about them, and left out; so are copies that go by themselves
/// within days: events on their way, first answers by idempotency key, tokens that were taken back.
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
                       AND t.kind <> 'payout_paid'), 0)::bigint AS transferred
            FROM ledger_entries e JOIN ledger_transactions t ON t.id = e.transaction_id
            WHERE e.account IN ('tutor:' || $1::text || ':payable', 'tutor:' || $1::text || ':connected')
            GROUP BY e.currency ORDER BY e.currency) earned),
        'account', EXISTS (SELECT 1 FROM payout_accounts WHERE tutor_id = $1)) AS data
    UNION ALL
    SELECT 1, p.id::text, 'payment', jsonb_strip_nulls(jsonb_build_object(
        'paymentId', id, 'role', CASE $1 WHEN tutor_id THEN 'tutor' ELSE 'payer' END, 'purpose', purpose,
        'lessonId', lesson_id, 'payerId', payer_id, 'tutorId', tutor_id, 'description', description,
        'status', status, 'failureReason', failure_reason,
        'amount', jsonb_build_object('amount', amount, 'currency', currency),
        'platformFee', jsonb_build_object('amount', platform_fee, 'currency', currency),
        'tutorEarnings', jsonb_build_object('amount', tutor_earnings, 'currency', currency),
        'refunded', jsonb_build_object('amount', refunded, 'currency', currency),
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
        'payoutsEnabled', payouts_enabled, 'createdAt', created_at, 'updatedAt', updated_at))
    FROM payout_accounts WHERE tutor_id = $1
    UNION ALL
    SELECT 5, s.id, 'stripeEvent', jsonb_build_object(
        'eventId', s.id, 'type', s.type, 'paymentId', s.payment_id, 'createdAt', s.created_at)
    FROM payments p JOIN stripe_events s ON s.payment_id = p.id WHERE $1 IN (p.payer_id, p.tutor_id)";
