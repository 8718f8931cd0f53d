//! What a webhook of Stripe's about cards, subscriptions and invoices leads to.

use lectern_domain::payments::SubscriptionId;
use lectern_runtime::{Cx, Problem};
use serde_json::Value;

use crate::billing::{self, Hint};
use crate::customers;
use crate::receive_stripe_webhook::{Event, WebhookOutcome, of_no_concern};
use crate::services::Payments;
use crate::store::{subscriptions, webhooks};

/// A card that was detached names its customer only in what it was before.
pub(crate) async fn apply_cards(cx: &Cx<Payments>, event: &Event) -> Result<WebhookOutcome, Problem> {
    let before = event.data.previous_attributes.get("customer").and_then(Value::as_str);
    let Some(customer) = event.data.object["customer"].as_str().or(before) else {
        return of_no_concern(cx, event).await;
    };
    customers::keep_a_default(cx, customer).await?;
    webhooks::finish(&cx.base.db, &event.id, cx.now()).await?;
    Ok(WebhookOutcome::Applied)
}

/// A subscription has changed, one of its invoices, or a charge that may be of one.
pub(crate) async fn apply_billing(cx: &Cx<Payments>, event: &Event) -> Result<WebhookOutcome, Problem> {
    let named = Named::of(&event.data.object);
    let found = match (named.ours, named.subscription, named.charge) {
        (Some(id), ..) => subscriptions::by_id(&cx.base.db, id).await?,
        (None, Some(id), _) => subscriptions::by_stripe_id(&cx.base.db, id).await?,
        (None, None, Some(charge)) => subscriptions::by_charge(&cx.base.db, charge).await?,
        (None, None, None) => None,
    };
    let Some(found) = found else {
        let outcome = of_no_concern(cx, event).await?;
        // Of a payment: the echo of a call of ours.
        return Ok(if named.charge.is_some() { WebhookOutcome::Noted } else { outcome });
    };
    billing::follow(cx, found, Hint { subscription: named.subscription, charge: named.charge }).await?;
    webhooks::finish(&cx.base.db, &event.id, cx.now()).await?;
    Ok(WebhookOutcome::Applied)
}

/// Which subscription an object of Stripe's is about.
struct Named<'a> {
    ours: Option<SubscriptionId>,
    subscription: Option<&'a str>,
    charge: Option<&'a str>,
}

impl<'a> Named<'a> {
    fn of(object: &'a Value) -> Self {
        let by = &object["parent"]["subscription_details"];
        let (metadata, subscription, charge) = match object["object"].as_str() {
            Some("subscription") => (&object["metadata"], &object["id"], &Value::Null),
            Some("invoice") => (&by["metadata"], &by["subscription"], &Value::Null),
            Some("checkout.session") => (&object["metadata"], &object["subscription"], &Value::Null),
            Some("charge") => (&Value::Null, &Value::Null, &object["id"]),
            Some("refund") => (&Value::Null, &Value::Null, &object["charge"]),
            _ => (&Value::Null, &Value::Null, &Value::Null),
        };
        let ours = metadata["subscription_id"].as_str().and_then(|id| SubscriptionId::parse(id).ok());
        Self { ours, subscription: subscription.as_str(), charge: charge.as_str() }
    }
}
