//! The billing portal: a page of Stripe's on which a customer looks after their subscription and card.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Kind, Reply, customer};
use crate::error::Failure;
use crate::http::Call;
use crate::params::{Metadata, Params};
use crate::render::Page;
use crate::state::Unit;

/// How long a link can be opened. Stripe's are short-lived too.
const LIFE_SECONDS: i64 = 5 * 60;

/// What customers may do on their page.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the fields are Stripe's")]
pub struct PortalConfiguration {
    pub id: String,
    pub active: bool,
    pub business_profile: Value,
    pub created: i64,
    pub default_return_url: Option<String>,
    pub features: Value,
    pub is_default: bool,
    pub metadata: Metadata,
    pub updated: i64,
}

/// A link to a customer's page.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the fields are Stripe's")]
pub struct PortalSession {
    pub id: String,
    pub configuration: String,
    pub created: i64,
    pub customer: String,
    pub return_url: Option<String>,
    pub url: String,
    #[serde(rename = "_expires_at")]
    pub expires_at: i64,
}

const CHANGEABLE: [&str; 14] = [
    "business_profile[headline]",
    "business_profile[privacy_policy_url]",
    "business_profile[terms_of_service_url]",
    "default_return_url",
    "features[customer_update][allowed_updates][]",
    "features[customer_update][enabled]",
    "features[invoice_history][enabled]",
    "features[payment_method_update][enabled]",
    "features[subscription_cancel][enabled]",
    "features[subscription_cancel][mode]",
    "features[subscription_cancel][proration_behavior]",
    "features[subscription_update][enabled]",
    "metadata",
    "metadata[*]",
];

/// `POST /v1/billing_portal/configurations`
///
/// # Errors
/// Its parameters are not acceptable.
pub fn create_configuration(unit: &mut Unit, call: &Call, _path: &[&str]) -> Result<Reply, Failure> {
    let params = call.params;
    params.only(&CHANGEABLE)?;
    if !params.has("features") {
        return Err(Failure::MissingParameter("features".to_owned()));
    }
    let is_default = unit.every::<PortalConfiguration>().is_empty();
    let mut configuration = PortalConfiguration {
        id: unit.id("bpc"),
        active: true,
        business_profile: json!({ "headline": null, "privacy_policy_url": null, "terms_of_service_url": null }),
        created: unit.now,
        default_return_url: None,
        features: json!({
            "customer_update": { "allowed_updates": [], "enabled": false },
            "invoice_history": { "enabled": false },
            "payment_method_update": { "enabled": false, "payment_method_configuration": null },
            "subscription_cancel": {
                "cancellation_reason": { "enabled": false, "options": [] }, "enabled": false,
                "mode": "at_period_end", "proration_behavior": "none",
            },
            "subscription_pause": { "enabled": false },
            "subscription_update": {
                "billing_cycle_anchor": null, "default_allowed_updates": [], "enabled": false,
                "proration_behavior": "none", "schedule_at_period_end": { "conditions": [] },
                "trial_update_behavior": "end_trial",
            },
        }),
        is_default,
        metadata: Metadata::new(),
        updated: unit.now,
    };
    change(&mut configuration, params)?;
    unit.put(configuration.clone());
    unit.emit("billing_portal.configuration.created", configuration.clone());
    Ok(configuration.into())
}

fn change(configuration: &mut PortalConfiguration, params: &Params) -> Result<(), Failure> {
    for name in ["headline", "privacy_policy_url", "terms_of_service_url"] {
        if let Some(value) = params.clearable(&format!("business_profile[{name}]")) {
            configuration.business_profile[name] = value.into();
        }
    }
    let switches = [
        "customer_update",
        "invoice_history",
        "payment_method_update",
        "subscription_cancel",
        "subscription_update",
    ];
    for name in switches {
        if let Some(enabled) = params.boolean(&format!("features[{name}][enabled]"))? {
            configuration.features[name]["enabled"] = enabled.into();
        }
    }
    let cancel = "features[subscription_cancel]";
    if let Some(mode) = params.choice(&format!("{cancel}[mode]"), &["at_period_end", "immediately"])? {
        configuration.features["subscription_cancel"]["mode"] = mode.into();
    }
    params.choice(&format!("{cancel}[proration_behavior]"), &["none"])?;
    let updates = params.list("features[customer_update][allowed_updates]");
    if !updates.is_empty() {
        configuration.features["customer_update"]["allowed_updates"] = updates.into();
    }
    if let Some(url) = params.clearable("default_return_url") {
        configuration.default_return_url = url;
    }
    params.change_metadata(&mut configuration.metadata)
}

/// `GET /v1/billing_portal/configurations/{configuration}`
///
/// # Errors
/// There is none.
pub fn retrieve_configuration(unit: &mut Unit, call: &Call, path: &[&str]) -> Result<Reply, Failure> {
    call.params.only(&[])?;
    unit.named::<PortalConfiguration>(path).map(Reply::from)
}

/// `POST /v1/billing_portal/configurations/{configuration}`
///
/// # Errors
/// There is none, or its parameters are not acceptable.
pub fn update_configuration(unit: &mut Unit, call: &Call, path: &[&str]) -> Result<Reply, Failure> {
    call.params.only(&[&CHANGEABLE[..], &["active"]].concat())?;
    let before: PortalConfiguration = unit.named(path)?;
    let mut configuration = before.clone();
    configuration.active = call.params.boolean("active")?.unwrap_or(configuration.active);
    configuration.updated = unit.now;
    change(&mut configuration, call.params)?;
    unit.put(configuration.clone());
    unit.emit_change("billing_portal.configuration.updated", before, configuration.clone());
    Ok(configuration.into())
}

/// `GET /v1/billing_portal/configurations`
///
/// # Errors
/// Its parameters are not acceptable.
pub fn list_configurations(unit: &mut Unit, call: &Call, _path: &[&str]) -> Result<Reply, Failure> {
    let page = Page::read(call.params, &["active", "is_default"])?;
    let active = call.params.boolean("active")?;
    let is_default = call.params.boolean("is_default")?;
    page.list(unit, Kind::PortalConfiguration, "/v1/billing_portal/configurations", |object| {
        let super::Object::PortalConfiguration(it) = object else { return false };
        active.is_none_or(|active| it.active == active)
            && is_default.is_none_or(|is_default| it.is_default == is_default)
    })
}

/// `POST /v1/billing_portal/sessions`
///
/// # Errors
/// Its parameters are not acceptable, or nobody has said yet what customers may do.
pub fn create_session(unit: &mut Unit, call: &Call, _path: &[&str]) -> Result<Reply, Failure> {
    let params = call.params;
    params.only(&["configuration", "customer", "return_url"])?;
    let customer = customer::given(unit, &params.required_text("customer")?)?;
    let configuration = match params.text("configuration")? {
        Some(id) => unit.given::<PortalConfiguration>(&id, "configuration")?,
        None => unit.every::<PortalConfiguration>().into_iter().find(|it| it.is_default).ok_or_else(|| {
            Failure::Malformed(
                "No configuration provided and your test mode default configuration has not been created. Provide a \
                 configuration or create your default by saving your customer portal settings in test mode at \
                 https://dashboard.stripe.com/test/settings/billing/portal."
                    .to_owned(),
            )
        })?,
    };
    let id = unit.id("bps");
    // The link is the secret: it says nothing of its session.
    let secret = format!("test_{}", unit.random(40));
    let session = PortalSession {
        url: format!("{}/_stand_in/portal/{secret}", unit.site),
        id,
        configuration: configuration.id,
        created: unit.now,
        customer: customer.id,
        return_url: params.text("return_url")?.or(configuration.default_return_url),
        expires_at: unit.now + LIFE_SECONDS,
    };
    unit.put(session.clone());
    unit.emit("billing_portal.session.created", session.clone());
    Ok(session.into())
}

/// The session of a link that can still be opened.
#[must_use]
pub fn of_secret(unit: &Unit, secret: &str) -> Option<PortalSession> {
    let of = |it: &PortalSession| it.url.ends_with(&format!("/{secret}")) && it.expires_at > unit.now;
    unit.every::<PortalSession>().into_iter().find(of)
}

/// What never varies in a configuration.
#[must_use]
pub fn fixed_configuration() -> Value {
    json!({ "application": null, "livemode": false, "login_page": { "enabled": false, "url": null }, "name": null })
}

/// What never varies in a session.
#[must_use]
pub fn fixed_session() -> Value {
    json!({ "customer_account": null, "flow": null, "livemode": false, "locale": null, "on_behalf_of": null })
}
