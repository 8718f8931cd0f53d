//! Scheduled: takes up what a crash left between a commit and the state machine, and follows executions that
//! died.
//!
//! An execution doesn't die by itself on AWS: an operator stops it, or its definition was broken. (The local
//! emulator loses its running executions when it is killed.) The one that follows goes the whole way again:
//! every step can run twice with one effect, and what was decided is in the saga's row.

use lectern_domain::id::LessonId;
use lectern_runtime::{Cx, Fault, Need, UseCase, metrics};

use crate::services::{Booking, SAGAS};
use crate::signal;
use crate::store::sagas;

/// The use case.
pub fn use_case() -> UseCase<Booking> {
    UseCase::schedule("sweep-sagas", "RelayRate", sweep_sagas)
        .summary(
            "Start state machines that were not started or died, and answer those that were not answered",
        )
        .needs(&[Need::Database, SAGAS])
}

async fn sweep_sagas(cx: Cx<Booking>) -> Result<(), Fault> {
    let db = &cx.base.db;
    let mut first_fault = None;
    // One that can't be helped must not keep the others waiting.
    let mut note = |lesson: LessonId, outcome: Result<(), Fault>| {
        if let Err(fault) = outcome {
            tracing::warn!(%lesson, cause = fault.message, "saga not taken up");
            first_fault.get_or_insert(fault);
        }
    };
    let left = sagas::left_behind(db, cx.now()).await?;
    count("SagasLeftBehind", left.len());
    for saga in left {
        let taken_up = take_up(&cx, &saga).await;
        note(saga.lesson, taken_up);
    }
    let overdue = sagas::overdue(db, cx.now()).await?;
    for saga in overdue {
        let followed = follow(&cx, &saga).await;
        note(saga.lesson, followed);
    }
    first_fault.map_or(Ok(()), Err)
}

fn count(name: &'static str, number: usize) {
    if number > 0 {
        metrics::count(crate::CONTEXT, name, u64::try_from(number).unwrap_or(u64::MAX));
    }
}

async fn take_up(cx: &Cx<Booking>, saga: &sagas::LeftBehind) -> Result<(), Fault> {
    if let Some(attempt) = saga.not_started {
        let arn = cx.sagas.start(saga.lesson, attempt).await?;
        sagas::started(&cx.base.db, saga.lesson, &arn).await?;
    }
    signal::answer(cx, saga.lesson, &saga.ready).await
}

async fn follow(cx: &Cx<Booking>, saga: &sagas::Overdue) -> Result<(), Fault> {
    if cx.sagas.is_running(&saga.execution_arn).await? {
        return Ok(());
    }
    count("SagasDied", 1);
    tracing::warn!(lesson = %saga.lesson, execution = saga.execution_arn, "execution died; another follows");
    if let Some(attempt) = sagas::restart(&cx.base.db, saga).await? {
        let arn = cx.sagas.start(saga.lesson, attempt).await?;
        sagas::started(&cx.base.db, saga.lesson, &arn).await?;
    }
    Ok(())
}
