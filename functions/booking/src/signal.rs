//! How the state machine waits, and is woken.
//!
//! A waiting step writes its token into the saga's row; whoever knows the outcome writes that into the same
//! row. Each of the two statements gives back what the other has written, so whichever comes second answers
//! the token. A crash between writing and answering leaves a row with both and no `…_answered_at`, which the
//! sweep finds ([`crate::sweep_sagas`]). An answer that is given twice does nothing the second time.

use lectern_domain::id::LessonId;
use lectern_runtime::{Cx, Fault};
use serde_json::Value;

use crate::services::Booking;
use crate::store::sagas;

/// The two things that the state machine waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// Whether the payment came.
    Payment,
    /// What became of the lesson.
    Outcome,
}

/// A token with its answer, ready to be sent.
#[derive(Clone, Debug, PartialEq)]
pub struct Ready {
    /// Which of the two.
    pub wait: Wait,
    /// The token.
    pub token: String,
    /// The answer.
    pub answer: Value,
}

/// Answers what is ready, and notes that it was answered.
pub async fn answer(cx: &Cx<Booking>, lesson: LessonId, ready: &[Ready]) -> Result<(), Fault> {
    for Ready { wait, token, answer } in ready {
        cx.sagas.answer(token, answer).await?;
        sagas::answered(&cx.base.db, lesson, *wait, cx.now()).await?;
    }
    Ok(())
}

/// The same, for a caller whose own work is done and who has an answer to give: a failure is logged and left
/// to the sweep.
pub async fn answer_or_leave(cx: &Cx<Booking>, lesson: LessonId, ready: &[Ready]) {
    if let Err(fault) = answer(cx, lesson, ready).await {
        tracing::warn!(cause = fault.message, %lesson, "state machine not woken; the sweep will");
    }
}
