//! A world for each test: database, Stripe, bus, clock.

use std::collections::{BTreeSet, VecDeque};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use lectern_domain::event::{AggregateRef, Envelope};
use lectern_domain::id::{EventId, UserId};
use lectern_domain::money::Money;
use lectern_domain::payments::SubscriptionPolicy;
use lectern_domain::payments::tax::TaxPolicy;
use lectern_domain::payments::{
    AccountSeen, Call, DisputeSeen, IntentSeen, OperationKind, Payment, PaymentsPolicy, PayoutAccount,
    RefundSeen,
};
use lectern_domain::role::Role;
use lectern_payments::people::{Payer, People};
use lectern_payments::policies::PayoutPolicy;
use lectern_payments::stripe::{
    Billing, Cards, ClientConfig, Connect, MovementPage, OnboardingUrls, Performed, Secret, Stripe,
    StripeApi, StripeError,
};
use lectern_payments::{
    Payments, cancel_payment, create_payment, get_earnings, get_payment, open_payout_account,
    receive_stripe_webhook, refund_payment, release_payment, settle_payables, verify_ledger,
};
use lectern_postgres::revocations::RevocationCache;
use lectern_postgres::testing::TestDatabase;
use lectern_postgres::{Base, Database};
use lectern_runtime::clock::Clock;
use lectern_runtime::config::Env;
use lectern_runtime::internal::InternalError;
use lectern_runtime::testing::{Answered, As, RecordingBus, TestRequest, deliver, invoke};
use lectern_runtime::{Fault, Kit};
use lectern_stripe_stand_in::config::Config;
use lectern_stripe_stand_in::testing::Running;
use lectern_stripe_stand_in::webhooks::signature_header;
use serde_json::{Value, json};
use tokio::sync::{Barrier, Notify};
use uuid::Uuid;

const SECRET_KEY: &str = "sk_test_123456789012";
const PUBLISHABLE_KEY: &str = "pk_test_123456789012";
pub const WEBHOOK_SECRET: &str = "whsec_test";
/// Of events of connected accounts.
pub const CONNECT_SECRET: &str = "whsec_connect";

/// What goes wrong between us and Stripe.
pub enum Trouble {
    /// Stripe does it, and the answer is lost.
    AnswerLost,
    /// Stripe never hears of it.
    RequestLost,
    /// Stripe does it; then nothing happens any more. Tells that it is so far.
    Hangs(Arc<Notify>),
    /// Waits for others before it is sent.
    Meets(Arc<Barrier>),
}

/// Stripe with trouble in between.
pub struct Troubled {
    pub inner: StripeApi,
    pub payout_troubles: Mutex<VecDeque<Trouble>>,
    troubles: Mutex<VecDeque<(OperationKind, Trouble)>>,
    pub sent: Mutex<Vec<String>>,
}

impl Troubled {
    fn take(&self, kind: OperationKind) -> Option<Trouble> {
        let mut troubles = self.troubles.lock().unwrap();
        let at = troubles.iter().position(|(of, _)| *of == kind)?;
        troubles.remove(at).map(|(_, trouble)| trouble)
    }
}

#[async_trait]
impl Stripe for Troubled {
    async fn perform(&self, payment: &Payment, call: &Call) -> Result<Performed, StripeError> {
        self.sent.lock().unwrap().push(call.key.clone());
        match self.take(call.kind) {
            None => self.inner.perform(payment, call).await,
            Some(Trouble::AnswerLost) => {
                self.inner.perform(payment, call).await?;
                Err(StripeError::unknown("the answer was lost"))
            }
            Some(Trouble::RequestLost) => Err(StripeError::unknown("the request was lost")),
            Some(Trouble::Hangs(told)) => {
                self.inner.perform(payment, call).await?;
                told.notify_one();
                std::future::pending().await
            }
            Some(Trouble::Meets(others)) => {
                others.wait().await;
                self.inner.perform(payment, call).await
            }
        }
    }

    async fn find(&self, payment: &Payment, call: &Call) -> Result<Option<Performed>, StripeError> {
        self.inner.find(payment, call).await
    }

    async fn intent(&self, id: &str) -> Result<IntentSeen, StripeError> {
        self.inner.intent(id).await
    }

    async fn open_account(&self, account: &PayoutAccount) -> Result<AccountSeen, StripeError> {
        self.inner.open_account(account).await
    }

    async fn find_account(&self, tutor: UserId) -> Result<Option<AccountSeen>, StripeError> {
        self.inner.find_account(tutor).await
    }

    async fn account(&self, id: &str) -> Result<AccountSeen, StripeError> {
        self.inner.account(id).await
    }

    async fn balances(&self) -> Result<Vec<Money>, StripeError> {
        self.inner.balances().await
    }

    fn cards(&self) -> &dyn Cards {
        self.inner.cards()
    }

    fn billing(&self) -> &dyn Billing {
        self.inner.billing()
    }

    async fn dispute(&self, id: &str) -> Result<DisputeSeen, StripeError> {
        self.inner.dispute(id).await
    }

    async fn refund(&self, id: &str) -> Result<RefundSeen, StripeError> {
        self.inner.refund(id).await
    }

    async fn give_evidence(
        &self,
        dispute: &str,
        evidence: &[(&'static str, String)],
        submit: bool,
        key: &str,
    ) -> Result<DisputeSeen, StripeError> {
        self.sent.lock().unwrap().push(key.to_owned());
        self.inner.give_evidence(dispute, evidence, submit, key).await
    }

    async fn movements(
        &self,
        since: Option<Timestamp>,
        after: Option<&str>,
    ) -> Result<MovementPage, StripeError> {
        self.inner.movements(since, after).await
    }
}

/// Identity, as far as payments asks it: everybody is of age.
struct Grown;

#[async_trait]
impl People for Grown {
    async fn payer(&self, _user: UserId, _id: &str) -> Result<Option<Payer>, InternalError> {
        Ok(Some(Payer { age_group: "adult".to_owned(), has_parent_email: false }))
    }
}

/// Everything that a test needs.
pub struct World {
    pub database: TestDatabase,
    pub services: Arc<Payments>,
    pub bus: Arc<RecordingBus>,
    pub clock: Clock,
    pub stripe: Arc<Troubled>,
    pub base: String,
    pub http: reqwest::Client,
    pub student: UserId,
    pub tutor: UserId,
    heard: Mutex<BTreeSet<String>>,
    /// Ends the test if we asked for something that Stripe doesn't know.
    #[allow(dead_code, reason = "it is there to be dropped")]
    running: Running,
}

/// A payment that a test follows.
#[derive(Clone, Debug)]
pub struct Made {
    pub lesson: Uuid,
    pub id: String,
}

fn state_file() -> PathBuf {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let name = format!("payments-{}-{}.jsonl", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    std::env::temp_dir().join(name)
}

async fn start_stripe() -> Running {
    let config = Config {
        port: 0,
        state: state_file(),
        secret_key: SECRET_KEY.to_owned(),
        publishable_key: PUBLISHABLE_KEY.to_owned(),
        webhook_url: None,
        webhook_secret: WEBHOOK_SECRET.to_owned(),
        check_openapi: None,
        connect_webhook_url: None,
        connect_webhook_secret: CONNECT_SECRET.to_owned(),
        payouts_by_hand: true,
    };
    Running::start(config).await.unwrap()
}

/// Services of their own, of the same world: as another function's environment has.
pub fn services(url: &str, stripe: Arc<Troubled>, bus: Arc<RecordingBus>, clock: Clock) -> Arc<Payments> {
    let base = Base {
        kit: Kit { clock },
        env: Arc::new(Env::of(&[])),
        db: Database::from_url(url),
        bus,
        revocation_cache: RevocationCache::default(),
    };
    Arc::new(Payments {
        base,
        connect: Arc::clone(&stripe) as Arc<dyn Connect>,
        stripe,
        webhook_secret: Secret::Given(format!("whsec_old,{WEBHOOK_SECRET}")),
        connect_webhook_secret: Secret::Given(format!("whsec_old,{CONNECT_SECRET}")),
        policy: PaymentsPolicy::default(),
        subscriptions: SubscriptionPolicy::default(),
        people: Arc::new(Grown),
        billing_url: "https://lectern.example/billing".to_owned(),
        payouts: PayoutPolicy {
            urls: OnboardingUrls {
                return_url: "http://127.0.0.1:1/return".to_owned(),
                refresh_url: "http://127.0.0.1:1/refresh".to_owned(),
            },
            ..PayoutPolicy::default()
        },
        vault: Arc::new(super::vault::PaperVault),
        tax: TaxPolicy::default(),
        filer: Some(super::vault::filer()),
    })
}

impl World {
    pub async fn new() -> Self {
        Self::with_timeout(Duration::from_secs(10)).await
    }

    /// With a client that waits that long for Stripe.
    pub async fn with_timeout(timeout: Duration) -> Self {
        let running = start_stripe().await;
        let base = running.base.clone();
        let database = TestDatabase::new("payments", &lectern_payments::migrations()).await;
        let (bus, clock) = (RecordingBus::new(), Clock::at(Timestamp::now()));
        let key = Secret::Given(SECRET_KEY.to_owned());
        let pause = Duration::from_millis(10);
        let inner = StripeApi::new(ClientConfig { base: base.clone(), key, timeout, pause });
        let (troubles, sent, payout_troubles) = (Mutex::default(), Mutex::default(), Mutex::default());
        let stripe = Arc::new(Troubled { inner, payout_troubles, troubles, sent });
        let services = services(&database.url, Arc::clone(&stripe) as _, Arc::clone(&bus), clock.clone());
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let (student, tutor) = (UserId(Uuid::now_v7()), UserId(Uuid::now_v7()));
        let heard = Mutex::default();
        Self { database, services, bus, clock, stripe, base, http, student, tutor, heard, running }
    }

    /// Another function's environment.
    pub fn another(&self) -> Arc<Payments> {
        services(&self.database.url, Arc::clone(&self.stripe) as _, Arc::clone(&self.bus), self.clock.clone())
    }

    pub fn trouble(&self, kind: OperationKind, trouble: Trouble) {
        self.stripe.troubles.lock().unwrap().push_back((kind, trouble));
    }

    /// No trouble any more that nothing has met yet.
    pub fn calm(&self) {
        self.stripe.troubles.lock().unwrap().clear();
    }

    /// A fault of the stand-in's own.
    pub async fn stripe_fault(&self, form: &[(&str, &str)]) {
        let answer =
            self.http.post(format!("{}/_stand_in/faults", self.base)).form(form).send().await.unwrap();
        assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
    }

    pub async fn stripe_get(&self, path: &str) -> Value {
        let request = self.http.get(format!("{}{path}", self.base)).bearer_auth(SECRET_KEY);
        serde_json::from_slice(&request.send().await.unwrap().bytes().await.unwrap()).unwrap()
    }

    pub async fn stripe_post(&self, path: &str, form: &[(&str, &str)]) -> Value {
        let request = self.http.post(format!("{}{path}", self.base)).bearer_auth(SECRET_KEY).form(form);
        serde_json::from_slice(&request.send().await.unwrap().bytes().await.unwrap()).unwrap()
    }

    /// As the payer's browser: with the key that everybody may know.
    pub async fn browser_post(&self, path: &str, form: &[(&str, &str)]) -> Value {
        let request = self.http.post(format!("{}{path}", self.base)).bearer_auth(PUBLISHABLE_KEY).form(form);
        serde_json::from_slice(&request.send().await.unwrap().bytes().await.unwrap()).unwrap()
    }

    // The steps.

    pub async fn create(&self, lesson: Uuid, amount: i64) -> Result<Value, Fault> {
        let input = json!({ "lessonId": lesson, "studentId": self.student, "tutorId": self.tutor,
            "amount": { "amount": amount, "currency": "USD" }, "description": "Algebra, 60 min" });
        invoke(&create_payment::use_case(), &self.services, input).await
    }

    pub async fn cancel(&self, made: &Made) -> Result<Value, Fault> {
        invoke(&cancel_payment::use_case(), &self.services, json!({ "lessonId": made.lesson })).await
    }

    pub async fn release(&self, made: &Made) -> Result<Value, Fault> {
        invoke(&release_payment::use_case(), &self.services, json!({ "paymentId": made.id })).await
    }

    pub async fn refund(&self, made: &Made, name: &str, amount: i64) -> Result<Value, Fault> {
        self.refund_by(&self.services, made, name, amount).await
    }

    pub async fn refund_by(
        &self,
        by: &Arc<Payments>,
        made: &Made,
        name: &str,
        amount: i64,
    ) -> Result<Value, Fault> {
        let input = json!({ "paymentId": made.id, "refundId": name, "reason": "a test",
            "amount": { "amount": amount, "currency": "USD" } });
        invoke(&refund_payment::use_case(), by, input).await
    }

    pub async fn settle(&self) {
        invoke(&settle_payables::use_case(), &self.services, json!({})).await.unwrap();
    }

    // What others do.

    /// A payment that can be paid.
    pub async fn made(&self, amount: i64) -> Made {
        let lesson = Uuid::now_v7();
        let created = self.create(lesson, amount).await.unwrap();
        assert_eq!(created["status"], "requires_payment");
        Made { lesson, id: created["paymentId"].as_str().unwrap().to_owned() }
    }

    /// A payment that is paid, and we know it.
    pub async fn held(&self, amount: i64) -> Made {
        let made = self.made(amount).await;
        self.pay(&made, "pm_card_visa").await;
        self.hear_all().await;
        assert_eq!(self.status(&made).await, "held");
        made
    }

    /// The payer's client confirms at Stripe, with what our API gives it.
    pub async fn pay(&self, made: &Made, card: &str) -> Value {
        let shown = self.read(made, self.student, Role::Student).await;
        let secret = shown.data()["clientSecret"].as_str().expect("a client secret").to_owned();
        let intent = secret.split("_secret_").next().unwrap();
        let form = [("client_secret", secret.as_str()), ("payment_method", card)];
        self.browser_post(&format!("/v1/payment_intents/{intent}/confirm"), &form).await
    }

    pub async fn read(&self, made: &Made, who: UserId, role: Role) -> Answered {
        let request = TestRequest::new(As::User(who, role)).path("paymentId", &made.id);
        request.send(&get_payment::use_case(), &self.services).await
    }

    pub async fn status(&self, made: &Made) -> String {
        let shown = self.read(made, self.student, Role::Student).await;
        shown.data()["status"].as_str().unwrap().to_owned()
    }

    pub async fn earnings(&self) -> Value {
        let request = TestRequest::new(As::User(self.tutor, Role::Tutor));
        request.send(&get_earnings::use_case(), &self.services).await.data()["balances"].clone()
    }

    /// The tutor is approved: the event that tutoring sends.
    pub fn approval(&self) -> Envelope {
        Envelope {
            id: EventId(Uuid::now_v7()),
            kind: "tutor.approved".to_owned(),
            version: 1,
            occurred_at: self.clock.now().into(),
            aggregate: AggregateRef { kind: "tutor".to_owned(), id: self.tutor.0, sequence: 3 },
            actor: "system:test".to_owned(),
            correlation_id: "test".to_owned(),
            causation_id: "test".to_owned(),
            data: json!({ "tutorId": self.tutor }),
        }
    }

    pub async fn approve_tutor(&self) {
        assert_eq!(deliver(&open_payout_account::use_case(), &self.services, &[self.approval()]).await, 0);
    }

    pub async fn onboard_tutor(&self) {
        let form = [("tutor_id", self.tutor.to_string())];
        let url = format!("{}/_stand_in/accounts/complete_onboarding", self.base);
        assert!(self.http.post(url).form(&form).send().await.unwrap().status().is_success());
        self.hear_all().await;
    }

    // Webhooks.

    /// Every event of Stripe's, oldest first.
    pub async fn stripe_events(&self) -> Vec<Value> {
        self.stripe_get("/_stand_in/events").await.as_array().unwrap().clone()
    }

    /// Those that were not delivered yet.
    pub async fn new_events(&self) -> Vec<Value> {
        let events = self.stripe_events().await;
        let mut heard = self.heard.lock().unwrap();
        events.into_iter().filter(|e| heard.insert(e["id"].as_str().unwrap().to_owned())).collect()
    }

    /// Delivers one event, signed now.
    pub async fn hear(&self, event: &Value) -> Answered {
        let body = event.to_string();
        if event["account"].is_string() {
            return self.hear_connected(&body).await;
        }
        let signature = signature_header(WEBHOOK_SECRET, self.clock.now().as_second(), &body);
        self.hear_raw(&body, Some(&signature)).await
    }

    pub async fn hear_raw(&self, body: &str, signature: Option<&str>) -> Answered {
        let mut request = TestRequest::new(As::Nobody).raw(body);
        if let Some(signature) = signature {
            request = request.header("stripe-signature", signature);
        }
        request.send(&receive_stripe_webhook::use_case(), &self.services).await
    }

    /// Delivers all new events, in their order.
    pub async fn hear_all(&self) {
        for event in self.new_events().await {
            self.hear(&event).await.data();
        }
    }

    // What is found in the end.

    pub async fn verified(&self) -> Value {
        invoke(&verify_ledger::use_case(), &self.services, json!({})).await.unwrap()
    }

    /// Stops the test unless the ledger, the payments and Stripe agree.
    pub async fn check(&self) {
        self.hear_all().await;
        let verified = self.verified().await;
        assert_eq!(verified["ok"], true, "{verified:#}");
    }

    pub async fn balance(&self, account: &str) -> i64 {
        let verified = self.verified().await;
        let accounts = verified["accounts"].as_array().unwrap();
        accounts.iter().find(|a| a["account"] == account).map_or(0, |a| a["balance"].as_i64().unwrap())
    }

    /// What Stripe itself counts: `charged`, `refunded`, `transferred`, `reversed`, `fees`.
    pub async fn at_stripe(&self, what: &str) -> i64 {
        self.stripe_get("/_stand_in/state").await["totals"]["usd"][what].as_i64().unwrap_or(0)
    }

    pub async fn intents(&self) -> Value {
        self.stripe_get("/_stand_in/state").await["payment_intents"].clone()
    }

    /// A superuser's look at the database, or hand in it.
    pub async fn sql(&self, statement: &str) -> Result<u64, String> {
        let client = lectern_postgres::database::connect(&self.database.admin_url, None).await.unwrap();
        client.execute(statement, &[]).await.map_err(|e| match e.as_db_error() {
            Some(db) => db.message().to_owned(),
            None => e.to_string(),
        })
    }

    pub fn later(&self, minutes: i64) {
        self.clock.advance(SignedDuration::from_mins(minutes));
    }

    pub fn kinds(&self) -> Vec<String> {
        self.bus.kinds()
    }
}
