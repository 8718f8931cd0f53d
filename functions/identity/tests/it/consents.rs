//! A parent's letters and answers.

use jiff::SignedDuration;
use lectern_domain::role::Role;
use lectern_identity::store::users;
use lectern_identity::{
    decide_consent, get_consent, get_consent_data, get_own_user, revoke_consent, send_consent_letters,
};
use lectern_runtime::testing::{As, TestRequest, deliver};
use serde_json::json;
use tokio::task::JoinSet;

use super::family::{PARENT, link_in, yes};
use super::support::instance;
use super::world::world;

fn no() -> serde_json::Value {
    json!({ "decision": "deny" })
}

#[tokio::test]
async fn a_parent_is_asked_by_a_letter_whose_secret_is_kept_nowhere_else() {
    let w = world().await;
    let (_, link) = w.asked().await;
    let (to, letter) = w.post.posted().remove(0);
    assert_eq!(to.as_str(), PARENT);
    for words in ["5 December 2026", "05.12.2026", "Ada", "https://api.example.org/consent/"] {
        assert!(letter.text.contains(words) && letter.html.contains(words), "{words}");
    }
    let events: String = w.bus.events().iter().map(|e| serde_json::to_string(e).unwrap()).collect();
    assert!(!w.everything().await.contains(&link) && !events.contains(&link));
    assert!(!events.contains(PARENT) && !events.contains("Ada"));
}

#[tokio::test]
async fn a_name_that_could_be_an_advertisement_is_in_no_letter() {
    let w = world().await;
    w.child_told(json!({ "given_name": "<b>win at evil.example</b>" })).await;
    w.write_letter("consent.requested").await;
    let (_, letter) = w.post.posted().remove(0);
    assert!(!letter.text.contains("evil") && !letter.html.contains("evil"));
}

#[tokio::test]
async fn an_event_that_comes_twice_is_one_letter_and_one_that_is_overtaken_none() {
    let w = world().await;
    let (_, link) = w.asked().await;
    assert_eq!(w.write_letter("consent.requested").await, 0);
    assert_eq!(w.post.posted().len(), 1);
    w.decide(&link, no()).await.data();
    w.database.connect().write("DELETE FROM inbox", &[]).await.unwrap();
    assert_eq!(w.write_letter("consent.requested").await, 0);
    assert_eq!(w.post.posted().len(), 1);
}

#[tokio::test]
async fn a_post_that_is_down_is_tried_again_and_of_two_letters_either_answers_once() {
    let w = world().await;
    w.child().await;
    w.post.set_down(true);
    assert_eq!(w.write_letter("consent.requested").await, 1, "back into the queue");
    w.post.set_down(false);
    assert_eq!(w.write_letter("consent.requested").await, 0);
    // Cut off between the post and the inbox: a second letter.
    w.database.connect().write("DELETE FROM inbox", &[]).await.unwrap();
    assert_eq!(w.write_letter("consent.requested").await, 0);
    let links: Vec<_> = w.post.posted().iter().map(|(_, letter)| link_in(&letter.text)).collect();
    assert_eq!(links.len(), 2);
    assert_ne!(links[0], links[1]);
    for link in &links {
        assert_eq!(w.by_link(&get_consent::use_case(), link).await.data()["status"], "requested");
    }
    w.decide(&links[1], yes(&["collection"])).await.data();
    for link in &links {
        let second = w.decide(link, yes(&["collection"])).await;
        assert_eq!((second.status, second.problem()), (409, "wrong-state"));
    }
}

#[tokio::test]
async fn a_parent_reads_the_whole_notice_in_one_round_trip() {
    let w = world().await;
    let (_, link) = w.asked().await;
    let before = w.services.base.round_trips();
    let answer = w.by_link(&get_consent::use_case(), &link).await;
    assert_eq!(w.services.base.round_trips() - before, 1 + 1, "one, and the limit's");
    let consent = answer.data();
    assert_eq!(consent["childFirstName"], "Ada");
    assert_eq!(consent["expiresAt"], "2026-12-05T12:00:00Z");
    assert_eq!((&consent["purpose"], &consent["erased"]), (&json!("decide"), &json!(false)));
    let items = consent["notice"]["items"].as_array().unwrap();
    assert_eq!(items.len(), lectern_domain::identity::NOTICE.len());
    assert!(items.iter().all(|item| item["what"].is_string() && item["why"].is_string()));
}

#[tokio::test]
async fn a_yes_makes_the_child_active_and_is_kept_and_confirmed_by_a_second_letter() {
    let w = world().await;
    let (child, link) = w.asked().await;
    let before = w.services.base.round_trips();
    let answer = w.decide(&link, yes(&["recording", "collection"])).await;
    assert_eq!(w.services.base.round_trips() - before, 1 + 2 + 1, "the limit, two, and what is published");
    assert_eq!(answer.data()["scopes"], json!(["collection", "recording"]));
    let kept = "SELECT decision || ' ' || scopes::text || ' ' || method || ' ' || notice_version
        FROM consent_decisions";
    assert_eq!(w.texts(kept).await, ["granted {collection,recording} email_link 2026-11-21"]);
    let me = w.token_of(child).send(&get_own_user::use_case(), &w.services).await;
    assert_eq!(
        (&me.data()["status"], &me.data()["consent"]),
        (&json!("active"), &json!(["collection", "recording"]))
    );
    let granted = &w.events_of("consent.granted")[0];
    assert_eq!((granted.actor.as_str(), w.events_of("user.activated").len()), ("guardian", 1));
    assert_eq!(w.write_letter("consent.granted").await, 0);
    let (to, letter) = w.post.posted().remove(1);
    assert!(to.as_str() == PARENT && letter.text.contains("recording lessons"));
    assert_ne!(w.last_link(), link);
    let managed = w.by_link(&get_consent::use_case(), &w.last_link()).await;
    assert_eq!(managed.data()["purpose"], "manage");
}

#[tokio::test]
async fn the_first_link_answers_once_and_opens_nothing_afterwards() {
    let w = world().await;
    let (_, link) = w.asked().await;
    assert_eq!(w.by_link(&get_consent_data::use_case(), &link).await.status, 200, "before the answer");
    let early = w.by_link(&revoke_consent::use_case(), &link).await;
    assert_eq!((early.status, early.problem()), (403, "forbidden"));
    w.decide(&link, yes(&["collection"])).await.data();
    for second in [w.decide(&link, yes(&["collection", "recording"])).await, w.decide(&link, no()).await] {
        assert_eq!((second.status, second.problem()), (409, "wrong-state"));
    }
    assert_eq!(w.by_link(&revoke_consent::use_case(), &link).await.status, 403);
    assert_eq!(w.by_link(&get_consent_data::use_case(), &link).await.status, 403);
    assert_eq!(w.by_link(&get_consent::use_case(), &link).await.data()["status"], "granted");
}

#[tokio::test]
async fn the_second_link_changes_the_scopes_without_another_letter() {
    let w = world().await;
    let (child, link) = w.consented().await;
    let wider = w.decide(&link, yes(&["collection", "third_parties"])).await;
    assert_eq!(wider.data()["scopes"], json!(["collection", "third_parties"]));
    assert_eq!(w.write_letter("consent.granted").await, 0);
    assert_eq!(w.post.posted().len(), 2);
    let refused = w.decide(&link, no()).await;
    assert_eq!((refused.status, refused.problem()), (409, "wrong-state"));
    let user = users::by_id(&w.services.base.db, child).await.unwrap().unwrap().user;
    assert_eq!(user.consent.len(), 2);
    assert_eq!(w.texts("SELECT decision FROM consent_decisions").await, ["granted", "granted"]);
    assert_eq!(w.events_of("user.activated").len(), 1);
}

#[tokio::test]
async fn a_no_erases_the_child_and_leaves_the_proof() {
    let w = world().await;
    let (child, link) = w.asked().await;
    let answer = w.decide(&link, no()).await;
    assert_eq!((&answer.data()["status"], &answer.data()["erased"]), (&json!("denied"), &json!(true)));
    assert!(answer.data().get("childFirstName").is_none());
    assert_eq!(w.status_of(child).await, "erased");
    let proof = "SELECT decision || ' ' || method || ' ' || wish FROM consent_decisions d
        JOIN erasures e ON e.user_id = d.user_id";
    assert_eq!(w.texts(proof).await, ["denied email_link parent"]);
    assert_eq!(w.pool.asked(), ["delete sub-child"]);
    assert_eq!(w.events_of("consent.denied")[0].data["unanswered"], false);
    let everything = w.everything().await;
    for personal in [PARENT, "kid@example.org", "Ada", "2016-03-04"] {
        assert!(!everything.contains(personal), "{personal} is left");
    }
    assert_eq!(w.by_link(&get_consent_data::use_case(), &link).await.status, 403);
    assert_eq!(w.decide(&link, yes(&["collection"])).await.status, 409, "a no doesn't become a yes");
    w.services.base.kit.clock.advance(SignedDuration::from_hours(24 * 30));
    assert_eq!(w.by_link(&get_consent::use_case(), &link).await.status, 404);
}

#[tokio::test]
async fn a_consent_that_is_taken_back_ends_the_childs_access_and_erases_it() {
    let w = world().await;
    let (child, link) = w.consented().await;
    let me = async || w.token_of(child).send(&get_own_user::use_case(), &w.services).await;
    assert_eq!(me().await.status, 200);
    let answer = w.by_link(&revoke_consent::use_case(), &link).await;
    assert_eq!((&answer.data()["status"], &answer.data()["erased"]), (&json!("revoked"), &json!(true)));
    assert_eq!(me().await.status, 401, "the live token is refused at once");
    assert_eq!(w.status_of(child).await, "erased");
    assert_eq!(w.texts("SELECT decision FROM consent_decisions").await, ["granted", "revoked"]);
    assert_eq!((w.events_of("consent.revoked").len(), w.events_of("user.erased").len()), (1, 1));
    let again = w.by_link(&revoke_consent::use_case(), &link).await;
    assert_eq!((again.status, again.problem()), (409, "wrong-state"));
    assert_eq!(w.by_link(&get_consent_data::use_case(), &link).await.status, 404);
    let audit = w.texts("SELECT action || ' ' || actor FROM audit_log ORDER BY position").await;
    assert_eq!(audit, ["consent.granted guardian", "consent.revoked guardian", "user.erased guardian"]);
}

#[tokio::test]
async fn an_answer_is_whole_or_every_wrong_field_is_named() {
    let w = world().await;
    let (child, link) = w.asked().await;
    for (body, field) in [
        (yes(&["recording"]), "scopes"),
        (yes(&[]), "scopes"),
        (yes(&["collection", "everything"]), "scopes[1]"),
        (json!({ "decision": "deny", "scopes": ["collection"] }), "scopes"),
        (json!({ "decision": "perhaps" }), "decision"),
        (json!({ "decision": "deny", "child": "x" }), "child"),
    ] {
        let refused = w.decide(&link, body).await;
        assert_eq!((refused.status, refused.bad_fields()), (422, vec![field]));
    }
    let mut old = yes(&["collection"]);
    old["noticeVersion"] = json!("2020-01-01");
    assert_eq!(w.decide(&link, old.clone()).await.status, 409, "another notice than the one they read");
    assert_eq!(w.status_of(child).await, "pending_consent");
    old["noticeVersion"] = json!(lectern_domain::identity::NOTICE_VERSION);
    w.decide(&link, old).await.data();
}

#[tokio::test]
async fn a_link_that_is_unknown_malformed_or_out_of_time_is_404() {
    let w = world().await;
    let (_, link) = w.asked().await;
    for token in ["AAAAAAAAAAAAAAAAAAAAAA", "short", "%3Cscript%3E"] {
        for use_case in [get_consent::use_case(), revoke_consent::use_case(), get_consent_data::use_case()] {
            let answer = w.by_link(&use_case, token).await;
            assert_eq!((answer.status, answer.problem()), (404, "not-found"), "{token}");
        }
        assert_eq!(w.decide(token, no()).await.status, 404);
    }
    w.services.base.kit.clock.advance(SignedDuration::from_hours(24 * 14));
    assert_eq!(w.by_link(&get_consent::use_case(), &link).await.status, 404);
    assert_eq!(w.decide(&link, yes(&["collection"])).await.status, 404);
}

#[tokio::test]
async fn fifty_answers_at_once_on_one_link_are_one_answer() {
    for round in 0..3 {
        let w = world().await;
        let (child, link) = w.asked().await;
        let instances: Vec<_> = (0..8).map(|_| instance(&w)).collect();
        let mut calls = JoinSet::new();
        for n in 0..50 {
            let (services, link) = (instances[n % instances.len()].clone(), link.clone());
            let body = if (n + round) % 2 == 0 { yes(&["collection"]) } else { no() };
            calls.spawn(async move {
                let request = TestRequest::new(As::Nobody).path("token", link).json(&body);
                request.send(&decide_consent::use_case(), &services).await.status
            });
        }
        let statuses = calls.join_all().await;
        assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
        assert!(statuses.iter().all(|status| [200, 409].contains(status)), "{statuses:?}");
        let decisions = w.texts("SELECT decision FROM consent_decisions").await;
        assert_eq!(decisions.len(), 1);
        let granted = decisions[0] == "granted";
        assert_eq!(w.status_of(child).await, if granted { "active" } else { "erased" });
        let counts = (w.events_of("consent.granted").len(), w.events_of("consent.denied").len());
        assert_eq!(counts, if granted { (1, 0) } else { (0, 1) });
    }
}

#[tokio::test]
async fn a_yes_and_a_change_of_the_account_at_once_lose_neither() {
    for _ in 0..10 {
        let w = world().await;
        let (child, link) = w.consented().await;
        let other = instance(&w);
        let stored = users::by_id(&other.base.db, child).await.unwrap().unwrap();
        let before = stored.user.sequence;
        let ended = users::Stored { user: stored.user.clone().end_sessions(w.cx().now()).unwrap(), ..stored };
        let effects = lectern_identity::effects::Effects::default();
        let (answer, saved) = tokio::join!(
            w.decide(&link, yes(&["collection", "recording"])),
            users::update(&other.base.db, &ended, before, &effects)
        );
        let user = users::by_id(&other.base.db, child).await.unwrap().unwrap().user;
        let scopes = w.texts("SELECT scopes::text FROM consents").await.remove(0);
        assert_eq!(user.consent.len(), if answer.status == 200 { 2 } else { 1 }, "{}", answer.status);
        assert_eq!(scopes.contains("recording"), answer.status == 200);
        assert_eq!(user.access_version, if saved.unwrap() { 2 } else { 1 });
        let decisions = w.texts("SELECT decision FROM consent_decisions").await.len();
        assert_eq!(decisions, if answer.status == 200 { 2 } else { 1 });
    }
}

#[tokio::test]
async fn a_parent_sees_what_is_held_and_the_look_is_in_the_audit_log() {
    let w = world().await;
    let (child, link) = w.consented().await;
    let sql = format!(
        "INSERT INTO sessions (id, user_id, device, began_at, used_at, access_version, expires_at)
        VALUES (gen_random_uuid(), '{child}', 'A tablet', now(), now(), 1, now())"
    );
    w.database.connect().write(&sql, &[]).await.unwrap();
    let lessons: Vec<_> =
        (1..=3).map(|n| json!({ "kind": "lesson", "data": { "subject": format!("algebra {n}") } })).collect();
    w.contexts.hold("booking", &lessons);
    let answer = w.by_link(&get_consent_data::use_case(), &link).await;
    let held = &answer.data()["contexts"];
    let names: Vec<_> = held.as_array().unwrap().iter().map(|share| &share["context"]).collect();
    assert_eq!(names, ["tutoring", "booking", "payments"], "of every context");
    assert_eq!((&held[1]["title"], &held[1]["items"]), (&json!("Lessons"), &json!(lessons[..2])));
    assert!(held[0].get("nextCursor").is_none());
    let held = &answer.data()["identity"];
    assert_eq!(held["account"]["email"], "kid@example.org");
    assert_eq!(held["account"]["dateOfBirth"], "2016-03-04");
    assert_eq!(held["sessions"][0]["device"], "A tablet");
    assert_eq!(held["consentDecisions"][0]["decision"], "granted");
    let hidden = answer.text.contains("sub-child");
    assert!(!hidden, "the pool's id is no data on the child");
    let read = w.texts("SELECT subject FROM audit_log WHERE action = 'user.read'").await;
    assert_eq!(read, [format!("user:{child}")]);
    let next = answer.data()["contexts"][1]["nextCursor"].as_str().unwrap();
    let query = |pairs: &[(&str, &str)]| {
        let begun = TestRequest::new(As::Nobody).path("token", &link);
        pairs.iter().fold(begun, |request, (name, value)| request.query(name, value))
    };
    let more = query(&[("context", "booking"), ("cursor", next)]);
    let more = more.send(&get_consent_data::use_case(), &w.services).await;
    let share = json!([{ "context": "booking", "title": "Lessons", "items": [lessons[2]] }]);
    assert_eq!(more.data(), &json!({ "contexts": share }), "what is left of the one, and nothing else");
    let other = w.user(Role::Student).await;
    assert!(!answer.text.contains(&other.to_string()));
    for wrong in [query(&[("context", "gossip")]), query(&[("cursor", next)])] {
        let refused = wrong.send(&get_consent_data::use_case(), &w.services).await;
        assert_eq!((refused.status, refused.bad_fields()), (422, vec!["context"]));
    }
}

#[tokio::test]
async fn a_parent_is_shown_all_that_is_held_or_told_to_come_again() {
    let w = world().await;
    let (_, link) = w.consented().await;
    w.contexts.fail(1);
    let answer = w.by_link(&get_consent_data::use_case(), &link).await;
    assert_eq!((answer.status, answer.problem()), (503, "unavailable"));
    assert!(w.texts("SELECT subject FROM audit_log WHERE action = 'user.read'").await.is_empty());
    assert_eq!(w.by_link(&get_consent_data::use_case(), &link).await.status, 200);
}

#[tokio::test]
async fn letters_are_written_for_their_own_events_alone() {
    let w = world().await;
    let (_, link) = w.asked().await;
    w.decide(&link, no()).await.data();
    let others: Vec<_> = w.bus.events().into_iter().filter(|e| e.kind != "consent.requested").collect();
    assert_eq!(deliver(&send_consent_letters::use_case(), &w.services, &others).await, 0);
    assert_eq!(w.post.posted().len(), 1, "nobody writes to an address that is erased");
}
