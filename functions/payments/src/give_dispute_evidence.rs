//! `POST /v1/admin/disputes/{disputeId}/evidence`.

use std::collections::BTreeMap;

use deserr::Deserr;
use lectern_domain::field::FieldErrors;
use lectern_domain::id::{DisputeId, PaymentId};
use lectern_domain::payments::{DisputeStatus, Payment};
use lectern_domain::text::{Line, Prose};
use lectern_domain::time::Instant;
use lectern_runtime::{Admin, Created, Cx, Method, Need, Nothing, Problem, Request, UseCase, problem};
use schemars::JsonSchema;
use serde::Serialize;

use crate::carry_out::now;
use crate::evidence::{LEASE, Sent, find, send};
use crate::services::{Payments, STRIPE};
use crate::store::disputes::{self, Wanted};

/// The use case.
pub fn use_case() -> UseCase<Payments> {
    UseCase::http(
        "give-dispute-evidence",
        Method::Post,
        "/v1/admin/disputes/{disputeId}/evidence",
        give_dispute_evidence,
    )
    .summary("Give evidence in a dispute, and send it to the bank if it is complete")
    .problems(&[&problem::NOT_FOUND, &problem::WRONG_STATE])
    .needs(&[Need::Database, Need::Bus, STRIPE])
    .idempotent()
}

/// Which.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = FieldErrors, rename_all = camelCase, deny_unknown_fields)]
#[schemars(rename_all = "camelCase")]
pub struct DisputePath {
    dispute_id: DisputeId,
}

macro_rules! evidence {
    ($($(#[$meta:meta])* $field:ident: $kind:ty,)+) => {
        /// What speaks for us; what is left out stays as it was given before.
        #[derive(Debug, Deserr, JsonSchema)]
        #[deserr(error = FieldErrors, rename_all = camelCase, deny_unknown_fields)]
        #[schemars(rename_all = "camelCase")]
        pub struct GiveEvidence {
            /// Whether it goes to the bank now, after which nothing can be added.
            submit: bool,
            $($(#[$meta])* #[deserr(default)] #[schemars(default)] $field: Option<$kind>,)+
        }

        impl GiveEvidence {
            /// By Stripe's names.
            fn fields(self) -> BTreeMap<String, String> {
                let given = [$((stringify!($field), self.$field.map(|text| text.as_str().to_owned())),)+];
                given.into_iter().filter_map(|(name, text)| Some((name.to_owned(), text?))).collect()
            }
        }
    };
}

evidence! {
    /// What shows that the student used what was bought: sign-ins, the call's log.
    access_activity_log: Prose<10_000>,
    billing_address: Prose<500>,
    /// How the student was told of the rules of cancellation.
    cancellation_policy_disclosure: Prose<10_000>,
    /// Why the lesson was not cancelled in time.
    cancellation_rebuttal: Prose<10_000>,
    customer_email_address: Line<254>,
    customer_name: Line<200>,
    /// The address from which the student paid.
    customer_purchase_ip: Line<45>,
    /// Why two charges are not one twice.
    duplicate_charge_explanation: Prose<10_000>,
    /// Stripe's id of the other charge.
    duplicate_charge_id: Line<255>,
    /// What was sold.
    product_description: Prose<10_000>,
    /// How the student was told of the rules of refunds.
    refund_policy_disclosure: Prose<10_000>,
    /// Why there is no refund.
    refund_refusal_explanation: Prose<10_000>,
    /// When the lesson was given.
    service_date: Line<100>,
    /// Anything else.
    uncategorized_text: Prose<10_000>,
}

/// The dispute as it stands now.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EvidenceGiven {
    dispute_id: DisputeId,
    payment_id: PaymentId,
    status: DisputeStatus,
    /// Until when evidence is taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    due_by: Option<Instant>,
}

fn given(payment: &Payment, id: DisputeId) -> Result<EvidenceGiven, Problem> {
    let dispute = find(payment, id).ok_or_else(|| Problem::not_found("dispute"))?;
    let (status, due_by) = (dispute.status, dispute.due_by);
    Ok(EvidenceGiven { dispute_id: id, payment_id: payment.id, status, due_by })
}

/// The row under the key is what an idempotency record is elsewhere: it holds the fingerprint, and the state of the work.
async fn give_dispute_evidence(
    cx: Cx<Payments>,
    caller: Admin,
    request: Request<DisputePath, Nothing, GiveEvidence>,
) -> Result<Created<EvidenceGiven>, Problem> {
    let (db, key) = (&cx.base.db, request.idempotency_key()?);
    let id = request.path.dispute_id;
    let loaded = disputes::payment_of(db, id).await?.ok_or_else(|| Problem::not_found("dispute"))?;
    if let Some((earlier, same)) = disputes::under_key(db, caller.id(), key).await? {
        if !same {
            return Err(Problem::new(&problem::IDEMPOTENCY_KEY_REUSED));
        }
        if earlier.state == "done" {
            return Ok(Created::new(given(&loaded.payment, id)?));
        }
    } else if !find(&loaded.payment, id).is_some_and(|dispute| dispute.status.awaits_evidence()) {
        return Err(Problem::new(&problem::WRONG_STATE).detail("The bank takes no evidence any more."));
    }
    let submit = request.body.submit;
    let key = key.clone();
    let fields = request.body.fields();
    if fields.is_empty() && !submit {
        return Err(FieldErrors::one("submit", "must be true where there is no evidence").into());
    }
    let wanted =
        Wanted { id: cx.fresh_id(), dispute: id, admin: caller.id(), key: &key, fields: &fields, submit };
    let taken = disputes::take(db, &wanted, now(&cx), now(&cx) + LEASE).await?;
    let Some(submission) = taken else {
        return Err(Problem::new(&problem::IDEMPOTENCY_IN_PROGRESS).retry_after(1));
    };
    match send(&cx, loaded, &submission).await? {
        Sent::Done(payment) => Ok(Created::new(given(&payment, id)?)),
        Sent::Unknown(error) => Err(error.into()),
        Sent::Refused(code) => {
            Err(Problem::new(&problem::WRONG_STATE).detail(format!("Stripe does not take it: {code}.")))
        }
    }
}
