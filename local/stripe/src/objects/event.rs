//! Events: what happened, with the object as it was then.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Kind, Object, Reply};
use crate::error::Failure;
use crate::http::Call;
use crate::render::Page;
use crate::state::Unit;

/// The address of the command line's.
pub const CONFIGURED: &str = "configured";

fn configured() -> Vec<String> {
    vec![CONFIGURED.to_owned()]
}

impl Event {
    /// One of those who wait for it has taken it. Gives whether it had waited.
    pub fn taken_by(&mut self, who: &str) -> bool {
        let before = self.waiting.len();
        self.waiting.retain(|waiting| waiting != who);
        self.pending_webhooks = u32::try_from(self.waiting.len()).unwrap_or(u32::MAX);
        self.waiting.len() < before
    }
}

/// Something that happened.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the fields are Stripe's, see docs.stripe.com/api/events/object")]
pub struct Event {
    pub id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    pub api_version: String,
    pub created: i64,
    pub data: Value,
    /// How many webhooks haven't taken it yet: what remains to be delivered is what has one here.
    pub pending_webhooks: u32,
    pub request: Value,
    /// Who they are: [`CONFIGURED`], or the id of an endpoint.
    #[serde(rename = "_waiting", default = "configured")]
    pub waiting: Vec<String>,
    #[serde(rename = "type")]
    pub kind: String,
}

/// `GET /v1/events/{id}`
///
/// # Errors
/// There is none.
pub fn retrieve(unit: &mut Unit, call: &Call, path: &[&str]) -> Result<Reply, Failure> {
    call.params.only(&[])?;
    unit.named::<Event>(path).map(Reply::from)
}

/// `GET /v1/events`
///
/// # Errors
/// Its parameters are not acceptable.
pub fn list(unit: &mut Unit, call: &Call, _path: &[&str]) -> Result<Reply, Failure> {
    let page = Page::read(call.params, &["delivery_success", "type", "types[]"])?;
    let delivered = call.params.boolean("delivery_success")?;
    let mut kinds = call.params.list("types");
    kinds.extend(call.params.text("type")?);
    page.list(unit, Kind::Event, "/v1/events", |object| {
        let Object::Event(event) = object else { return false };
        delivered.is_none_or(|delivered| delivered == (event.pending_webhooks == 0))
            && (kinds.is_empty() || kinds.iter().any(|kind| covers(kind, &event.kind)))
    })
}

/// `charge.*` covers every event of charges.
fn covers(pattern: &str, kind: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(prefix) => kind.starts_with(prefix),
        None => pattern == kind,
    }
}

/// What never varies.
#[must_use]
pub fn fixed() -> Value {
    json!({ "livemode": false })
}
