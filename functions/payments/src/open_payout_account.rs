//! Makes the account at Stripe to which a newly approved tutor's money will be sent. What Stripe wants to know of
//! its owner the owner tells Stripe.

use lectern_domain::event::Envelope;
use lectern_domain::id::UserId;
use lectern_domain::payments::{AccountSeen, PayoutAccount};
use lectern_runtime::{Cx, Fault, Need, UseCase};

use crate::services::{Payments, STRIPE};
use crate::store::accounts::{self, Save};
use crate::stripe::StripeError;

const NAME: &str = "open-payout-account";

/// The use case.
pub fn use_case() -> UseCase<Payments> {
    UseCase::consumer(NAME, &["tutor.approved"], open_payout_account)
        .summary("Make an approved tutor's account at Stripe, once")
        .needs(&[Need::Database, STRIPE])
}

async fn open_payout_account(cx: Cx<Payments>, event: Envelope) -> Result<(), Fault> {
    let tutor = event.data.get("tutorId").and_then(|id| id.as_str()).unwrap_or_default();
    let tutor = UserId::parse(tutor).map_err(|e| Fault::bad_input(format!("tutorId {e}")))?;
    let mut account = accounts::put_or_load(&cx.base.db, &PayoutAccount::new(tutor), cx.now()).await?;
    if account.stripe_account_id.is_some() {
        return Ok(());
    }
    let failure = match open(&cx, &account).await {
        Ok(seen) => {
            account.opened(seen.id);
            None
        }
        Err(error @ StripeError::Refused { .. }) => {
            account.refused();
            Some(error)
        }
        // The same event comes again, with the same key.
        Err(error) => return Err(error.into()),
    };
    // A refusal is not the effect of the event: it comes again, with the next attempt.
    let inbox = failure.is_none().then_some((NAME, event.id));
    let saved = accounts::update(&cx.base.db, &account, Save { inbox, ..Save::default() }, cx.now()).await?;
    match failure {
        Some(error) => Err(error.into()),
        None if saved => Ok(()),
        // Two deliveries at once get the same account from Stripe: whoever comes again will find it.
        None => Err(Fault::transient("the account was changed at the same moment")),
    }
}

/// Makes the account at Stripe, or finds the one that an answer was lost of.
pub(crate) async fn open(cx: &Cx<Payments>, account: &PayoutAccount) -> Result<AccountSeen, StripeError> {
    match cx.stripe.open_account(account).await {
        Err(error @ StripeError::Unknown { ended: true, .. }) => {
            match cx.stripe.find_account(account.tutor_id).await? {
                Some(seen) => Ok(seen),
                // Stripe failed for good without having made it: known, so the next attempt has another key.
                None => Err(StripeError::Refused {
                    status: 500,
                    kind: "not_done".to_owned(),
                    code: None,
                    decline_code: None,
                    message: error.to_string(),
                }),
            }
        }
        outcome => outcome,
    }
}
