//! Test clocks: time that a test moves. Customers that are made on a clock live by it, and so do their subscriptions
//! and invoices. Money moves in real time, as everywhere: a charge and its balance transaction say when they were made.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Kind, Reply, Subscription, billing, customer};
use crate::error::Failure;
use crate::http::Call;
use crate::render::Page;
use crate::state::Unit;

/// A clock is forgotten after 30 days of real time.
const KEPT_FOR_SECONDS: i64 = 30 * 24 * 60 * 60;
/// No clock moves further at once than two of the longest intervals.
const ADVANCE_MAX_SECONDS: i64 = 2 * 366 * 24 * 60 * 60;

/// A clock.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the fields are Stripe's, see docs.stripe.com/api/test_clocks/object")]
pub struct TestClock {
    pub id: String,
    pub created: i64,
    pub deletes_after: i64,
    pub frozen_time: i64,
    pub name: Option<String>,
    pub status: String,
    #[serde(default, rename = "_deleted")]
    pub deleted: bool,
}

/// `POST /v1/test_helpers/test_clocks`
///
/// # Errors
/// Its parameters are not acceptable.
pub fn create(unit: &mut Unit, call: &Call, _path: &[&str]) -> Result<Reply, Failure> {
    call.params.only(&["frozen_time", "name"])?;
    let frozen_time = call.params.positive("frozen_time")?;
    let clock = TestClock {
        id: unit.id("clock"),
        created: unit.now,
        deletes_after: unit.now + KEPT_FOR_SECONDS,
        frozen_time: frozen_time.ok_or_else(|| Failure::MissingParameter("frozen_time".to_owned()))?,
        name: call.params.text("name")?,
        status: "ready".to_owned(),
        deleted: false,
    };
    unit.put(clock.clone());
    unit.emit("test_helpers.test_clock.created", clock.clone());
    Ok(clock.into())
}

fn found(unit: &Unit, path: &[&str]) -> Result<TestClock, Failure> {
    let clock: TestClock = unit.named(path)?;
    if clock.deleted {
        return Err(Failure::NoSuch { what: "test clock", id: clock.id, param: "test_clock", in_path: true });
    }
    Ok(clock)
}

/// `GET /v1/test_helpers/test_clocks/{test_clock}`
///
/// # Errors
/// There is none.
pub fn retrieve(unit: &mut Unit, call: &Call, path: &[&str]) -> Result<Reply, Failure> {
    call.params.only(&[])?;
    found(unit, path).map(Reply::from)
}

/// `POST /v1/test_helpers/test_clocks/{test_clock}/advance`: all that is due until then happens, each thing at its
/// own time. Stripe answers before it is done (`advancing`); here it is done already.
///
/// # Errors
/// There is none, or it is to go back, or too far.
pub fn advance(unit: &mut Unit, call: &Call, path: &[&str]) -> Result<Reply, Failure> {
    call.params.only(&["frozen_time"])?;
    let mut clock = found(unit, path)?;
    let to = call.params.positive("frozen_time")?;
    let to = to.ok_or_else(|| Failure::MissingParameter("frozen_time".to_owned()))?;
    if to <= clock.frozen_time {
        let message = "A test clock can only be advanced to a time after its present frozen time.";
        return Err(Failure::invalid("frozen_time", message));
    }
    if to - clock.frozen_time > ADVANCE_MAX_SECONDS {
        let message = "The test clock can only be advanced up to two intervals of its longest subscription.";
        return Err(Failure::invalid("frozen_time", message));
    }
    billing::run_until(unit, Some(&clock.id), to);
    clock.frozen_time = to;
    unit.put(clock.clone());
    unit.emit("test_helpers.test_clock.ready", clock.clone());
    Ok(clock.into())
}

/// `DELETE /v1/test_helpers/test_clocks/{test_clock}`: its customers and their subscriptions go with it.
///
/// # Errors
/// There is none.
pub fn delete(unit: &mut Unit, call: &Call, path: &[&str]) -> Result<Reply, Failure> {
    call.params.only(&[])?;
    let mut clock = found(unit, path)?;
    let of_clock = |it: &Subscription| it.test_clock.as_deref() == Some(clock.id.as_str());
    for subscription in unit.every::<Subscription>().into_iter().filter(of_clock) {
        billing::end(unit, subscription, "cancellation_requested");
    }
    customer::delete_those_of_clock(unit, &clock.id);
    clock.deleted = true;
    unit.put(clock.clone());
    unit.emit("test_helpers.test_clock.deleted", clock.clone());
    Ok(Reply::Json(json!({ "id": clock.id, "object": "test_helpers.test_clock", "deleted": true })))
}

/// `GET /v1/test_helpers/test_clocks`
///
/// # Errors
/// Its parameters are not acceptable.
pub fn list(unit: &mut Unit, call: &Call, _path: &[&str]) -> Result<Reply, Failure> {
    let page = Page::read(call.params, &[])?;
    page.list(
        unit,
        Kind::TestClock,
        "/v1/test_helpers/test_clocks",
        |object| matches!(object, super::Object::TestClock(clock) if !clock.deleted),
    )
}

/// What never varies.
#[must_use]
pub fn fixed() -> Value {
    json!({ "livemode": false, "status_details": {} })
}
