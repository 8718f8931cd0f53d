//! Makes the payment of a lesson: our row first, with our own id, then Stripe's intent with that id in it.

use lectern_domain::id::{LessonId, PaymentId, UserId};
use lectern_domain::money::Money;
use lectern_domain::payments::{
    Changes, Commission, CommissionPurpose, NewPayment, Payment, PaymentStatus, Purpose,
};
use lectern_domain::text::Line;
use lectern_runtime::{Cx, Fault, Need, UseCase};
use serde::{Deserialize, Serialize};

use crate::carry_out::{Carried, CarryOutError, carry_out_loaded, go_on, now};
use crate::services::{Payments, STRIPE};
use crate::store::commission;
use crate::store::payments::{self, Loaded, Save};

/// The use case.
pub fn use_case() -> UseCase<Payments> {
    UseCase::step("create-payment", crate::LESSON_PAYMENT, create_payment)
        .summary("Make the payment of a lesson; the same lesson again gives the same payment")
        .needs(&[Need::Database, STRIPE])
}

/// For which lesson, by whom, for whom, how much.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CreatePayment {
    lesson_id: LessonId,
    student_id: UserId,
    tutor_id: UserId,
    amount: Money,
    #[serde(default)]
    description: Option<Line<200>>,
    #[serde(default)]
    purpose: LessonPurpose,
}

/// What kind of lesson is paid for: the commission depends on it.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum LessonPurpose {
    #[default]
    Lesson,
    Trial,
}

impl From<LessonPurpose> for Purpose {
    fn from(purpose: LessonPurpose) -> Self {
        match purpose {
            LessonPurpose::Lesson => Self::Lesson,
            LessonPurpose::Trial => Self::Trial,
        }
    }
}

/// The payment that the student can pay now.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PaymentCreated {
    payment_id: PaymentId,
    status: PaymentStatus,
}

async fn create_payment(cx: Cx<Payments>, input: CreatePayment) -> Result<PaymentCreated, Fault> {
    let (payer, tutor, amount) = (input.student_id, input.tutor_id, input.amount);
    let purpose = Purpose::from(input.purpose);
    let new = NewPayment {
        purpose,
        lesson_id: input.lesson_id,
        payer_id: payer,
        tutor_id: tutor,
        amount,
        description: input.description.map(|text| text.as_str().to_owned()),
    };
    let (commission, version) = commission(&cx, purpose, tutor).await?;
    let (payment, changes) =
        Payment::new(PaymentId(cx.fresh_id()), new, commission, now(&cx)).map_err(CarryOutError::from)?;
    let mut payment = payment.under(version);
    let call = payment.lease_next(now(&cx));
    let save = Save::new(&cx, &payment, changes, None);
    let carried = match payments::insert(&cx.base.db, &mut payment, &save).await? {
        None => {
            cx.base.publish(&save.events).await;
            go_on(&cx, Loaded { payment, ready_account: None }, call).await?
        }
        Some(earlier) => {
            if !earlier.payment.is_for(payer, tutor, amount) {
                return Err(Fault::bad_input("the lesson has another payment already"));
            }
            let ask_again = |payment: &mut Payment, _: Option<&str>| {
                payment.ask_again(now(&cx));
                Ok(Changes::default())
            };
            carry_out_loaded(&cx, earlier, None, ask_again).await?
        }
    };
    created(carried)
}

/// The platform's share at this moment, and the version of the policy that says so. The stage's own where no version
/// is in force yet.
async fn commission(
    cx: &Cx<Payments>,
    purpose: Purpose,
    tutor: UserId,
) -> Result<(Commission, Option<i64>), Fault> {
    let default = (cx.policy.commission_for(purpose), None);
    let Some(of) = CommissionPurpose::of(purpose) else { return Ok(default) };
    let terms = commission::terms(&cx.base.db, tutor, cx.now()).await?;
    let Some((version, policy)) = terms.version else { return Ok(default) };
    Ok(policy.rate(of, terms.minutes_taught).map_or(default, |rate| (rate, Some(version))))
}

fn created(carried: Carried) -> Result<PaymentCreated, Fault> {
    let payment = &carried.payment;
    if payment.status.is_payable() && payment.intent_id().is_none() {
        return Err(carried.unfinished());
    }
    Ok(PaymentCreated { payment_id: payment.id, status: payment.status })
}
