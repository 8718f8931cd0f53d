//! Children, and what their parents do with the links in their letters.

use jiff::{ToSpan as _, Zoned};
use serde_json::{Value, json};
use uuid::Uuid;

use super::http::{Answer, Call};
use super::people::PASSWORD;
use super::wait::{SOON, until};
use super::world::World;

/// Somebody who was born so many years (and a day) ago, as a registration says it.
pub fn born(years: i64) -> String {
    (Zoned::now().date() - years.years() - 1.day()).to_string()
}

/// A child with its email verified, and a parent who has been asked.
pub struct Child {
    pub email: String,
    pub parent: String,
    pub first_name: String,
    pub birth: String,
}

impl Child {
    /// The least that registers a child.
    pub fn registration(&self) -> Value {
        json!({
            "email": self.email, "parentEmail": self.parent, "password": PASSWORD, "firstName": self.first_name,
            "dateOfBirth": self.birth, "role": "student",
        })
    }

    /// A child of ten with names of its own, that hasn't registered.
    pub fn new() -> Self {
        let id = Uuid::new_v4();
        Self {
            email: format!("child-{id}@lectern.example"),
            parent: format!("parent-{id}@lectern.example"),
            first_name: format!("Kim{}", &id.simple().to_string()[..8]),
            birth: born(10),
        }
    }
}

impl World {
    pub async fn child(&self) -> Child {
        let child = Child::new();
        self.enrol(&child.registration()).await;
        child
    }

    /// Waits for the parent's newest letter with a link, out of at least `letters`; gives the link's secret.
    pub async fn parents_link(&self, child: &Child, letters: usize) -> String {
        let wanted = format!("{} has {letters} letters with a link", child.parent);
        until(&wanted, SOON, async || {
            let links: Vec<_> = self.letters(&child.parent).await.iter().filter_map(|it| it.link()).collect();
            links.get(letters - 1).cloned()
        })
        .await
    }

    /// The parent consents to this; gives the secret of the link that manages the consent.
    pub async fn consented(&self, child: &Child, scopes: &[&str]) -> String {
        let link = self.parents_link(child, 1).await;
        self.decide(&link, "grant", scopes).await.data(200);
        self.parents_link(child, 2).await
    }

    /// The parent's answer by the API.
    pub async fn decide(&self, link: &str, decision: &str, scopes: &[&str]) -> Answer {
        let body = json!({ "decision": decision, "scopes": scopes });
        self.patiently(Call::new("POST", format!("/v1/consents/{link}")).body(body)).await
    }

    /// The page behind a link.
    pub async fn consent_page(&self, link: &str) -> Answer {
        self.patiently(Call::new("GET", format!("/consent/{link}"))).await
    }

    /// What the parent's browser sends of that page's form.
    pub async fn send_consent_form(&self, link: &str, fields: Vec<(String, String)>) -> Answer {
        self.patiently(Call::new("POST", format!("/consent/{link}")).form(fields)).await
    }
}
