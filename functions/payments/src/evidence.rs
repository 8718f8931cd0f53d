//! Evidence in a dispute, from the row to Stripe and back. The row is there before the words are sent, and loses them
//! when Stripe has them; whoever finds it open sends the same words under the same key.

use lectern_domain::id::DisputeId;
use lectern_domain::payments::{AdminAction, AdminActionKind, Dispute, DisputeSeen, Payment};
use lectern_runtime::{Cx, Fault};

use jiff::SignedDuration;

use crate::carry_out::{Carried, CarryOutError, carry_out_loaded, now};
use crate::follow_disputes::follow_dispute;
use crate::services::Payments;
use crate::store::disputes::{self, Submission};
use crate::store::payments::Loaded;
use crate::stripe::StripeError;

/// How long a sender has evidence to itself: longer than a function lives (30 s).
pub const LEASE: SignedDuration = SignedDuration::from_secs(35);
/// How much evidence that was left behind one run sends.
const BATCH: i64 = 10;

/// The fields that are texts: their names here, and as parameters of Stripe's
/// (docs.stripe.com/api/disputes/evidence_object). Files aren't taken.
pub const FIELDS: [(&str, &str); 14] = [
    ("access_activity_log", "evidence[access_activity_log]"),
    ("billing_address", "evidence[billing_address]"),
    ("cancellation_policy_disclosure", "evidence[cancellation_policy_disclosure]"),
    ("cancellation_rebuttal", "evidence[cancellation_rebuttal]"),
    ("customer_email_address", "evidence[customer_email_address]"),
    ("customer_name", "evidence[customer_name]"),
    ("customer_purchase_ip", "evidence[customer_purchase_ip]"),
    ("duplicate_charge_explanation", "evidence[duplicate_charge_explanation]"),
    ("duplicate_charge_id", "evidence[duplicate_charge_id]"),
    ("product_description", "evidence[product_description]"),
    ("refund_policy_disclosure", "evidence[refund_policy_disclosure]"),
    ("refund_refusal_explanation", "evidence[refund_refusal_explanation]"),
    ("service_date", "evidence[service_date]"),
    ("uncategorized_text", "evidence[uncategorized_text]"),
];

/// How sending ended.
pub enum Sent {
    /// Stripe has it, and the payment follows.
    Done(Box<Payment>),
    /// Stripe has refused it, with this code.
    Refused(String),
    /// Nobody knows: it is sent again.
    Unknown(StripeError),
}

/// The dispute among its payment's.
pub fn find(payment: &Payment, id: DisputeId) -> Option<&Dispute> {
    payment.disputes.iter().find(|dispute| dispute.id == id)
}

/// Sends evidence that is in our hand. Twice written down is better than not at all: who dies before the row is
/// finished writes the same deed again, which the table keeps once.
pub async fn send(cx: &Cx<Payments>, loaded: Loaded, submission: &Submission) -> Result<Sent, CarryOutError> {
    let db = &cx.base.db;
    let Some(stripe_id) = find(&loaded.payment, submission.dispute_id).map(|d| d.stripe_id.clone()) else {
        return Err(CarryOutError::NoSuchPayment);
    };
    let given = submission.fields.clone().unwrap_or_default();
    let known = FIELDS.iter().filter_map(|(name, param)| Some((*param, given.get(*name)?.clone())));
    let evidence: Vec<_> = known.collect();
    match cx.stripe.give_evidence(&stripe_id, &evidence, submission.submit, &submission.key()).await {
        Ok(seen) => {
            let carried = write_down(cx, loaded, submission, &seen).await?;
            disputes::finish(db, submission, None).await?;
            Ok(Sent::Done(Box::new(carried.payment)))
        }
        Err(error @ StripeError::Unknown { .. }) => Ok(Sent::Unknown(error)),
        Err(error) => {
            tracing::warn!(dispute = stripe_id, code = error.code(), "Stripe does not take the evidence");
            disputes::finish(db, submission, Some(error.code())).await?;
            Ok(Sent::Refused(error.code().to_owned()))
        }
    }
}

async fn write_down(
    cx: &Cx<Payments>,
    loaded: Loaded,
    submission: &Submission,
    seen: &DisputeSeen,
) -> Result<Carried, CarryOutError> {
    let follow = |payment: &mut Payment, ready_account: Option<&str>| {
        let mut changes = follow_dispute(cx, payment, seen, ready_account)?;
        changes.extend(payment.act(AdminAction {
            admin_id: submission.admin_id,
            kind: AdminActionKind::Evidence,
            reference: submission.id.to_string(),
            reason: None,
            amount: None,
        }));
        Ok(changes)
    };
    carry_out_loaded(cx, loaded, None, follow).await
}

/// Sends what was left behind by a crash or a time-out.
pub async fn finish_left_behind(cx: &Cx<Payments>) -> Result<(), Fault> {
    let at = now(cx);
    for submission in disputes::left_behind(&cx.base.db, at, at + LEASE, BATCH).await? {
        let Some(loaded) = disputes::payment_of(&cx.base.db, submission.dispute_id).await? else { continue };
        match send(cx, loaded, &submission).await {
            Ok(Sent::Unknown(error)) => tracing::warn!(cause = %error, "evidence is still on its way"),
            Ok(Sent::Done(_) | Sent::Refused(_)) => {}
            Err(error @ CarryOutError::Database(_)) => return Err(error.into()),
            Err(error) => {
                tracing::error!(submission = %submission.id, cause = %error, "evidence can't be sent")
            }
        }
    }
    Ok(())
}
