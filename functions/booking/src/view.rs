//! A lesson as its two people see it.

use lectern_domain::booking::{CancelledBy, Lesson, LessonStatus};
use lectern_domain::id::{LessonId, PaymentId, UserId};
use lectern_domain::money::Money;
use lectern_domain::text::{Line, Prose};
use lectern_domain::time::Instant;
use lectern_runtime::{Problem, problem};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use lectern_domain::booking::LessonError;

/// See the module.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LessonView {
    lesson_id: LessonId,
    student_id: UserId,
    tutor_id: UserId,
    subject: Line<60>,
    start: Instant,
    end: Instant,
    price: Money,
    status: LessonStatus,
    /// Until when it must be paid; only while it waits for the payment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pay_before: Option<Instant>,
    /// Read it at `GET /v1/payments/{paymentId}` for the client secret to pay with. Comes within a second
    /// after booking.
    #[serde(skip_serializing_if = "Option::is_none")]
    payment_id: Option<PaymentId>,
    /// Who called it off, why, and what goes back.
    #[serde(skip_serializing_if = "Option::is_none")]
    cancellation: Option<CancellationView>,
}

/// See [`LessonView`].
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CancellationView {
    by: CancelledBy,
    reason: Prose<500>,
    /// What the student gets back, if it was paid.
    refund: Money,
}

impl From<&Lesson> for LessonView {
    fn from(lesson: &Lesson) -> Self {
        let booking = &lesson.booking;
        let waits = lesson.status == LessonStatus::PendingPayment;
        Self {
            lesson_id: lesson.id,
            student_id: booking.student_id,
            tutor_id: booking.tutor_id,
            subject: booking.subject.clone(),
            start: booking.time.start().into(),
            end: booking.time.end().into(),
            price: booking.price,
            status: lesson.status,
            pay_before: waits.then(|| lesson.hold_expires_at.into()),
            payment_id: lesson.payment_id,
            cancellation: lesson.cancellation.as_ref().map(|c| CancellationView {
                by: c.by,
                reason: c.reason.clone(),
                refund: c.refund,
            }),
        }
    }
}

/// A refusal of the domain, for the client.
pub fn refused(error: LessonError) -> Problem {
    match error {
        LessonError::WrongState(status) => {
            Problem::new(&problem::WRONG_STATE).detail(format!("{error}.")).with("state", json!(status))
        }
        LessonError::Begun | LessonError::NotBegun => {
            Problem::new(&problem::WRONG_STATE).detail(format!("{error}."))
        }
        LessonError::Money(_) => Problem::internal(error),
    }
}
