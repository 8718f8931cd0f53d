use std::sync::Arc;

use lectern_domain::event::Frame;
use lectern_domain::id::UserId;
use lectern_runtime::clock::Clock;
use lectern_runtime::testing::{RecordingBus, deliver, invoke};
use lectern_runtime::{Kit, Need, Services};
use serde_json::json;
use uuid::Uuid;

use super::*;
use crate::migrate::migrate;
use crate::testing::TestDatabase;
use crate::tidy;

const NOW: &str = "2027-01-31T17:00:00Z";
const HOUR: SignedDuration = SignedDuration::from_hours(1);
const USER: UserId = UserId(Uuid::from_u128(3));
const SESSION: Uuid = Uuid::from_u128(9);

/// A context that has nothing of its own.
struct Bare(Base);

#[async_trait]
impl Services for Bare {
    fn from_env(env: Arc<Env>) -> Self {
        Self(Base::from_env(env))
    }
    fn kit(&self) -> &Kit {
        &self.0.kit
    }
    async fn warm(&self, _needs: &[Need]) {}
}

impl HasBase for Bare {
    const CONTEXT: &'static str = "bare";
    fn base(&self) -> &Base {
        &self.0
    }
}

async fn database() -> TestDatabase {
    TestDatabase::new("bare", &[]).await
}

fn services(db: Database, cache: RevocationCache) -> Arc<Bare> {
    Arc::new(Bare(Base {
        kit: Kit { clock: Clock::at(NOW.parse().unwrap()) },
        env: Arc::new(Env::of(&[])),
        db,
        bus: RecordingBus::new(),
        revocation_cache: cache,
    }))
}

fn token(session: Option<Uuid>, version: i64) -> AccessToken {
    AccessToken { user: USER, session, version }
}

async fn asked(services: &Bare, token: AccessToken) -> bool {
    services.0.is_revoked(&token, services.0.kit.clock.now()).await.unwrap()
}

fn event(revocation: Revocation, number: u8) -> Envelope {
    let frame = Frame {
        at: NOW.parse().unwrap(),
        actor: "system:test".to_owned(),
        correlation_id: "test".to_owned(),
        causation_id: "test".to_owned(),
    };
    frame.seal(revocation.event(), [number; 10])
}

fn of_user(min_version: i64) -> Revocation {
    Revocation::user(USER, min_version, NOW.parse().unwrap(), HOUR)
}

fn of_session() -> Revocation {
    Revocation::session(SESSION, NOW.parse().unwrap(), HOUR)
}

/// The least version and the end, as they are stored.
async fn stored(db: &Database, subject: Subject) -> Vec<(i64, Timestamp)> {
    let sql = "SELECT min_version, kept_until FROM revocations WHERE subject = $1";
    let rows = db.read(sql, &[(&subject.to_string() as _, Type::TEXT)]).await.unwrap();
    rows.iter().map(|row| (row.get(0), row.get(1))).collect()
}

#[tokio::test]
async fn a_users_older_tokens_are_refused_and_newer_ones_are_not() {
    let database = database().await;
    let services = services(database.connect(), RevocationCache::none());
    assert!(!asked(&services, token(Some(SESSION), 3)).await);
    revoke(&services.0.db, &of_user(4)).await.unwrap();
    for (version, refused) in [(0, true), (3, true), (4, false), (5, false)] {
        assert_eq!(asked(&services, token(Some(SESSION), version)).await, refused, "version {version}");
        assert_eq!(asked(&services, token(None, version)).await, refused, "version {version}");
    }
    let other = AccessToken { user: UserId(SESSION), session: None, version: 0 };
    assert!(!asked(&services, other).await, "somebody else");
}

#[tokio::test]
async fn a_session_that_is_revoked_has_no_good_token_and_others_of_the_user_stay() {
    let database = database().await;
    let services = services(database.connect(), RevocationCache::none());
    revoke(&services.0.db, &of_session()).await.unwrap();
    assert!(asked(&services, token(Some(SESSION), 1_000_000)).await);
    assert!(!asked(&services, token(Some(Uuid::from_u128(10)), 1)).await);
    assert!(!asked(&services, token(None, 1)).await);
}

#[tokio::test]
async fn events_in_any_order_and_any_number_leave_the_strictest_revocation() {
    let database = database().await;
    let (case, db) = (use_case::<Bare>("replicate-bare-revocations"), database.connect());
    let events: Vec<_> = [(4, HOUR), (6, -HOUR), (5, HOUR * 2)]
        .into_iter()
        .zip(1..)
        .map(|((version, life), number)| {
            event(Revocation::user(USER, version, NOW.parse().unwrap(), life), number)
        })
        .collect();
    let latest: Timestamp = "2027-01-31T19:00:00Z".parse().unwrap();
    let services = services(database.connect(), RevocationCache::none());
    for order in [[0, 1, 2], [2, 1, 0], [1, 0, 2], [2, 0, 1]] {
        db.write("DELETE FROM revocations", &[]).await.unwrap();
        for at in order.iter().chain(&order) {
            assert_eq!(deliver(&case, &services, std::slice::from_ref(&events[*at])).await, 0);
        }
        assert_eq!(stored(&db, Subject::User(USER)).await, [(6, latest)], "{order:?}");
    }
}

#[tokio::test]
async fn the_topics_raw_message_and_the_buss_are_taken_alike_and_nonsense_comes_again() {
    let database = database().await;
    let services = services(database.connect(), RevocationCache::none());
    let case = use_case::<Bare>("replicate-bare-revocations");
    let raw = json!({ "detail": event(of_session(), 1) }).to_string();
    let mut strange = event(of_user(4), 2);
    strange.data = json!({ "subject": "everybody", "minVersion": 1, "keptUntil": NOW });
    let bus = json!({ "detail-type": "access.revoked", "detail": event(of_user(4), 3) }).to_string();
    let records = json!({ "Records": [
        { "messageId": "raw", "body": raw },
        { "messageId": "strange", "body": json!({ "detail": strange }).to_string() },
        { "messageId": "bus", "body": bus },
    ] });
    let answer = invoke(&case, &services, records).await.unwrap();
    assert_eq!(answer, json!({ "batchItemFailures": [{ "itemIdentifier": "strange" }] }));
    assert!(asked(&services, token(Some(SESSION), 9)).await && asked(&services, token(None, 3)).await);
}

#[tokio::test]
async fn a_good_token_is_looked_up_once_in_two_seconds_and_a_refused_one_each_time() {
    let database = database().await;
    let services = services(database.connect(), RevocationCache::default());
    let (base, good) = (&services.0, token(Some(SESSION), 4));
    for _ in 0..3 {
        assert!(!asked(&services, good).await);
    }
    assert_eq!(base.db.round_trips(), 1);
    assert!(!asked(&services, token(Some(SESSION), 5)).await);
    assert_eq!(base.db.round_trips(), 2, "another version is another token");
    revoke(&base.db, &of_user(6)).await.unwrap();
    base.kit.clock.advance(SignedDuration::from_millis(1_999));
    assert!(!asked(&services, good).await, "the bound that is promised is not yet over");
    base.kit.clock.advance(SignedDuration::from_millis(1));
    for _ in 0..2 {
        let before = base.db.round_trips();
        assert!(asked(&services, good).await);
        assert_eq!(base.db.round_trips() - before, 1);
    }
    assert_eq!((base.revocation_cache.checks(), base.round_trips()), (4, 1));
}

#[tokio::test]
async fn without_a_cache_a_revocation_holds_from_the_next_call_on() {
    let database = database().await;
    let services = services(database.connect(), RevocationCache::none());
    assert!(!asked(&services, token(Some(SESSION), 1)).await);
    revoke(&services.0.db, &of_session()).await.unwrap();
    assert!(asked(&services, token(Some(SESSION), 1)).await);
}

#[test]
fn the_cache_is_bounded_and_a_clock_that_was_set_back_is_not_believed() {
    let (cache, now) = (RevocationCache::default(), NOW.parse::<Timestamp>().unwrap());
    for version in 0..3_000 {
        cache.remember(token(None, version), now);
        assert!(cache.knows(&token(None, version), now));
        assert!(cache.entries().len() <= ENTRIES_MAX);
    }
    assert!(!cache.knows(&token(None, 2_999), now - SignedDuration::from_secs(1)));
}

#[test]
fn a_stage_may_set_how_long_an_answer_is_relied_on_within_the_bound() {
    let hold = |value| RevocationCache::from_env(&Env::of(&[("REVOCATION_CACHE_MS", value)])).hold;
    let ms = SignedDuration::from_millis;
    assert_eq!(["0", "500", "4000"].map(hold), [ms(0), ms(500), ms(4_000)]);
    assert_eq!(["", "4001", "-1", "soon"].map(hold), [HOLD; 4]);
    assert_eq!(RevocationCache::from_env(&Env::of(&[])).hold, HOLD);
}

#[tokio::test]
async fn without_the_database_nobody_is_let_in() {
    let services =
        services(Database::from_url("postgres://bare_app@127.0.0.1:1/bare"), RevocationCache::default());
    let refused = services.0.is_revoked(&token(None, 1), services.0.kit.clock.now()).await.unwrap_err();
    assert_eq!(refused.kind().slug, "unavailable");
}

#[tokio::test]
async fn what_has_served_its_time_is_tidied_away() {
    let database = database().await;
    let services = services(database.connect(), RevocationCache::none());
    let base = &services.0;
    revoke(&base.db, &of_user(4)).await.unwrap();
    let later = Revocation::session(SESSION, base.kit.clock.now(), HOUR * 2);
    revoke(&base.db, &later).await.unwrap();
    base.kit.clock.advance(SignedDuration::from_mins(61));
    invoke(&tidy::use_case::<Bare>("tidy-bare-records"), &services, json!({})).await.unwrap();
    assert_eq!(stored(&base.db, Subject::User(USER)).await, []);
    assert_eq!(stored(&base.db, Subject::Session(SESSION)).await.len(), 1);
}

#[tokio::test]
async fn a_database_from_before_gets_the_table_and_a_new_one_nothing_twice() {
    let database = database().await;
    let admin = crate::database::connect(&database.admin_url, None).await.unwrap();
    let back = "DROP TABLE revocations; DROP FUNCTION revoke_access;
        DELETE FROM common_schema_history WHERE version = 2";
    admin.batch_execute(back).await.unwrap();
    let first = migrate(&database.admin_url, None, &[]).await.unwrap();
    assert_eq!(first.applied.len(), 1, "{:?}", first.applied);
    assert!(first.applied[0].contains("revocations"), "{:?}", first.applied);
    assert!(migrate(&database.admin_url, None, &[]).await.unwrap().applied.is_empty());
}
