//! Links by which the owner of a connected account comes to Stripe's own pages: onboarding, and the dashboard.
//! A link is good for one visit and a few minutes; after that its page leads to where a fresh one is made.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{Account, Reply};
use crate::error::Failure;
use crate::http::Call;
use crate::state::Unit;

/// How long a link is good, in seconds.
const LIFE_SECONDS: i64 = 300;

/// A link to onboarding. Stripe shows no id of it; here it is the secret part of the address.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the fields are Stripe's, see docs.stripe.com/api/account_links/object")]
pub struct AccountLink {
    #[serde(rename = "_id")]
    pub id: String,
    pub created: i64,
    pub expires_at: i64,
    pub url: String,
    #[serde(rename = "_account")]
    pub account: String,
    #[serde(rename = "_refresh_url")]
    pub refresh_url: String,
    #[serde(rename = "_return_url")]
    pub return_url: String,
    #[serde(rename = "_visited", default)]
    pub visited: bool,
    #[serde(rename = "_finished", default)]
    pub finished: bool,
}

/// `POST /v1/account_links`
///
/// # Errors
/// There is no such account, or its parameters are not acceptable.
pub fn create(unit: &mut Unit, call: &Call, _path: &[&str]) -> Result<Reply, Failure> {
    let params = call.params;
    params.only(&[
        "account",
        "collect",
        "collection_options[fields]",
        "collection_options[future_requirements]",
        "refresh_url",
        "return_url",
        "type",
    ])?;
    let id = params.required_text("account")?;
    let kind = params.choice("type", &["account_onboarding", "account_update"])?;
    let kind = kind.ok_or_else(|| Failure::MissingParameter("type".to_owned()))?;
    params.choice("collect", &["currently_due", "eventually_due"])?;
    params.choice("collection_options[fields]", &["currently_due", "eventually_due"])?;
    params.choice("collection_options[future_requirements]", &["include", "omit"])?;
    let (refresh_url, return_url) = (address(call, "refresh_url")?, address(call, "return_url")?);
    let account: Account = super::account::find(unit, &[&id])?;
    if kind == "account_update" && account.controller["requirement_collection"] == "stripe" {
        let message = "You cannot create `account_update` type Account Links for this account. This type is only \
                       available for accounts whose requirements your platform collects. Use `account_onboarding`.";
        return Err(Failure::invalid("type", message));
    }
    let id = unit.random(24);
    let link = AccountLink {
        created: unit.now,
        expires_at: unit.now + LIFE_SECONDS,
        url: format!("{}/_stand_in/account_links/{id}", unit.site),
        account: account.id,
        refresh_url,
        return_url,
        visited: false,
        finished: false,
        id,
    };
    unit.put(link.clone());
    Ok(link.into())
}

fn address(call: &Call, name: &'static str) -> Result<String, Failure> {
    let given = call.params.required_text(name)?;
    let is_web = url::Url::parse(&given).is_ok_and(|url| ["http", "https"].contains(&url.scheme()));
    if is_web {
        return Ok(given);
    }
    Err(Failure::InvalidParameter {
        param: name.to_owned(),
        code: Some("url_invalid"),
        message: "Not a valid URL".to_owned(),
    })
}

/// `POST /v1/accounts/{account}/login_links`
///
/// # Errors
/// There is no such account, or its owner has no dashboard yet.
pub fn login(unit: &mut Unit, call: &Call, path: &[&str]) -> Result<Reply, Failure> {
    call.params.only(&[])?;
    let account = super::account::find(unit, path)?;
    if account.controller["stripe_dashboard"]["type"] != "express" {
        let message = format!("Account {} does not have access to the Express Dashboard.", account.id);
        return Err(Failure::refused(None, message));
    }
    if !account.details_submitted {
        let message = "Cannot create a login link for an account that has not completed onboarding.";
        return Err(Failure::refused(None, message.to_owned()));
    }
    let url = format!("{}/_stand_in/dashboards/{}", unit.site, account.id);
    Ok(Reply::Json(json!({ "object": "login_link", "created": unit.now, "url": url })))
}

/// The owner opens the link: the first visit, in time, is let in.
///
/// # Errors
/// There is no such link.
pub fn visit(unit: &mut Unit, id: &str) -> Result<(AccountLink, bool), Failure> {
    let mut link: AccountLink = unit.named(&[id])?;
    let is_good = !link.visited && unit.now < link.expires_at;
    if is_good {
        link.visited = true;
        unit.put(link.clone());
    }
    Ok((link, is_good))
}

/// The owner leaves its page, having given everything (with this bank account's number) or nothing.
///
/// # Errors
/// There is no such link, it was not opened, or it was left already.
pub fn leave(unit: &mut Unit, id: &str, number: Option<&str>) -> Result<AccountLink, Failure> {
    let mut link: AccountLink = unit.named(&[id])?;
    if !link.visited || link.finished {
        return Err(Failure::refused(None, "This link has expired or has already been used.".to_owned()));
    }
    link.finished = true;
    unit.put(link.clone());
    if let Some(number) = number {
        super::account::complete_onboarding(unit, &link.account, "", Some(number))?;
    }
    Ok(link)
}
