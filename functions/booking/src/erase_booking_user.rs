//! Takes away what `booking` holds on somebody who was erased (product.md, Privacy).
//!
//! Lessons that have not begun are called off in the name of the erased side, under the terms of the booking:
//! a tutor who is gone gives everything back, and nobody waits for one. Gone: the words of reasons, whoever
//! wrote them, since either side may name the other; kept answers. What stays are the lessons, with ids that
//! lead nowhere: they are the other side's record, and payments hang on them. From now on the user can
//! neither book nor be booked, also when `tutoring` hears of it later.

use lectern_domain::booking::{CancelledBy, Lesson};
use lectern_domain::event::Envelope;
use lectern_domain::id::UserId;
use lectern_domain::text::Prose;
use lectern_runtime::{Cx, Fault, Need, UseCase};
use serde_json::json;

use crate::services::{Booking, SAGAS};
use crate::signal;
use crate::store::{erasures, lessons};

const NAME: &str = "erase-booking-user";

/// The use case.
pub fn use_case() -> UseCase<Booking> {
    UseCase::consumer(NAME, &["user.erased"], erase_booking_user)
        .summary("Call off an erased user's lessons to come, and take away what booking holds on them")
        .needs(&[Need::Database, Need::Bus, SAGAS])
}

/// Every step can be repeated, so the event is remembered last: a crash in between lets it come again.
async fn erase_booking_user(cx: Cx<Booking>, event: Envelope) -> Result<(), Fault> {
    let user = UserId(event.aggregate.id);
    erasures::erase(&cx.base.db, user, cx.now()).await?;
    for lesson in erasures::lessons_to_come(&cx.base.db, user, cx.now()).await? {
        call_off(&cx, user, lesson).await?;
    }
    let first_time = erasures::done(&cx.base.db, NAME, event.id).await?;
    tracing::info!(use_case = NAME, event_id = %event.id, first_time, "user erased");
    Ok(())
}

async fn call_off(cx: &Cx<Booking>, user: UserId, lesson: Lesson) -> Result<(), Fault> {
    let (id, before) = (lesson.id, lesson.sequence);
    let by = if lesson.booking.tutor_id == user { CancelledBy::Tutor } else { CancelledBy::Student };
    let reason = Prose::parse(erasures::CLOSED).map_err(Fault::bad_input)?;
    let (lesson, events) = lesson.cancel(by, reason, cx.now()).map_err(Fault::transient)?;
    let events = cx.seal(events);
    let cancelled = json!({ "outcome": "cancelled" });
    let ready = lessons::save(&cx.base.db, &lesson, before, &events, Some(&cancelled))
        .await?
        .ok_or_else(|| Fault::transient("a lesson was changed at the same moment"))?;
    cx.base.publish(&events).await;
    signal::answer_or_leave(cx, id, &ready).await;
    Ok(())
}
