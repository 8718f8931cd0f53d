//! The port for letters that are not the user pool's: to parents, and to people who have an account already.

use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_sesv2::Client;
use aws_sdk_sesv2::types::{Body, Content, Destination, EmailContent, Message};
use lectern_domain::email::Email;
use lectern_runtime::Fault;
use lectern_runtime::config::{Env, describe};
use tokio::sync::OnceCell;

/// A letter, in both forms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// Subject.
    pub subject: String,
    /// For readers without HTML.
    pub text: String,
    /// The whole document.
    pub html: String,
}

/// Where letters are posted.
#[async_trait]
pub trait Mailer: Send + Sync {
    /// Posts a letter. A fault when the post didn't take it; then it may come twice, if tried again.
    async fn post(&self, to: &Email, letter: &Letter) -> Result<(), Fault>;
    /// Connects.
    async fn warm(&self) {}
}

/// SES: `MAIL_FROM` is the sender, whose identity is verified there.
pub struct Ses {
    env: Arc<Env>,
    client: OnceCell<Client>,
}

impl Ses {
    /// Not connected yet.
    pub fn new(env: Arc<Env>) -> Self {
        Self { env, client: OnceCell::new() }
    }

    async fn client(&self) -> &Client {
        self.client.get_or_init(|| async { Client::new(self.env.aws().await) }).await
    }
}

#[async_trait]
impl Mailer for Ses {
    async fn post(&self, to: &Email, letter: &Letter) -> Result<(), Fault> {
        let from = self.env.text("MAIL_FROM").map_err(Fault::transient)?;
        let content = |text: &str| {
            Content::builder().data(text).charset("UTF-8").build().map_err(|e| Fault::bad_input(describe(&e)))
        };
        let body = Body::builder().text(content(&letter.text)?).html(content(&letter.html)?).build();
        let message = Message::builder().subject(content(&letter.subject)?).body(body).build();
        let call = self.client().await.send_email().from_email_address(from);
        let call = call.destination(Destination::builder().to_addresses(to.as_str()).build());
        let call = call.content(EmailContent::builder().simple(message).build());
        // The address is personal: an error of the client may not carry it into a log.
        call.send().await.map_err(|e| Fault::transient(describe(&e).replace(to.as_str(), "(address)")))?;
        Ok(())
    }

    async fn warm(&self) {
        self.client().await;
    }
}
