//! Gives and takes the quality badge, monthly (product.md, Tutoring).

use lectern_domain::id::UserId;
use lectern_runtime::{Cx, Fault, UseCase};

use crate::services::Tutoring;
use crate::store::standings;

const NAME: &str = "award-badges";
/// Tutors that are looked at in one statement.
const PAGE: i64 = 1_000;

/// The use case. In the night after a month's last day, when least is going on.
pub fn use_case() -> UseCase<Tutoring> {
    UseCase::schedule(NAME, "cron(0 3 1 * ? *)", award_badges).summary(
        "Give the quality badge to the tutors who earn it, and take it from those who don't any more",
    )
}

/// Running again changes nothing but what has changed, so a run that died is simply repeated.
async fn award_badges(cx: Cx<Tutoring>) -> Result<(), Fault> {
    let (db, policy, now) = (&cx.base.db, &cx.policy.badge, cx.now());
    let (mut given, mut taken) = (0, 0);
    let mut after: Option<UserId> = None;
    loop {
        let records = standings::records(db, policy, now, after, PAGE).await?;
        let Some((last, _)) = records.last() else { break };
        after = Some(*last);
        let (earned, missed): (Vec<_>, Vec<_>) =
            records.iter().partition(|(_, record)| policy.is_met_by(record));
        let ids = |some: Vec<&(UserId, _)>| some.into_iter().map(|(id, _)| *id).collect::<Vec<_>>();
        let (more, fewer) = standings::award(db, &ids(earned), &ids(missed), now).await?;
        given += more;
        taken += fewer;
    }
    tracing::info!(use_case = NAME, given, taken, "badges awarded");
    Ok(())
}
