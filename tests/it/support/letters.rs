//! What came by post: the emulator keeps every mail that was sent.

use serde_json::Value;

use super::copy::Copy;
use super::wait::{SOON, until};
use super::world::World;

/// A mail.
#[derive(Clone, Debug)]
pub struct Letter {
    pub subject: String,
    pub text: String,
    pub html: String,
}

impl Letter {
    fn of(mail: &Value) -> Self {
        let of = |name: &str| mail[name].as_str().unwrap_or_default().to_owned();
        Self { subject: of("Subject"), text: of("BodyText"), html: of("BodyHtml") }
    }

    /// The secret of the parent's link in it.
    pub fn link(&self) -> Option<String> {
        let after = self.text.split_once("/consent/")?.1;
        let token: String =
            after.chars().take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_')).collect();
        (!token.is_empty()).then_some(token)
    }
}

impl World {
    /// The mails to somebody, the oldest first.
    pub async fn letters(&self, to: &str) -> Vec<Letter> {
        let url = format!("{}/_ministack/ses/messages", Copy::get().emulator);
        let all: Value = reqwest::get(url).await.unwrap().json().await.unwrap();
        let of_accounts = all["messages"].as_object().unwrap().values();
        let mails = of_accounts.flat_map(|mails| mails.as_array().unwrap());
        let to_them = |mail: &&Value| mail["To"].as_array().is_some_and(|all| all.iter().any(|it| it == to));
        mails.filter(to_them).map(Letter::of).collect()
    }

    /// Waits for the `nth` mail to somebody (0 = the first).
    pub async fn letter(&self, to: &str, nth: usize) -> Letter {
        let wanted = format!("letter {nth} to {to} has come");
        until(&wanted, SOON, async || self.letters(to).await.into_iter().nth(nth)).await
    }
}
