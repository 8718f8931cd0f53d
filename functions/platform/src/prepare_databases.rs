//! Makes each context's database and its two logins, and keeps their URLs as secrets. Invoked by every
//! deployment, after this stack and before the contexts'.
//!
//! The secrets come first: a password that is set but written down nowhere would be lost. The logins' passwords
//! are then set to what the secrets say each time, so that a secret deleted by an operator is a rotation
//! (docs/operations.md).

use lectern_postgres::prepare::{self, Logins, with_login};
use lectern_runtime::{Cx, Fault, UseCase};
use serde::Serialize;
use serde_json::Value;
use url::Url;

use crate::DATABASES;
use crate::services::{PARAMETERS, Platform};

/// The kind of the fault when a parameter doesn't hold what it should: no further try will help.
pub const BAD_PARAMETER: &str = "BadParameter";

/// The use case.
pub fn use_case() -> UseCase<Platform> {
    UseCase::invoke("prepare-databases", |cx: Cx<Platform>, _event: Value| async move {
        prepare_databases(&cx, &DATABASES).await
    })
    .summary("Make each context's database and logins, and write their URLs as secrets")
    .needs(&[PARAMETERS])
}

/// The databases that are there now.
#[derive(Debug, Serialize)]
pub struct Prepared {
    /// One a context.
    pub databases: Vec<String>,
}

/// Prepares the databases of these contexts. Safe to run twice, and again after it stopped half-way.
pub async fn prepare_databases(cx: &Cx<Platform>, contexts: &[&str]) -> Result<Prepared, Fault> {
    let admin_url = required(cx, cx.env.text("ADMIN_URL_PARAMETER").map_err(Fault::transient)?).await?;
    let ca = match cx.env.text("DATABASE_CA_PARAMETER") {
        Ok(name) => Some(required(cx, name).await?),
        Err(_) => None,
    };
    let mut databases = Vec::with_capacity(contexts.len());
    for context in contexts {
        let logins = Logins {
            context: (*context).to_owned(),
            owner_password: password_of(cx, &admin_url, context, "owner").await?,
            app_password: password_of(cx, &admin_url, context, "app").await?,
        };
        prepare::prepare(&admin_url, ca.as_deref(), &logins).await?;
        tracing::info!(context, "database prepared");
        databases.push((*context).to_owned());
    }
    Ok(Prepared { databases })
}

async fn required(cx: &Cx<Platform>, name: &str) -> Result<String, Fault> {
    let value = cx.parameters.get(name).await?;
    value.ok_or_else(|| Fault::named(BAD_PARAMETER, format!("parameter {name}: there is none")))
}

/// The password in the secret of a login; makes the secret unless there is one.
async fn password_of(
    cx: &Cx<Platform>,
    admin_url: &str,
    context: &str,
    login: &str,
) -> Result<String, Fault> {
    let prefix = cx.env.text("DATABASE_PARAMETERS").map_err(Fault::transient)?;
    let name = format!("{prefix}/{context}/{login}-url");
    let url = match cx.parameters.get(&name).await? {
        Some(url) => url,
        None => make_secret(cx, &name, &fresh_url(cx, admin_url, context, login)?).await?,
    };
    let bad = |why: &str| Fault::named(BAD_PARAMETER, format!("parameter {name}: {why}"));
    let url = Url::parse(&url).map_err(|_| bad("it is not a URL"))?;
    let password = url.password().ok_or_else(|| bad("the URL has no password"))?.to_owned();
    let wanted = with_login(admin_url, &format!("{context}_{login}"), &password, context)?;
    if wanted != url.as_str() {
        // The server has moved: the password stays, and the functions find the new place as soon as they fail to
        // reach the old one.
        tracing::info!(parameter = name, "the server has moved; the URL follows it");
        cx.parameters.replace(&name, &wanted).await?;
    }
    Ok(password)
}

/// A URL at the server of the admin's, with a password of 256 bits.
fn fresh_url(cx: &Cx<Platform>, admin_url: &str, context: &str, login: &str) -> Result<String, Fault> {
    let password = hex::encode(cx.random::<32>());
    Ok(with_login(admin_url, &format!("{context}_{login}"), &password, context)?)
}

/// Gives the secret that is kept under the name now: `value`, or that of somebody who was faster.
async fn make_secret(cx: &Cx<Platform>, name: &str, value: &str) -> Result<String, Fault> {
    if cx.parameters.make(name, value).await? {
        return Ok(value.to_owned());
    }
    let theirs = cx.parameters.get(name).await?;
    theirs.ok_or_else(|| Fault::transient(format!("parameter {name} was there, and now it is not")))
}
