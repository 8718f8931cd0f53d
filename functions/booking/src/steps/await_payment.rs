//! Step: waits with a token until the payment is decided.

use lectern_domain::id::{LessonId, PaymentId};
use lectern_runtime::{Cx, Fault, Need, UseCase};
use serde::Deserialize;

use super::{DONE, Done};
use crate::SAGA;
use crate::services::{Booking, SAGAS};
use crate::signal::{self, Wait};
use crate::store::{lessons, sagas};

/// The use case.
pub fn use_case() -> UseCase<Booking> {
    UseCase::step("await-payment", SAGA, await_payment)
        .summary("Keep the token with which the state machine waits for the payment")
        .needs(&[Need::Database, SAGAS])
}

/// A token, and which payment it waits for.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AwaitPayment {
    lesson_id: LessonId,
    payment_id: PaymentId,
    token: String,
}

async fn await_payment(cx: Cx<Booking>, input: AwaitPayment) -> Result<Done, Fault> {
    lessons::attach_payment(&cx.base.db, input.lesson_id, input.payment_id).await?;
    let ready = sagas::put_token(&cx.base.db, input.lesson_id, Wait::Payment, &input.token).await?;
    signal::answer(&cx, input.lesson_id, &ready).await?;
    Ok(DONE)
}
