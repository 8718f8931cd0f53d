//! Webhook endpoints: addresses that are sent events besides the configured ones, each with a secret of its own.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Event, Kind, Reply};
use crate::API_VERSION;
use crate::error::Failure;
use crate::http::Call;
use crate::params::{Metadata, Params};
use crate::render::{self, Page};
use crate::state::Unit;

/// How many there may be in test mode.
const COUNT_MAX: usize = 16;
const SECRET_LENGTH: usize = 32;

/// Where events go.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the fields are Stripe's, see docs.stripe.com/api/webhook_endpoints/object")]
pub struct WebhookEndpoint {
    pub id: String,
    pub api_version: Option<String>,
    pub created: i64,
    pub description: Option<String>,
    pub enabled_events: Vec<String>,
    pub metadata: Metadata,
    pub status: String,
    pub url: String,
    /// What deliveries are signed with: shown only once, to who makes it.
    #[serde(rename = "_secret")]
    pub secret: String,
    /// Whether it takes the events of connected accounts, instead of the platform's own.
    #[serde(rename = "_connect")]
    pub connect: bool,
    #[serde(rename = "_deleted", default)]
    pub deleted: bool,
}

impl WebhookEndpoint {
    /// Whether an event is sent there.
    #[must_use]
    pub fn wants(&self, event: &Event) -> bool {
        let is_enabled = !self.deleted && self.status == "enabled";
        let kinds = || self.enabled_events.iter().any(|kind| kind == "*" || *kind == event.kind);
        is_enabled && self.connect == event.account.is_some() && kinds()
    }
}

/// `POST /v1/webhook_endpoints`
///
/// # Errors
/// Its parameters are not acceptable, or there are as many as there may be.
pub fn create(unit: &mut Unit, call: &Call, _path: &[&str]) -> Result<Reply, Failure> {
    let params = call.params;
    params.only(&[
        "api_version",
        "connect",
        "description",
        "enabled_events[]",
        "metadata",
        "metadata[*]",
        "url",
    ])?;
    let url = url(params)?.ok_or_else(|| Failure::MissingParameter("url".to_owned()))?;
    let enabled_events = enabled_events(params)?;
    let enabled_events =
        enabled_events.ok_or_else(|| Failure::MissingParameter("enabled_events".to_owned()))?;
    if unit.every::<WebhookEndpoint>().iter().filter(|other| !other.deleted).count() >= COUNT_MAX {
        let message = format!("You have reached the maximum of {COUNT_MAX} test webhook endpoints.");
        return Err(Failure::refused(Some("resource_limit_exceeded"), message));
    }
    let api_version = params.text("api_version")?;
    if api_version.as_deref().is_some_and(|version| version != API_VERSION) {
        let message = format!("Invalid api_version: this stand-in tells events in {API_VERSION} only");
        return Err(Failure::invalid("api_version", message));
    }
    let mut endpoint = WebhookEndpoint {
        id: unit.id("we"),
        api_version,
        created: unit.now,
        description: params.clearable("description").flatten(),
        enabled_events,
        metadata: Metadata::new(),
        status: "enabled".to_owned(),
        url,
        secret: format!("whsec_{}", unit.random(SECRET_LENGTH)),
        connect: params.boolean("connect")?.unwrap_or(false),
        deleted: false,
    };
    params.change_metadata(&mut endpoint.metadata)?;
    unit.put(endpoint.clone());
    let mut shown = render::object(&endpoint.clone().into());
    shown["secret"] = endpoint.secret.into();
    Ok(Reply::Json(shown))
}

fn url(params: &Params) -> Result<Option<String>, Failure> {
    let Some(given) = params.text("url")? else { return Ok(None) };
    let is_http = url::Url::parse(&given).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
    if is_http {
        return Ok(Some(given));
    }
    let message = "Invalid URL: An explicit scheme (such as https) must be provided.";
    Err(Failure::InvalidParameter {
        param: "url".to_owned(),
        code: Some("url_invalid"),
        message: message.to_owned(),
    })
}

fn enabled_events(params: &Params) -> Result<Option<Vec<String>>, Failure> {
    let given = params.list("enabled_events");
    if !params.has("enabled_events") {
        return Ok(None);
    }
    let is_kind = |kind: &String| kind == "*" || kind.contains('.') && !kind.contains('*');
    match given.iter().find(|kind| !is_kind(kind)) {
        Some(other) => Err(Failure::invalid(
            "enabled_events",
            format!("Invalid enabled_events: {other} is no event type"),
        )),
        None => Ok(Some(given)),
    }
}

fn of_path(unit: &Unit, path: &[&str]) -> Result<WebhookEndpoint, Failure> {
    let endpoint: WebhookEndpoint = unit.named(path)?;
    if !endpoint.deleted {
        return Ok(endpoint);
    }
    Err(Failure::NoSuch { what: "webhook endpoint", id: endpoint.id, param: "id", in_path: true })
}

/// `GET /v1/webhook_endpoints/{id}`
///
/// # Errors
/// There is none.
pub fn retrieve(unit: &mut Unit, call: &Call, path: &[&str]) -> Result<Reply, Failure> {
    call.params.only(&[])?;
    of_path(unit, path).map(Reply::from)
}

/// `POST /v1/webhook_endpoints/{id}`
///
/// # Errors
/// There is none, or its parameters are not acceptable.
pub fn update(unit: &mut Unit, call: &Call, path: &[&str]) -> Result<Reply, Failure> {
    let params = call.params;
    params.only(&["description", "disabled", "enabled_events[]", "metadata", "metadata[*]", "url"])?;
    let mut endpoint = of_path(unit, path)?;
    endpoint.url = url(params)?.unwrap_or(endpoint.url);
    endpoint.enabled_events = enabled_events(params)?.unwrap_or(endpoint.enabled_events);
    endpoint.description = params.clearable("description").unwrap_or(endpoint.description);
    if let Some(disabled) = params.boolean("disabled")? {
        endpoint.status = if disabled { "disabled" } else { "enabled" }.to_owned();
    }
    params.change_metadata(&mut endpoint.metadata)?;
    unit.put(endpoint.clone());
    Ok(endpoint.into())
}

/// `DELETE /v1/webhook_endpoints/{id}`
///
/// # Errors
/// There is none.
pub fn delete(unit: &mut Unit, call: &Call, path: &[&str]) -> Result<Reply, Failure> {
    call.params.only(&[])?;
    let mut endpoint = of_path(unit, path)?;
    endpoint.deleted = true;
    unit.put(endpoint.clone());
    Ok(Reply::Json(json!({ "id": endpoint.id, "object": "webhook_endpoint", "deleted": true })))
}

/// `GET /v1/webhook_endpoints`
///
/// # Errors
/// Its parameters are not acceptable.
pub fn list(unit: &mut Unit, call: &Call, _path: &[&str]) -> Result<Reply, Failure> {
    let page = Page::read(call.params, &[])?;
    page.list(
        unit,
        Kind::WebhookEndpoint,
        "/v1/webhook_endpoints",
        |object| matches!(object, super::Object::WebhookEndpoint(endpoint) if !endpoint.deleted),
    )
}

/// What never varies.
#[must_use]
pub fn fixed() -> Value {
    json!({ "application": null, "livemode": false })
}
