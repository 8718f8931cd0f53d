//! A child comes with a parent's consent, and goes when the parent says so.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::database;
use crate::support::families::{Child, born};
use crate::support::http::Call;
use crate::support::page::Form;
use crate::support::people::{PASSWORD, Person};
use crate::support::wait::{SOON, until};
use crate::support::world::World;

/// The child's consent: its id.
async fn consent_of(email: &str) -> String {
    let sql = "SELECT c.id FROM consents c JOIN users u ON u.id = c.user_id WHERE u.email = $1";
    let id: Uuid = database::one("identity", sql, &[&email]).await;
    id.to_string()
}

async fn id_of(email: &str) -> String {
    let id: Uuid = database::one("identity", "SELECT id FROM users WHERE email = $1", &[&email]).await;
    id.to_string()
}

/// That nothing but a tombstone is left of a user, and that the email can register again.
async fn is_gone(world: &World, child: &Child, id: &str) {
    until("the child is erased", SOON, async || {
        let sql = "SELECT status FROM users WHERE id = $1::text::uuid";
        let status: String = database::one("identity", sql, &[&id]).await;
        (status == "erased").then_some(())
    })
    .await;
    world.login(&child.email, PASSWORD).await.is_problem(401, "sign-in-failed");
    until("the user pool has let the account go", SOON, async || {
        world.aws.pool_account(&child.email).await.is_none().then_some(())
    })
    .await;
    world.enrol(&child.registration()).await;
    assert_ne!(id_of(&child.email).await, id, "it is another account");
}

#[tokio::test]
async fn a_child_signs_in_when_its_parent_has_consented_on_the_page_and_goes_when_the_parent_says_so() {
    let world = World::shared().await;
    let child = world.child().await;
    let (id, consent) = (id_of(&child.email).await, consent_of(&child.email).await);
    world.login(&child.email, PASSWORD).await.is_problem(401, "sign-in-failed");

    let link = world.parents_link(&child, 1).await;
    let request = &world.letters(&child.parent).await[0];
    // Mail passes through many hands: it names no child.
    for personal in [&child.first_name, &child.email] {
        assert!(!request.text.contains(personal) && !request.html.contains(personal), "{request:?}");
    }
    assert!(request.html.contains(&link) && !request.subject.is_empty(), "{request:?}");
    grants_on_the_page(&world, &child, &link).await;

    let kid = world.sign_in(&child.email, PASSWORD).await;
    assert_eq!(kid.id, id);
    consents_are(&world, &kid, &["collection"]).await;
    let manage = world.parents_link(&child, 2).await;
    assert_ne!(manage, link);
    sees_what_is_held(&world, &child, &manage).await;
    changes_scopes_on_the_page(&world, &manage).await;
    consents_are(&world, &kid, &["collection", "recording"]).await;

    revokes_on_the_page(&world, &manage).await;
    let refused = world.api.get("/v1/users/me", &kid.access_token).await;
    refused.is_problem(401, "unauthenticated");
    world.refresh(&kid.refresh_token).await.is_problem(401, "sign-in-failed");
    is_gone(&world, &child, &id).await;
    let people = ["user.registered", "user.verified", "user.activated", "user.erased"];
    world.assert_events("user", &id, &people).await;
    let decisions = ["consent.requested", "consent.granted", "consent.granted", "consent.revoked"];
    world.assert_events("consent", &consent, &decisions).await;
}

async fn grants_on_the_page(world: &World, child: &Child, link: &str) {
    let answer = world.consent_page(link).await;
    let html = answer.page(200);
    assert!(html.contains(&child.first_name) && !html.contains("<script"), "{html}");
    assert!(!html.contains(&child.email), "the page tells more than the first name");
    for (name, value) in [("referrer-policy", "no-referrer"), ("cache-control", "no-store")] {
        assert_eq!(answer.header(name), Some(value), "{name}");
    }
    let form = Form::to("grant", html);
    assert_eq!(form.method, "post");
    assert!(form.checked().is_empty(), "{:?} are on before the parent has chosen them", form.checked());
    let without = world.send_consent_form(link, form.filled_in()).await;
    assert!(without.page(422).contains("role=\"alert\""), "{:#}", without.body);
    let sent = form.set("collection", true).filled_in();
    let thanks = world.send_consent_form(link, sent.clone()).await;
    thanks.page(200);
    // The link has done its work.
    let again = world.send_consent_form(link, sent).await;
    again.page(409);
}

async fn sees_what_is_held(world: &World, child: &Child, manage: &str) {
    let path = format!("/v1/consents/{manage}/data");
    let answer = world.patiently(Call::new("GET", path)).await;
    let held = answer.data(200).to_string();
    for what in [&child.first_name, &child.email, &child.parent, &child.birth] {
        assert!(held.contains(what.as_str()), "{what} is held and not shown: {held}");
    }
}

async fn changes_scopes_on_the_page(world: &World, manage: &str) {
    let page = world.consent_page(manage).await;
    let form = Form::to("grant", page.page(200)).set("recording", true);
    world.send_consent_form(manage, form.filled_in()).await.page(200);
    let page = world.consent_page(manage).await;
    let form = Form::to("grant", page.page(200));
    assert!(form.checked().contains(&"recording") && !form.checked().contains(&"third_parties"));
}

async fn revokes_on_the_page(world: &World, manage: &str) {
    let page = world.consent_page(manage).await;
    let form = Form::to("revoke", page.page(200));
    // Not without a second thought.
    let hasty = world.send_consent_form(manage, form.filled_in()).await;
    hasty.page(422);
    world.send_consent_form(manage, form.check_all().filled_in()).await.page(200);
    let goodbye = world.consent_page(manage).await;
    assert!(!goodbye.page(200).contains("<form"), "{:#}", goodbye.body);
}

async fn consents_are(world: &World, kid: &Person, scopes: &[&str]) {
    let me = world.api.get("/v1/users/me", &kid.access_token).await;
    assert_eq!(me.data(200)["consent"], json!(scopes));
}

#[tokio::test]
async fn the_same_by_the_api() {
    let world = World::shared().await;
    let child = world.child().await;
    let id = id_of(&child.email).await;
    let link = world.parents_link(&child, 1).await;
    let path = format!("/v1/consents/{link}");
    let notice = world.patiently(Call::new("GET", &path)).await;
    let notice = notice.data(200);
    assert_eq!(notice["status"], "requested");
    assert!(notice.to_string().contains(&child.first_name) && !notice.to_string().contains(&child.email));

    let without = world.decide(&link, "grant", &["recording"]).await;
    without.is_problem(422, "invalid-fields");
    world.decide(&link, "grant", &["collection", "third_parties"]).await.data(200);
    world.decide(&link, "deny", &[]).await.is_problem(409, "wrong-state");
    let kid = world.sign_in(&child.email, PASSWORD).await;
    consents_are(&world, &kid, &["collection", "third_parties"]).await;

    let manage = world.parents_link(&child, 2).await;
    world.decide(&manage, "grant", &["collection"]).await.data(200);
    consents_are(&world, &kid, &["collection"]).await;
    // The first link decides once; only the second takes back.
    world.patiently(Call::new("DELETE", &path)).await.is_problem(403, "forbidden");
    world.patiently(Call::new("DELETE", format!("/v1/consents/{manage}"))).await.data(200);
    let data = world.patiently(Call::new("GET", format!("/v1/consents/{manage}/data"))).await;
    data.is_problem(404, "not-found");
    is_gone(&world, &child, &id).await;
}

#[tokio::test]
async fn a_parents_no_erases_the_child() {
    let world = World::shared().await;
    for by_page in [true, false] {
        let child = world.child().await;
        let (id, consent) = (id_of(&child.email).await, consent_of(&child.email).await);
        let link = world.parents_link(&child, 1).await;
        if by_page {
            let page = world.consent_page(&link).await;
            let sent = Form::to("deny", page.page(200)).filled_in();
            world.send_consent_form(&link, sent).await.page(200);
        } else {
            world.decide(&link, "deny", &[]).await.data(200);
        }
        let left = world.patiently(Call::new("GET", format!("/v1/consents/{link}"))).await;
        assert_eq!((&left.data(200)["status"], &left.data(200)["erased"]), (&json!("denied"), &json!(true)));
        assert!(!left.body.to_string().contains(&child.first_name), "{:#}", left.body);
        is_gone(&world, &child, &id).await;
        world.assert_events("consent", &consent, &["consent.requested", "consent.denied"]).await;
        world.assert_events("user", &id, &["user.registered", "user.verified", "user.erased"]).await;
    }
}

#[tokio::test]
async fn of_a_child_only_the_least_is_stored_before_the_parent_has_consented() {
    let world = World::shared().await;
    let child = Child::new();
    let mut body = child.registration();
    body["lastName"] = json!("Surnameless");
    body["timeZone"] = json!("Asia/Kathmandu");
    body["locale"] = json!("fr-CA");
    world.enrol(&body).await;
    let sql = "SELECT to_jsonb(u)::text FROM users u WHERE email = $1";
    let row: String = database::one("identity", sql, &[&child.email]).await;
    let at_cognito = world.aws.pool_account(&child.email).await.unwrap().to_string();
    for more in ["Surnameless", "Kathmandu", "fr-CA"] {
        assert!(!row.contains(more), "{row}");
        assert!(!at_cognito.contains(more), "{at_cognito}");
    }
    for kept in [&child.first_name, &child.email, &child.parent, &child.birth] {
        assert!(row.contains(kept.as_str()), "{row}");
    }
    let link = world.parents_link(&child, 1).await;
    world.decide(&link, "deny", &[]).await.data(200);
}

#[tokio::test]
async fn a_child_needs_a_parents_email_that_is_not_its_own() {
    let world = World::shared().await;
    let child = Child::new();
    let mut body = child.registration();
    for parent in [json!(child.email), Value::Null] {
        body["parentEmail"] = parent;
        let answer = world.identity("/v1/auth/register", &body).await;
        answer.is_problem(422, "invalid-fields");
        assert_eq!(answer.body["errors"][0]["field"], "parentEmail", "{:#}", answer.body);
    }
}

#[tokio::test]
async fn a_teen_with_a_parents_email_needs_nobodys_consent_and_can_not_teach() {
    let world = World::shared().await;
    let id = Uuid::new_v4();
    let (email, parent) = (format!("teen-{id}@lectern.example"), format!("parent-{id}@lectern.example"));
    let body = json!({
        "email": email, "parentEmail": parent, "password": PASSWORD, "firstName": "Sam", "lastName": "Teen",
        "dateOfBirth": born(15), "role": "student", "timeZone": "Europe/Berlin",
    });
    let tutor = {
        let mut body = body.clone();
        body["role"] = json!("tutor");
        world.identity("/v1/auth/register", &body).await
    };
    tutor.is_problem(422, "invalid-fields");
    world.enrol(&body).await;
    let teen = world.sign_in(&email, PASSWORD).await;
    let me = world.api.get("/v1/users/me", &teen.access_token).await;
    assert_eq!(me.data(200)["parentEmail"], parent);
    let refused =
        world.api.call(Call::new("POST", "/v1/users/me/become-tutor").token(&teen.access_token)).await;
    refused.is_problem(409, "wrong-state");
    world.assert_events("user", &teen.id, &["user.registered", "user.verified", "user.activated"]).await;
    assert!(world.letters(&parent).await.is_empty(), "the parent of a teen is not asked");
}
