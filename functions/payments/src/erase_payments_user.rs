//! Takes away what `payments` holds on somebody who was erased, as far as the law lets it (product.md,
//! Privacy).
//!
//! Gone: descriptions, reasons in words, kept answers; the payer's customer at Stripe, with every saved card and
//! subscription; name, address and number of a tutor's taxes. No other name, no email and no card is here to begin
//! with: Stripe has those.
//!
//! What stays, with ids that lead nowhere, and why: payments, what was asked of Stripe for them, and the
//! ledger are accounting records, which tax and commercial law have us keep for years (GDPR, article 17 (3)
//! (b) and (e)), and the other side's records as well; the ledger can't be changed at all. Stripe's ids of
//! charges, of a tutor's account and of payouts stay too: refunds, disputes and what is still owed to a tutor go by
//! them, also after the erasure. Of a tutor's bank we know nothing. The totals of a tutor's closed years stay, as what
//! was told to a tax authority. Stripe's events are ids and types.

use lectern_domain::event::Envelope;
use lectern_domain::id::UserId;
use lectern_runtime::{Cx, Fault, Need, UseCase};

use crate::customers;
use crate::services::{Payments, STRIPE};
use crate::store::erasures::{self, Erased};

const NAME: &str = "erase-payments-user";

/// The use case.
pub fn use_case() -> UseCase<Payments> {
    UseCase::consumer(NAME, &["user.erased"], erase_payments_user)
        .summary("Take away what payments holds on an erased user, and keep what the law demands")
        .needs(&[Need::Database, STRIPE])
}

async fn erase_payments_user(cx: Cx<Payments>, event: Envelope) -> Result<(), Fault> {
    let user = UserId(event.aggregate.id);
    // First what can fail: should it, the event comes again, and all of it is done again without harm.
    customers::erase(&cx, user).await?;
    match erasures::erase(&cx.base.db, NAME, event.id, user, cx.now()).await? {
        Erased::NotYet => Err(Fault::transient("a payment is being made at Stripe: later")),
        outcome => {
            tracing::info!(use_case = NAME, event_id = %event.id, ?outcome, "user erased");
            Ok(())
        }
    }
}
