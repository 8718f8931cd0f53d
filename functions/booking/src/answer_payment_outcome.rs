//! Consumer: how a lesson's payment ended wakes its state machine.

use lectern_domain::event::Envelope;
use lectern_domain::id::{LessonId, PaymentId};
use lectern_runtime::{Cx, Fault, Need, UseCase};
use serde::Deserialize;
use serde_json::json;

use crate::services::{Booking, SAGAS};
use crate::signal;
use crate::store::sagas;

/// The use case.
pub fn use_case() -> UseCase<Booking> {
    UseCase::consumer("answer-payment-outcome", &["payment.held", "payment.failed"], answer_payment_outcome)
        .summary("Tell the state machine of a lesson that its payment came, or won't")
        .needs(&[Need::Database, SAGAS])
}

/// The part of the event that matters here.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PaymentEvent {
    payment_id: PaymentId,
    lesson_id: LessonId,
}

/// Needs no inbox: the first outcome of a payment stays (`coalesce`), and an answered token is gone.
async fn answer_payment_outcome(cx: Cx<Booking>, event: Envelope) -> Result<(), Fault> {
    let payment: PaymentEvent = serde_json::from_value(event.data).map_err(Fault::bad_input)?;
    let outcome = json!({ "outcome": if event.kind == "payment.held" { "held" } else { "failed" } });
    let (db, lesson) = (&cx.base.db, payment.lesson_id);
    let ready = sagas::put_payment_outcome(db, lesson, payment.payment_id, &outcome).await?;
    signal::answer(&cx, lesson, &ready).await
}
