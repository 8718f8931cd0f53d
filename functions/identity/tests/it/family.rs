//! A child and its parent.

use lectern_domain::event::Envelope;
use lectern_domain::id::UserId;
use lectern_domain::role::Role;
use lectern_identity::{Identity, decide_consent, post_confirmation, pre_sign_up, send_consent_letters};
use lectern_runtime::testing::{Answered, As, TestRequest, deliver, invoke};
use lectern_runtime::{Method, Trigger, UseCase};
use serde_json::{Value, json};

use super::world::{World, pool_event};

pub const PARENT: &str = "byron@example.org";
pub const SIGN_UP: &str = "PreSignUp_SignUp";
pub const CONFIRMED: &str = "PostConfirmation_ConfirmSignUp";
pub const TOKEN: &str = "TokenGeneration_Authentication";

/// What the pool sends of a child that registered by the API.
pub fn child_event(trigger: &str, changes: Value) -> Value {
    let mut child = json!({ "sub": "sub-child", "email": "kid@example.org", "given_name": "Ada",
        "family_name": "", "zoneinfo": "", "locale": "", "birthdate": "2016-03-04", "custom:role": "student",
        "custom:parent_email": PARENT });
    for (name, value) in changes.as_object().unwrap() {
        child[name] = value.clone();
    }
    pool_event(trigger, child)
}

impl World {
    /// A child whose email is verified.
    pub async fn child(&self) -> UserId {
        self.child_told(json!({})).await
    }

    pub async fn child_told(&self, changes: Value) -> UserId {
        let event = child_event(SIGN_UP, changes.clone());
        invoke(&pre_sign_up::use_case(), &self.services, event).await.unwrap();
        let event = child_event(CONFIRMED, changes);
        invoke(&post_confirmation::use_case(), &self.services, event).await.unwrap();
        UserId(self.events_of("user.verified").last().expect("a verified child").aggregate.id)
    }

    pub fn events_of(&self, kind: &str) -> Vec<Envelope> {
        self.bus.events().into_iter().filter(|event| event.kind == kind).collect()
    }

    /// Delivers the last event of this kind to the consumer that writes letters; how many it could not
    /// consume.
    pub async fn write_letter(&self, kind: &str) -> usize {
        let event = self.events_of(kind).pop().expect("such an event");
        deliver(&send_consent_letters::use_case(), &self.services, &[event]).await
    }

    /// The secret in the last letter.
    pub fn last_link(&self) -> String {
        let (_, letter) = self.post.posted().pop().expect("a letter");
        link_in(&letter.text)
    }

    /// A child, its parent's letter, and the secret in it.
    pub async fn asked(&self) -> (UserId, String) {
        let child = self.child().await;
        assert_eq!(self.write_letter("consent.requested").await, 0);
        (child, self.last_link())
    }

    /// A child whose parent consented to collection, and the secret to manage that.
    pub async fn consented(&self) -> (UserId, String) {
        let (child, link) = self.asked().await;
        self.decide(&link, yes(&["collection"])).await.data();
        assert_eq!(self.write_letter("consent.granted").await, 0);
        (child, self.last_link())
    }

    pub async fn decide(&self, link: &str, body: Value) -> Answered {
        let request = TestRequest::new(As::Nobody).path("token", link).json(&body);
        request.send(&decide_consent::use_case(), &self.services).await
    }

    /// Sends a request of the link's holder without a body.
    pub async fn by_link(&self, use_case: &UseCase<Identity>, link: &str) -> Answered {
        let Trigger::Http(http) = &use_case.meta.trigger else { panic!("a route") };
        assert!(matches!(http.method, Method::Get | Method::Delete));
        TestRequest::new(As::Nobody).path("token", link).send(use_case, &self.services).await
    }

    /// The first column of each row, a text.
    pub async fn texts(&self, sql: &str) -> Vec<String> {
        let admin = lectern_postgres::Database::from_url(self.database.admin_url.clone());
        let rows = admin.read(sql, &[]).await.unwrap();
        rows.iter().map(|row| row.try_get::<_, String>(0).unwrap()).collect()
    }

    /// Everything that is in the database, table by table, as JSON.
    pub async fn everything(&self) -> String {
        let tables = "SELECT table_name::text FROM information_schema.tables WHERE table_schema = 'public'
            AND table_type = 'BASE TABLE' ORDER BY 1";
        let mut all = String::new();
        for table in self.texts(tables).await {
            let rows = self.texts(&format!("SELECT row_to_json(t)::text FROM \"{table}\" t")).await;
            all.push_str(&format!("{table}\n{}\n", rows.join("\n")));
        }
        all
    }

    /// The status of the user's row.
    pub async fn status_of(&self, id: UserId) -> String {
        self.texts(&format!("SELECT status FROM users WHERE id = '{id}'")).await.remove(0)
    }

    pub fn token_of(&self, id: UserId) -> TestRequest {
        TestRequest::new(As::User(id, Role::Student))
    }
}

pub fn yes(scopes: &[&str]) -> Value {
    json!({ "decision": "grant", "scopes": scopes })
}

pub fn link_in(text: &str) -> String {
    let at = text.find("/consent/").expect("a link") + "/consent/".len();
    text[at..at + 22].to_owned()
}
