//! The aggregate `Lesson`.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::event::NewEvent;
use crate::id::{LessonId, PaymentId, UserId};
use crate::money::{Money, MoneyError};
use crate::text::{Line, Prose};
use crate::time::TimeRange;

use super::terms::{BookingTerms, seconds};

crate::words! {
    /// State of a lesson.
    pub enum LessonStatus {
        /// The slot is held while the student pays.
        PendingPayment = "pending_payment",
        /// Paid; will take place.
        Scheduled = "scheduled",
        /// Takes place.
        InProgress = "in_progress",
        /// Took place.
        Completed = "completed",
        /// Was not paid in time.
        Expired = "expired",
        /// Was called off.
        Cancelled = "cancelled",
        /// The student was not there.
        NoShowStudent = "no_show_student",
        /// The tutor was not there.
        NoShowTutor = "no_show_tutor",
        /// The student says that something was wrong.
        Disputed = "disputed",
        /// The student got the money back after a dispute.
        Refunded = "refunded",
    }
}

crate::words! {
    /// Who called a lesson off.
    pub enum CancelledBy {
        /// The student.
        Student = "student",
        /// The tutor.
        Tutor = "tutor",
        /// The platform: it could not be scheduled.
        Platform = "platform",
    }
}

/// What is agreed when a slot is booked.
#[derive(Clone, Debug, PartialEq)]
pub struct Booking {
    /// Who learns.
    pub student_id: UserId,
    /// Who teaches.
    pub tutor_id: UserId,
    /// What.
    pub subject: Line<60>,
    /// When.
    pub time: TimeRange,
    /// Free time that the tutor wants on both sides, in minutes.
    pub gap_minutes: u16,
    /// The tutor's price at that moment.
    pub price: Money,
    /// The terms at that moment.
    pub terms: BookingTerms,
}

/// A lesson called off.
#[derive(Clone, Debug, PartialEq)]
pub struct Cancellation {
    /// Who did it.
    pub by: CancelledBy,
    /// Why.
    pub reason: Prose<500>,
    /// What the student gets back of what was paid.
    pub refund: Money,
}

/// A lesson.
#[derive(Clone, Debug, PartialEq)]
pub struct Lesson {
    /// Its id.
    pub id: LessonId,
    /// What was agreed.
    pub booking: Booking,
    /// State.
    pub status: LessonStatus,
    /// Until when the slot is held without payment.
    pub hold_expires_at: Timestamp,
    /// The payment, once there is one.
    pub payment_id: Option<PaymentId>,
    /// Set when it was called off.
    pub cancellation: Option<Cancellation>,
    /// Number of the aggregate's last event.
    pub sequence: i64,
}

/// What becomes of the money of a lesson; what the state machine waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "decision")]
pub enum Outcome {
    /// The lesson took place: after the dispute window the tutor is paid.
    #[serde(rename_all = "camelCase")]
    Completed {
        /// How long the student may still dispute.
        dispute_window_seconds: u32,
    },
    /// The lesson was called off: the student gets `refund`, the tutor's side the rest.
    #[serde(rename_all = "camelCase")]
    Cancelled {
        /// What goes back.
        refund: Money,
    },
}

/// Why something can't be done with a lesson.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LessonError {
    /// Not in this state.
    #[error("the lesson is {}", .0.as_str())]
    WrongState(LessonStatus),
    /// It has begun.
    #[error("the lesson has begun")]
    Begun,
    /// It hasn't begun.
    #[error("the lesson has not begun")]
    NotBegun,
    /// An amount that can't be reckoned with.
    #[error(transparent)]
    Money(#[from] MoneyError),
}

impl Lesson {
    /// Books a slot: it is held until the hold expires.
    pub fn request(id: LessonId, booking: Booking, now: Timestamp) -> (Self, Vec<NewEvent>) {
        let hold_expires_at = now + seconds(booking.terms.hold_seconds);
        let mut lesson = Self {
            id,
            booking,
            status: LessonStatus::PendingPayment,
            hold_expires_at,
            payment_id: None,
            cancellation: None,
            sequence: 0,
        };
        let event = lesson.next_event("lesson.requested", json!({}));
        (lesson, vec![event])
    }

    /// The payment has come.
    pub fn schedule(mut self) -> Result<(Self, Vec<NewEvent>), LessonError> {
        self.require(&[LessonStatus::PendingPayment])?;
        self.status = LessonStatus::Scheduled;
        let event = self.next_event("lesson.scheduled", json!({}));
        Ok((self, vec![event]))
    }

    /// No payment came: the slot is free again.
    pub fn expire(mut self) -> Result<(Self, Vec<NewEvent>), LessonError> {
        self.require(&[LessonStatus::PendingPayment])?;
        self.status = LessonStatus::Expired;
        let event = self.next_event("lesson.expired", json!({}));
        Ok((self, vec![event]))
    }

    /// The tutor says that it took place, or time has said so.
    pub fn complete(mut self, now: Timestamp) -> Result<(Self, Vec<NewEvent>), LessonError> {
        self.require(&[LessonStatus::Scheduled, LessonStatus::InProgress])?;
        if now < self.booking.time.start() - seconds(self.booking.terms.earliest_completion_seconds) {
            return Err(LessonError::NotBegun);
        }
        let mut events = Vec::new();
        if self.status == LessonStatus::Scheduled {
            self.status = LessonStatus::InProgress;
            events.push(self.next_event("lesson.started", json!({})));
        }
        self.status = LessonStatus::Completed;
        events.push(self.next_event("lesson.completed", json!({})));
        Ok((self, events))
    }

    /// Calls it off. By the student: what goes back follows from the notice given. By others: everything.
    pub fn cancel(
        mut self,
        by: CancelledBy,
        reason: Prose<500>,
        now: Timestamp,
    ) -> Result<(Self, Vec<NewEvent>), LessonError> {
        self.require(&[LessonStatus::PendingPayment, LessonStatus::Scheduled])?;
        let notice = self.booking.time.start().duration_since(now);
        if notice.is_negative() || notice.is_zero() {
            return Err(LessonError::Begun);
        }
        // Before it is scheduled nothing is owed: should the payment arrive all the same, all of it goes back.
        let all = by != CancelledBy::Student || self.status == LessonStatus::PendingPayment;
        let price = self.booking.price;
        let refund = if all { price } else { self.booking.terms.refund(price, notice)? };
        self.status = LessonStatus::Cancelled;
        self.cancellation = Some(Cancellation { by, reason, refund });
        let event = self.next_event("lesson.cancelled", json!({ "cancelledBy": by, "refund": refund }));
        Ok((self, vec![event]))
    }

    /// Whether it was expired or called off before it was ever scheduled, so that no money may stay with it.
    pub fn is_off_unscheduled(&self) -> bool {
        match self.status {
            LessonStatus::Expired => true,
            // Requested, cancelled: two events. Requested, scheduled, cancelled: three.
            LessonStatus::Cancelled => self.sequence <= 2,
            _ => false,
        }
    }

    /// What becomes of the money, once it is decided.
    pub fn outcome(&self) -> Option<Outcome> {
        let dispute_window_seconds = self.booking.terms.dispute_window_seconds;
        match (self.status, &self.cancellation) {
            (LessonStatus::Completed, _) => Some(Outcome::Completed { dispute_window_seconds }),
            (LessonStatus::Cancelled, Some(c)) => Some(Outcome::Cancelled { refund: c.refund }),
            _ => None,
        }
    }

    /// Seconds until it completes by itself, at least one.
    pub fn seconds_until_auto_completion(&self, now: Timestamp) -> i64 {
        let at = self.booking.time.end() + seconds(self.booking.terms.auto_complete_seconds);
        at.duration_since(now).as_secs().max(1)
    }

    fn require(&self, states: &[LessonStatus]) -> Result<(), LessonError> {
        if states.contains(&self.status) { Ok(()) } else { Err(LessonError::WrongState(self.status)) }
    }

    fn next_event(&mut self, kind: &'static str, more: Value) -> NewEvent {
        self.sequence += 1;
        let booking = &self.booking;
        let mut data = json!({
            "lessonId": self.id,
            "studentId": booking.student_id,
            "tutorId": booking.tutor_id,
            "subject": booking.subject,
            "start": booking.time.start(),
            "end": booking.time.end(),
            "status": self.status,
        });
        if let (Some(data), Value::Object(more)) = (data.as_object_mut(), more) {
            data.extend(more);
        }
        NewEvent {
            kind,
            version: 1,
            aggregate_type: "lesson",
            aggregate_id: self.id.0,
            sequence: self.sequence,
            data,
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;
    use proptest::prelude::*;

    use super::*;
    use crate::money::Currency;

    const HOUR: i64 = 3600;

    fn start() -> Timestamp {
        "2027-03-01T10:00:00Z".parse().unwrap()
    }

    fn before(seconds: i64) -> Timestamp {
        start() - SignedDuration::from_secs(seconds)
    }

    fn requested(price: i64) -> Lesson {
        let id = uuid::Uuid::from_u128;
        let booking = Booking {
            student_id: UserId(id(1)),
            tutor_id: UserId(id(2)),
            subject: Line::parse("algebra").unwrap(),
            time: TimeRange::of_minutes(start(), 60).unwrap(),
            gap_minutes: 0,
            price: Money::new(price, Currency::Usd),
            terms: BookingTerms::default(),
        };
        Lesson::request(LessonId(id(3)), booking, before(100 * HOUR)).0
    }

    fn scheduled(price: i64) -> Lesson {
        requested(price).schedule().unwrap().0
    }

    fn reason() -> Prose<500> {
        Prose::parse("ill").unwrap()
    }

    fn refund(lesson: Lesson, by: CancelledBy, now: Timestamp) -> i64 {
        lesson.cancel(by, reason(), now).unwrap().0.cancellation.unwrap().refund.amount
    }

    #[test]
    fn a_student_gets_back_by_the_notice_given_and_a_boundary_counts_as_in_time() {
        for (notice, want) in [
            (24 * HOUR + 1, 4_500),
            (24 * HOUR, 4_500),
            (24 * HOUR - 1, 2_250),
            (4 * HOUR, 2_250),
            (4 * HOUR - 1, 0),
            (1, 0),
        ] {
            assert_eq!(
                refund(scheduled(4_500), CancelledBy::Student, before(notice)),
                want,
                "{notice} s before"
            );
        }
    }

    #[test]
    fn a_tutor_who_cancels_gives_everything_back() {
        assert_eq!(refund(scheduled(4_500), CancelledBy::Tutor, before(1)), 4_500);
    }

    #[test]
    fn half_of_an_odd_price_is_rounded_half_even() {
        assert_eq!(refund(scheduled(4_501), CancelledBy::Student, before(5 * HOUR)), 2_250);
        assert_eq!(refund(scheduled(4_503), CancelledBy::Student, before(5 * HOUR)), 2_252);
    }

    #[test]
    fn a_lesson_that_has_begun_is_not_called_off() {
        let cancelled = scheduled(4_500).cancel(CancelledBy::Student, reason(), start());
        assert_eq!(cancelled.unwrap_err(), LessonError::Begun);
    }

    #[test]
    fn a_lesson_is_completed_after_it_began_and_not_before() {
        assert_eq!(scheduled(1).complete(before(1)).unwrap_err(), LessonError::NotBegun);
        let (lesson, events) = scheduled(1).complete(start()).unwrap();
        assert_eq!(lesson.status, LessonStatus::Completed);
        assert_eq!(events.iter().map(|e| e.kind).collect::<Vec<_>>(), ["lesson.started", "lesson.completed"]);
    }

    #[test]
    fn an_outcome_reads_as_the_state_machine_expects_it() {
        let completed = Outcome::Completed { dispute_window_seconds: 9 };
        assert_eq!(
            serde_json::to_value(completed).unwrap(),
            json!({ "decision": "completed", "disputeWindowSeconds": 9 })
        );
        let cancelled = Outcome::Cancelled { refund: Money::new(5, Currency::Eur) };
        assert_eq!(
            serde_json::to_value(cancelled).unwrap(),
            json!({ "decision": "cancelled", "refund": { "amount": 5, "currency": "EUR" } })
        );
    }

    /// The transitions of product.md that this journey builds.
    const ALLOWED: &[(LessonStatus, &str, LessonStatus)] = &[
        (LessonStatus::PendingPayment, "schedule", LessonStatus::Scheduled),
        (LessonStatus::PendingPayment, "expire", LessonStatus::Expired),
        (LessonStatus::PendingPayment, "cancel", LessonStatus::Cancelled),
        (LessonStatus::Scheduled, "cancel", LessonStatus::Cancelled),
        (LessonStatus::Scheduled, "complete", LessonStatus::Completed),
        (LessonStatus::InProgress, "complete", LessonStatus::Completed),
    ];

    proptest! {
        #[test]
        fn only_the_transitions_of_the_product_happen_and_each_event_counts_up(
            status in prop::sample::select(LessonStatus::ALL),
            command in prop::sample::select(&["schedule", "expire", "cancel", "complete"][..]),
        ) {
            let mut lesson = requested(4_500);
            lesson.status = status;
            let sequence = lesson.sequence;
            let done = match command {
                "schedule" => lesson.schedule(),
                "expire" => lesson.expire(),
                "cancel" => lesson.cancel(CancelledBy::Tutor, reason(), before(HOUR)),
                _ => lesson.complete(start()),
            };
            let want = ALLOWED.iter().find(|(from, by, _)| *from == status && *by == command);
            match (done, want) {
                (Ok((after, events)), Some((_, _, to))) => {
                    prop_assert_eq!(after.status, *to);
                    let numbers: Vec<_> = events.iter().map(|e| e.sequence).collect();
                    prop_assert_eq!(numbers, (sequence + 1..=after.sequence).collect::<Vec<_>>());
                }
                (Err(error), None) => prop_assert_eq!(error, LessonError::WrongState(status)),
                (done, want) => prop_assert!(false, "{command} from {status}: {done:?}, expected {want:?}"),
            }
        }

        #[test]
        fn nobody_gets_back_more_than_was_paid_and_never_less_for_more_notice(
            price in 0_i64..10_000_000, notice in 1_i64..200_000, longer in 0_i64..200_000,
        ) {
            let less = refund(scheduled(price), CancelledBy::Student, before(notice));
            let more = refund(scheduled(price), CancelledBy::Student, before(notice + longer));
            prop_assert!(0 <= less && less <= more && more <= price);
        }
    }
}
