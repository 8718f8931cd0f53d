use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tokio::net::TcpListener;

use crate::support::{
    CONNECT_SECRET, PATIENCE, PUBLISHABLE_KEY, SECRET_KEY, Stripe, WEBHOOK_SECRET, Webhook, id, kinds,
    state_file,
};

/// The real binary, killed without warning when it is dropped.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

async fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port()
}

async fn start(port: u16, state: &Path, webhook: &str) -> (Process, Stripe) {
    let child = Command::new(env!("CARGO_BIN_EXE_stripe-stand-in"))
        .args(["--port", &port.to_string(), "--webhook-url", webhook, "--connect-webhook-url", webhook])
        .arg("--state")
        .arg(state)
        .env("STRIPE_STAND_IN_SECRET_KEY", SECRET_KEY)
        .env("STRIPE_STAND_IN_PUBLISHABLE_KEY", PUBLISHABLE_KEY)
        .env("STRIPE_STAND_IN_WEBHOOK_SECRET", WEBHOOK_SECRET)
        .env("STRIPE_STAND_IN_CONNECT_WEBHOOK_SECRET", CONNECT_SECRET)
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let process = Process(child);
    let stripe = Stripe::at(port);
    let healthy = async {
        let mut tick = tokio::time::interval(Duration::from_millis(20));
        loop {
            tick.tick().await;
            let request = stripe.request("GET", "/_stand_in/health", &[]);
            if request.send().await.is_ok_and(|answer| answer.status().is_success()) {
                return;
            }
        }
    };
    tokio::time::timeout(PATIENCE, healthy).await.expect("the stand-in starts in time");
    (process, stripe)
}

#[tokio::test]
async fn nothing_that_was_answered_is_lost_when_the_process_is_killed() {
    let (port, state) = (free_port().await, state_file());
    let nowhere = format!("http://127.0.0.1:{}/hook", free_port().await);
    let (process, stripe) = start(port, &state, &nowhere).await;
    let account = stripe.ready_account().await;
    let intent = stripe.paid(4500).await;
    let params = [("payment_intent", id(&intent)), ("amount", "500")];
    let refund = stripe.post_with_key("refund", "/v1/refunds", &params).await.ok();
    let before = stripe.get("/_stand_in/state", &[("objects", "true")]).await.ok();
    drop(process);

    let webhook = Webhook::start(0).await;
    let (_process, stripe) = start(port, &state, &webhook.url).await;
    let all = webhook.wait_for(|all| all.len() == 7).await;
    assert!(kinds(&all).contains(&"refund.created".to_owned()), "undelivered events are delivered now");
    let again = stripe.post_with_key("refund", "/v1/refunds", &params).await;
    assert_eq!(again.header("idempotent-replayed"), "true");
    assert_eq!(again.ok(), refund);
    assert_eq!(stripe.balance().await, 4339 - 500);
    let after = stripe.get("/_stand_in/state", &[("objects", "true")]).await.ok();
    assert_eq!(before["totals"], after["totals"]);
    let objects = |dump: &serde_json::Value| {
        let all = dump["objects"].as_array().unwrap().iter();
        all.filter(|it| it["object"] != "event").cloned().collect::<Vec<_>>()
    };
    assert_eq!(objects(&before), objects(&after));
    assert!(after["accounts"][id(&account)]["payouts_enabled"].as_bool().unwrap());
}

#[tokio::test]
async fn a_kill_in_the_middle_of_work_loses_no_answer_and_invents_no_money() {
    let (port, state) = (free_port().await, state_file());
    let webhook = Webhook::start(0).await;
    let (process, stripe) = start(port, &state, &webhook.url).await;
    let stripe = std::sync::Arc::new(stripe);
    let (sender, mut answered) = tokio::sync::mpsc::unbounded_channel();
    for worker in 0..4 {
        let (stripe, sender) = (std::sync::Arc::clone(&stripe), sender.clone());
        tokio::spawn(async move {
            for count in 0.. {
                let key = format!("{worker}-{count}");
                let params = [
                    ("amount", "1000"),
                    ("currency", "usd"),
                    ("allowed_payment_method_types[]", "card"),
                    ("payment_method", "pm_card_visa"),
                    ("confirm", "true"),
                ];
                let request = stripe.request("POST", "/v1/payment_intents", &params);
                let Ok(answer) = request.header("idempotency-key", &key).send().await else { return };
                let Ok(body) = answer.text().await else { return };
                let _ = sender.send(body);
            }
        });
    }
    drop(sender);
    let mut bodies = Vec::new();
    while let Some(body) = answered.recv().await {
        bodies.push(body);
        if bodies.len() == 50 {
            break;
        }
    }
    drop(process);
    while let Some(body) = answered.recv().await {
        bodies.push(body);
    }

    let (_process, stripe) = start(port, &state, &webhook.url).await;
    for body in &bodies {
        let intent: serde_json::Value = serde_json::from_str(body).unwrap();
        let kept = stripe.get(&format!("/v1/payment_intents/{}", id(&intent)), &[]).await.ok();
        assert_eq!(kept, intent);
    }
    let dump = stripe.get("/_stand_in/state", &[]).await.ok();
    let paid = dump["payment_intents"]["succeeded"].as_i64().unwrap();
    assert_eq!(dump["balances"]["usd"], paid * (1000 - 59));
    assert!(usize::try_from(paid).unwrap() >= bodies.len());
}

#[tokio::test]
async fn a_torn_last_line_is_dropped_and_a_broken_one_before_it_refused() {
    let (port, state) = (free_port().await, state_file());
    let webhook = Webhook::start(0).await;
    let (process, stripe) = start(port, &state, &webhook.url).await;
    stripe.paid(1000).await;
    drop(process);
    let whole = std::fs::read_to_string(&state).unwrap();
    std::fs::write(&state, format!("{whole}{{\"put\":[{{\"obj")).unwrap();
    let (process, stripe) = start(port, &state, &webhook.url).await;
    assert_eq!(stripe.balance().await, 1000 - 59);
    drop(process);

    std::fs::write(&state, format!("nonsense\n{whole}")).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_stripe-stand-in"))
        .args(["--port", &port.to_string(), "--webhook-secret", WEBHOOK_SECRET])
        .args(["--secret-key", SECRET_KEY, "--publishable-key", PUBLISHABLE_KEY, "--state"])
        .arg(&state)
        .output()
        .unwrap();
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("line 1"));
}

/// Something of every kind that there is: the calls that make it, in order; `{n}` is the id that the n-th gave.
const EVERYTHING: [(&str, &[(&str, &str)]); 16] = [
    ("/v1/customers", &[("email", "payer@example.com")]),
    ("/v1/payment_methods/pm_card_visa/attach", &[("customer", "{0}")]),
    ("/v1/setup_intents", &[("customer", "{0}")]),
    (
        "/v1/accounts",
        &[("type", "express"), ("country", "US"), ("capabilities[transfers][requested]", "true")],
    ),
    ("/_stand_in/accounts/complete_onboarding", &[("account", "{3}")]),
    (
        "/v1/payment_intents",
        &[
            ("amount", "9000"),
            ("currency", "usd"),
            ("allowed_payment_method_types[]", "card"),
            ("payment_method", "pm_card_createDispute"),
            ("confirm", "true"),
        ],
    ),
    (
        "/v1/payment_intents",
        &[
            ("amount", "90000"),
            ("currency", "usd"),
            ("allowed_payment_method_types[]", "card"),
            ("payment_method", "pm_card_visa"),
            ("confirm", "true"),
        ],
    ),
    ("/v1/refunds", &[("payment_intent", "{6}"), ("amount", "500")]),
    ("/v1/transfers", &[("amount", "5000"), ("currency", "usd"), ("destination", "{3}")]),
    ("/v1/transfers/{8}/reversals", &[("amount", "100")]),
    (
        "/v1/account_links",
        &[
            ("account", "{3}"),
            ("type", "account_onboarding"),
            ("refresh_url", "https://example.com/again"),
            ("return_url", "https://example.com/back"),
        ],
    ),
    ("/v1/products", &[("name", "Pro")]),
    (
        "/v1/prices",
        &[
            ("product", "{11}"),
            ("unit_amount", "1500"),
            ("currency", "usd"),
            ("recurring[interval]", "month"),
        ],
    ),
    (
        "/v1/subscriptions",
        &[("customer", "{0}"), ("items[0][price]", "{12}"), ("default_payment_method", "{1}")],
    ),
    ("/v1/test_helpers/test_clocks", &[("frozen_time", "1900000000")]),
    ("/v1/webhook_endpoints", &[("url", "http://127.0.0.1:9/none"), ("enabled_events[]", "charge.refunded")]),
];

#[tokio::test]
async fn every_kind_of_object_is_as_it_was_after_a_kill() {
    let (port, state) = (free_port().await, state_file());
    let webhook = Webhook::start(0).await;
    let (process, stripe) = start(port, &state, &webhook.url).await;
    let mut ids: Vec<String> = Vec::new();
    let filled = |text: &str, ids: &[String]| {
        ids.iter().enumerate().fold(text.to_owned(), |text, (n, id)| text.replace(&format!("{{{n}}}"), id))
    };
    for (path, params) in EVERYTHING {
        let params: Vec<_> = params.iter().map(|(name, value)| (*name, filled(value, &ids))).collect();
        let params: Vec<_> = params.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let made = stripe.post(&filled(path, &ids), &params).await.ok();
        // A link to an account has no id.
        ids.push(made["id"].as_str().unwrap_or_default().to_owned());
    }
    let before = stripe.get("/_stand_in/state", &[("objects", "true")]).await.ok();
    let untouched = |dump: &serde_json::Value| {
        let all = dump["objects"].as_array().unwrap().iter();
        all.filter(|it| it["object"] != "event").cloned().collect::<Vec<_>>()
    };
    let kinds: std::collections::BTreeSet<_> =
        untouched(&before).iter().map(|it| it["object"].as_str().unwrap().to_owned()).collect();
    for kind in ["customer", "dispute", "invoice", "setup_intent", "subscription", "webhook_endpoint"] {
        assert!(kinds.contains(kind), "{kind}: {kinds:?}");
    }
    drop(process);
    let (_process, stripe) = start(port, &state, &webhook.url).await;
    let after = stripe.get("/_stand_in/state", &[("objects", "true")]).await.ok();
    assert_eq!(untouched(&before), untouched(&after));
    assert_eq!((&before["totals"], &before["balances"]), (&after["totals"], &after["balances"]));
}
