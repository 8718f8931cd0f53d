//! Subscriptions, from the checkout page to the end.

use std::sync::Arc;

use jiff::Timestamp;
use lectern_domain::id::UserId;
use lectern_payments::store::subscriptions::paid_invoices;
use lectern_payments::{Payments, customers, get_subscription};
use lectern_runtime::Cx;
use serde_json::json;
use uuid::Uuid;

use super::billed::{Billed, DAY, as_student, monthly, text, told};

#[tokio::test]
async fn a_subscription_is_paid_on_stripes_page_and_entitles_once_stripe_says_so() {
    let billed = Billed::new().await;
    let none = billed.send(get_subscription::use_case(), as_student(billed.user)).await;
    assert_eq!((none.status, none.problem()), (404, "not-found"));
    let made = billed.subscribe("k", &monthly()).await;
    assert_eq!(made.status, 201, "{made:?}");
    assert_eq!(made.data()["price"], json!({ "amount": 1200, "currency": "USD" }));
    let before = billed.world.services.base.round_trips();
    let pending = billed.me().await;
    assert_eq!(billed.world.services.base.round_trips() - before, 1);
    assert_eq!((&pending["status"], &pending["entitled"]), (&json!("pending"), &json!(false)));
    assert_eq!(pending["checkoutUrl"], made.data()["checkoutUrl"]);

    assert_eq!(billed.fill(&pending["checkoutUrl"], &[("card", "pm_card_chargeDeclined")]).await, 402);
    assert_eq!(billed.fill(&pending["checkoutUrl"], &[]).await, 303);
    assert_eq!(billed.me().await["status"], "pending", "nobody has told us yet");
    billed.world.hear_all().await;
    let me = billed.me().await;
    assert_eq!(
        (&me["status"], &me["entitled"], &me["cancelAtPeriodEnd"]),
        (&json!("active"), &json!(true), &json!(false))
    );
    assert!(me.get("checkoutUrl").is_none());
    assert_eq!(billed.told(), told(&[("activated", true)]));
    assert_eq!(billed.revenue().await, 1_200);
    assert_eq!(billed.world.balance("stripe_fees").await, 65);

    let again = billed.subscribe("another", &monthly()).await;
    assert_eq!((again.status, again.problem()), (409, "wrong-state"));
    let invoices = paid_invoices(&billed.world.services.base.db, billed.user, None, 10).await.unwrap();
    assert_eq!((invoices.len(), invoices[0].paid.amount), (1, 1_200));
    let last = (invoices[0].paid_at.get(), invoices[0].invoice_id.as_str());
    let after = paid_invoices(&billed.world.services.base.db, billed.user, Some(last), 10).await.unwrap();
    assert!(after.is_empty());
    billed.world.check().await;
}

#[tokio::test]
async fn each_renewal_is_booked_and_changes_nothing_else() {
    let billed = Billed::new().await;
    billed.active(&monthly()).await;
    let renewal = billed.renewal().await;
    billed.advance_to(renewal).await;
    billed.world.hear_all().await;
    assert_eq!(billed.me().await["entitled"], true, "the invoice is a draft for an hour");
    assert_eq!(billed.revenue().await, 1_200);
    billed.advance_to(renewal + 3_600).await;
    billed.world.hear_all().await;
    assert!(billed.renewal().await > renewal + 27 * DAY);
    assert_eq!(billed.revenue().await, 2_400);
    assert_eq!(billed.told(), told(&[("activated", true)]));
    billed.world.check().await;
}

#[tokio::test]
async fn a_year_is_paid_at_once_in_the_payers_currency() {
    let billed = Billed::new().await;
    let me = billed.active(&json!({ "plan": "pro", "period": "yearly", "currency": "EUR" })).await;
    assert_eq!(
        (&me["price"], &me["period"]),
        (&json!({ "amount": 12_000, "currency": "EUR" }), &json!("yearly"))
    );
    let renewal = billed.renewal().await;
    assert!((365 * DAY..=366 * DAY).contains(&renewal));
    billed.advance_to(renewal + 3_600).await;
    billed.world.hear_all().await;
    let verified = billed.world.verified().await;
    let revenue = json!({ "account": "platform_revenue", "currency": "EUR", "balance": -24_000 });
    assert!(verified["accounts"].as_array().unwrap().contains(&revenue), "{verified}");
    billed.world.check().await;
}

#[tokio::test]
async fn past_due_keeps_the_entitlement_for_seven_days_to_the_second_and_paying_brings_it_back() {
    let billed = Billed::new().await;
    billed.active(&monthly()).await;
    let renewal = billed.renewal().await;
    billed.portal(&[("action", "card"), ("card", "pm_card_chargeCustomerFail")]).await;
    billed.advance_to(renewal + 3_600).await;
    billed.world.hear_all().await;
    let late = billed.me().await;
    assert_eq!((&late["status"], &late["entitled"]), (&json!("past_due"), &json!(true)));
    let until: Timestamp = late["entitledUntil"].as_str().unwrap().parse().unwrap();
    assert_eq!(until.as_second(), billed.start + renewal + 7 * DAY);

    billed.advance_to(renewal + 7 * DAY - 1).await;
    billed.sweep().await;
    assert_eq!(billed.me().await["entitled"], true);
    billed.advance_to(renewal + 7 * DAY).await;
    assert_eq!(billed.me().await["entitled"], false, "also before anybody has swept");
    billed.sweep().await;
    billed.sweep().await;
    assert_eq!(billed.told(), told(&[("activated", true), ("past_due", true), ("past_due", false)]));
    assert_eq!(billed.revenue().await, 1_200);

    billed.portal(&[("action", "card"), ("card", "pm_card_visa")]).await;
    billed.portal(&[("action", "pay")]).await;
    billed.world.hear_all().await;
    let back = billed.me().await;
    assert_eq!((&back["status"], &back["entitled"]), (&json!("active"), &json!(true)));
    assert!(back.get("entitledUntil").is_none());
    assert_eq!(billed.told().last().unwrap(), &("subscription.activated".to_owned(), true));
    assert_eq!(billed.revenue().await, 2_400);
    billed.world.check().await;
}

#[tokio::test]
async fn what_nobody_pays_is_cancelled_in_the_end() {
    let billed = Billed::new().await;
    billed.active(&monthly()).await;
    let renewal = billed.renewal().await;
    billed.portal(&[("action", "card"), ("card", "pm_card_chargeCustomerFail")]).await;
    billed.advance_to(renewal + 3_600 + 14 * DAY).await;
    billed.world.hear_all().await;
    let over = billed.me().await;
    assert_eq!((&over["status"], &over["entitled"]), (&json!("cancelled"), &json!(false)));
    assert_eq!(billed.told(), told(&[("activated", true), ("cancelled", false)]));
    assert_eq!(billed.cancel().await.status, 404, "there is nothing to end");
    billed.world.check().await;
}

#[tokio::test]
async fn a_subscription_ends_with_the_period_that_is_paid_unless_it_is_resumed() {
    let billed = Billed::new().await;
    billed.active(&monthly()).await;
    let renewal = billed.renewal().await;
    for _ in 0..2 {
        let ending = billed.cancel().await;
        assert_eq!(ending.data()["cancelAtPeriodEnd"], true);
        assert_eq!((&ending.data()["status"], &ending.data()["entitled"]), (&json!("active"), &json!(true)));
    }
    billed.portal(&[("action", "resume")]).await;
    billed.world.hear_all().await;
    assert_eq!(billed.me().await["cancelAtPeriodEnd"], false);
    billed.cancel().await.data();
    billed.advance_to(renewal - 1).await;
    billed.world.hear_all().await;
    assert_eq!(billed.me().await["entitled"], true);
    billed.advance_to(renewal).await;
    billed.world.hear_all().await;
    assert_eq!((&billed.me().await["status"], billed.revenue().await), (&json!("cancelled"), 1_200));
    assert_eq!(billed.told(), told(&[("activated", true), ("cancelled", false)]));
    billed.world.check().await;
}

/// All orders of four events of one payment, each event twice.
#[tokio::test]
async fn stripes_events_twice_and_in_every_order_have_the_same_effect() {
    let mut billed = Billed::new().await;
    let kinds = [
        "checkout.session.completed",
        "customer.subscription.created",
        "invoice.paid",
        "customer.subscription.updated",
    ];
    for order in orders(kinds.len()) {
        billed.user = UserId(Uuid::now_v7());
        billed.on_clock(billed.user).await;
        let made = billed.subscribe("k", &monthly()).await;
        assert_eq!(billed.fill(&made.data()["checkoutUrl"], &[]).await, 303);
        let events = billed.world.new_events().await;
        let before = billed.told().len();
        for at in order.iter().chain(&order) {
            let event = events.iter().find(|event| event["type"] == kinds[*at]).expect(kinds[*at]);
            billed.world.hear(event).await.data();
        }
        let me = billed.me().await;
        assert_eq!((&me["status"], &me["entitled"]), (&json!("active"), &json!(true)), "{order:?}");
        assert_eq!(billed.told().len(), before + 1, "{order:?}");
    }
    assert_eq!(billed.revenue().await, 24 * 1_200);
    let verified = billed.world.verified().await;
    assert_eq!(verified["ok"], true, "{verified:#}");
}

fn orders(count: usize) -> Vec<Vec<usize>> {
    if count == 0 {
        return vec![Vec::new()];
    }
    let shorter = orders(count - 1);
    let with = |order: &Vec<usize>| {
        (0..=order.len())
            .map(|at| {
                let mut longer = order.clone();
                longer.insert(at, count - 1);
                longer
            })
            .collect::<Vec<_>>()
    };
    shorter.iter().flat_map(with).collect()
}

#[tokio::test]
async fn what_stripes_lost_events_would_have_told_is_looked_up() {
    let billed = Billed::new().await;
    let made = billed.subscribe("k", &monthly()).await;
    assert_eq!(billed.fill(&made.data()["checkoutUrl"], &[]).await, 303);
    billed.sweep().await;
    assert_eq!(billed.me().await["status"], "pending", "its page could still be open");
    billed.advance_to(3_601).await;
    billed.sweep().await;
    assert_eq!(billed.me().await["status"], "active");
    let renewal = billed.renewal().await;
    billed.advance_to(renewal + 2 * 3_600).await;
    billed.sweep().await;
    assert_eq!(billed.revenue().await, 2_400);
    // Ended by hand at Stripe, and nobody says so.
    let list = billed.world.stripe_get("/v1/subscriptions?status=all&limit=1").await;
    let none = list["data"].as_array().unwrap().is_empty();
    assert!(none, "those of a clock are listed with their customer only");
    let customer = customers::ensure(&cx(&billed), billed.user).await.unwrap();
    let ours = billed.world.stripe_get(&format!("/v1/subscriptions?customer={customer}")).await;
    let id = text(&ours["data"][0]["id"]);
    billed.world.services.stripe.billing().end_now(&id).await.unwrap();
    billed.advance_to(renewal + 2 * DAY).await;
    billed.sweep().await;
    assert_eq!(billed.me().await["status"], "cancelled");
    let verified = billed.world.verified().await;
    assert_eq!(verified["ok"], true, "{verified:#}");
}

fn cx(billed: &Billed) -> Cx<Payments> {
    let id = || "test".to_owned();
    Cx::new(Arc::clone(&billed.world.services), id(), id(), id())
}
