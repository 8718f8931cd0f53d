//! The banks at the other end of payouts: unless told otherwise, what is paid out arrives within seconds.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use crate::objects::{Payout, payout};
use crate::state::{Done, Origin, Outcome, Stand};

/// How often is looked.
const PAUSE: Duration = Duration::from_millis(500);

/// Moves payouts on for as long as the process lives.
pub async fn work_for_ever(stand: Arc<Stand>) {
    loop {
        tokio::time::sleep(PAUSE).await;
        let is_open = |payout: &Payout| ["pending", "in_transit"].contains(&payout.status.as_str());
        if stand.payouts_are_by_hand() || !stand.read(|tables| tables.all::<Payout>().any(is_open)) {
            continue;
        }
        let moved = stand.work(Origin::default(), |unit| {
            payout::move_on(unit);
            let done = Done { status: 200, body: Value::Null.to_string() };
            Outcome { done, keeps_changes: true, remember: None }
        });
        if let Err(error) = moved {
            tracing::error!(%error, "journal");
        }
    }
}
