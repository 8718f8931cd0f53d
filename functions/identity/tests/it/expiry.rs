//! What is erased when time has passed.

use jiff::SignedDuration;
use lectern_domain::identity::Consent;
use lectern_identity::effects::Effects;
use lectern_identity::store::consents;
use lectern_identity::{expire_consents, get_consent, pre_sign_up};
use lectern_runtime::testing::invoke;
use serde_json::json;

use super::family::{SIGN_UP, child_event};
use super::world::{World, pool_event, world};

const DAY: SignedDuration = SignedDuration::from_hours(24);

async fn run(w: &World) -> Result<(), lectern_runtime::Fault> {
    invoke(&expire_consents::use_case(), &w.services, json!({})).await.map(drop)
}

#[tokio::test]
async fn a_child_whose_parent_did_not_answer_for_fourteen_days_is_erased() {
    let w = world().await;
    let (child, link) = w.asked().await;
    w.services.base.kit.clock.advance(DAY * 14 - SignedDuration::from_secs(1));
    run(&w).await.unwrap();
    assert_eq!(w.status_of(child).await, "pending_consent");
    w.services.base.kit.clock.advance(SignedDuration::from_secs(1));
    run(&w).await.unwrap();
    assert_eq!(w.status_of(child).await, "erased");
    let kept = "SELECT decision || ' ' || method || ' ' || notice_version FROM consent_decisions";
    assert_eq!(w.texts(kept).await, ["expired none 2026-11-21"]);
    assert_eq!(w.texts("SELECT wish FROM erasures").await, ["no_consent"]);
    assert_eq!(w.events_of("consent.denied")[0].data["unanswered"], true);
    assert_eq!(w.by_link(&get_consent::use_case(), &link).await.status, 404);
    assert_eq!(w.pool.asked(), ["delete sub-child"]);
    assert!(w.texts("SELECT 'left' FROM consent_links").await.is_empty(), "a link without a use is kept");
    run(&w).await.unwrap();
    assert_eq!((w.events_of("user.erased").len(), w.pool.asked().len()), (1, 1), "once");
}

#[tokio::test]
async fn a_function_that_was_cut_off_between_decision_and_erasure_is_made_up_for() {
    type Decide = fn(Consent, jiff::Timestamp) -> Consent;
    let decisions: [(bool, Decide); 2] =
        [(false, |c, now| c.deny(now).unwrap().0), (true, |c, now| c.revoke(now).unwrap().0)];
    for (granted, decide) in decisions {
        let w = world().await;
        let (child, link) = if granted { w.consented().await } else { w.asked().await };
        let cx = w.cx();
        let token = lectern_domain::link::LinkToken::parse(&link).unwrap();
        let linked = consents::linked(&cx.base.db, &token, cx.now()).await.unwrap().unwrap();
        let before = linked.consent.sequence;
        let decided = decide(linked.consent, cx.now());
        assert!(consents::refuse(&cx.base.db, &decided, before, &Effects::default()).await.unwrap());
        let seen = w.by_link(&get_consent::use_case(), &link).await;
        assert_eq!(seen.data()["erased"], false);
        run(&w).await.unwrap();
        assert_eq!(w.status_of(child).await, "erased");
        assert_eq!(w.texts("SELECT wish FROM erasures").await, ["parent"]);
        let seen = w.by_link(&get_consent::use_case(), &link).await;
        assert_eq!((&seen.data()["erased"], seen.data().get("childFirstName")), (&json!(true), None));
    }
}

#[tokio::test]
async fn an_account_whose_email_was_never_verified_is_erased_after_seven_days() {
    let w = world().await;
    invoke(&pre_sign_up::use_case(), &w.services, pool_event(SIGN_UP, json!({}))).await.unwrap();
    w.services.base.kit.clock.advance(DAY * 7 - SignedDuration::from_secs(1));
    run(&w).await.unwrap();
    assert_eq!(w.texts("SELECT status FROM users").await, ["pending_verification"]);
    w.services.base.kit.clock.advance(SignedDuration::from_secs(1));
    run(&w).await.unwrap();
    assert_eq!(w.texts("SELECT status FROM users").await, ["erased"]);
    assert_eq!(w.texts("SELECT wish FROM erasures").await, ["never_verified"]);
    assert_eq!(w.pool.asked(), ["delete ada@example.org"]);
    assert!(!w.everything().await.contains("ada@example.org"));
}

#[tokio::test]
async fn one_that_can_not_be_erased_stops_no_other() {
    let w = world().await;
    let mut stuck = child_event(SIGN_UP, json!({ "email": "stuck@example.org" }));
    invoke(&pre_sign_up::use_case(), &w.services, stuck.take()).await.unwrap();
    let (child, _) = w.asked().await;
    let admin = lectern_postgres::Database::from_url(w.database.admin_url.clone());
    let sql = "
        CREATE FUNCTION stick() RETURNS trigger LANGUAGE plpgsql AS
        'BEGIN IF OLD.email = ''stuck@example.org'' THEN RAISE EXCEPTION ''stuck''; END IF; RETURN NEW; END'";
    admin.write(sql, &[]).await.unwrap();
    let sql = "CREATE TRIGGER stick BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION stick()";
    admin.write(sql, &[]).await.unwrap();
    invoke(&pre_sign_up::use_case(), &w.services, pool_event(SIGN_UP, json!({}))).await.unwrap();
    w.services.base.kit.clock.advance(DAY * 15);
    assert_eq!(run(&w).await.unwrap_err().kind, "Transient");
    assert_eq!(w.status_of(child).await, "erased");
    let rest = w.texts("SELECT coalesce(email, 'erased') FROM users ORDER BY 1").await;
    assert_eq!(rest, ["erased", "erased", "stuck@example.org"]);
    admin.write("DROP TRIGGER stick ON users", &[]).await.unwrap();
    run(&w).await.unwrap();
    assert!(!w.everything().await.contains("stuck@example.org"));
}
