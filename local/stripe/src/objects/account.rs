//! Connected accounts: made by the platform, onboarded by their owner (here: on request), then able to receive.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::bank_account::{self, NewBankAccount};
use super::{Kind, Reply};
use crate::error::Failure;
use crate::http::Call;
use crate::params::{Metadata, Params};
use crate::render::Page;
use crate::state::Unit;

/// A connected account.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the fields are Stripe's, see docs.stripe.com/api/accounts/object")]
pub struct Account {
    pub id: String,
    pub business_profile: Value,
    pub business_type: Option<String>,
    pub capabilities: BTreeMap<String, String>,
    pub charges_enabled: bool,
    pub controller: Value,
    pub country: String,
    pub created: i64,
    pub default_currency: String,
    pub details_submitted: bool,
    pub email: Option<String>,
    pub external_accounts: Value,
    pub future_requirements: Value,
    pub metadata: Metadata,
    pub payouts_enabled: bool,
    pub requirements: Value,
    pub settings: Value,
    pub tos_acceptance: Value,
    #[serde(rename = "type")]
    pub kind: String,
    #[serde(rename = "_deleted", default)]
    pub deleted: bool,
}

/// What Stripe asks of a new account.
const REQUIREMENTS: [&str; 4] =
    ["business_profile.url", "external_account", "tos_acceptance.date", "tos_acceptance.ip"];

const CAPABILITIES: [&str; 4] =
    ["card_payments", "tax_reporting_us_1099_k", "tax_reporting_us_1099_misc", "transfers"];

/// Countries in which Stripe has accounts, with their currency.
const COUNTRIES: [(&str, &str); 40] = [
    ("AT", "eur"),
    ("AU", "aud"),
    ("BE", "eur"),
    ("BG", "eur"),
    ("BR", "brl"),
    ("CA", "cad"),
    ("CH", "chf"),
    ("CY", "eur"),
    ("CZ", "czk"),
    ("DE", "eur"),
    ("DK", "dkk"),
    ("EE", "eur"),
    ("ES", "eur"),
    ("FI", "eur"),
    ("FR", "eur"),
    ("GB", "gbp"),
    ("GR", "eur"),
    ("HK", "hkd"),
    ("HR", "eur"),
    ("HU", "huf"),
    ("IE", "eur"),
    ("IN", "inr"),
    ("IT", "eur"),
    ("JP", "jpy"),
    ("LT", "eur"),
    ("LU", "eur"),
    ("LV", "eur"),
    ("MT", "eur"),
    ("MX", "mxn"),
    ("NL", "eur"),
    ("NO", "nok"),
    ("NZ", "nzd"),
    ("PL", "pln"),
    ("PT", "eur"),
    ("RO", "ron"),
    ("SE", "sek"),
    ("SG", "sgd"),
    ("SI", "eur"),
    ("SK", "eur"),
    ("US", "usd"),
];

impl Account {
    /// Whether money may be transferred to it.
    #[must_use]
    pub fn can_receive_transfers(&self) -> bool {
        !self.deleted && self.capabilities.get("transfers").is_some_and(|status| status == "active")
    }

    /// Its owner has given everything that Stripe asks.
    #[must_use]
    pub fn onboarded(mut self, now: i64) -> Self {
        self.charges_enabled = true;
        self.payouts_enabled = true;
        self.details_submitted = true;
        for status in self.capabilities.values_mut() {
            "active".clone_into(status);
        }
        self.requirements = requirements(&[]);
        self.tos_acceptance = json!({ "date": now });
        self
    }
}

/// `POST /v1/accounts`
///
/// # Errors
/// Its parameters are not acceptable.
pub fn create(unit: &mut Unit, call: &Call, _path: &[&str]) -> Result<Reply, Failure> {
    let params = call.params;
    params.only(&[
        "business_profile[mcc]",
        "business_profile[name]",
        "business_profile[product_description]",
        "business_profile[support_email]",
        "business_profile[support_phone]",
        "business_profile[support_url]",
        "business_profile[url]",
        "business_type",
        "capabilities[*][requested]",
        "controller[fees][payer]",
        "controller[losses][payments]",
        "controller[requirement_collection]",
        "controller[stripe_dashboard][type]",
        "country",
        "default_currency",
        "email",
        "metadata",
        "metadata[*]",
        "settings[payouts][schedule][interval]",
        "settings[payouts][schedule][monthly_anchor]",
        "settings[payouts][schedule][weekly_anchor]",
        "type",
    ])?;
    let kind = kind(params)?;
    let country = params.text("country")?.unwrap_or("US".to_owned());
    let Some((_, currency)) = COUNTRIES.iter().find(|(code, _)| *code == country) else {
        let message =
            format!("Country '{country}' is unknown. Try using a 2-character alphanumeric country code.");
        let code = Some("country_unsupported");
        return Err(Failure::InvalidParameter { param: "country".to_owned(), code, message });
    };
    let mut metadata = Metadata::new();
    params.change_metadata(&mut metadata)?;
    let id = unit.account_id();
    let account = Account {
        business_profile: business_profile(params)?,
        business_type: business_type(params)?,
        capabilities: requested_capabilities(params)?,
        charges_enabled: false,
        controller: controller(params, &kind)?,
        country: country.clone(),
        created: unit.now,
        default_currency: params.text("default_currency")?.unwrap_or((*currency).to_owned()),
        details_submitted: false,
        email: email(params)?,
        external_accounts: empty_list(&format!("/v1/accounts/{id}/external_accounts")),
        future_requirements: requirements(&[]),
        metadata,
        payouts_enabled: false,
        requirements: requirements(&REQUIREMENTS),
        settings: settings(params)?,
        tos_acceptance: json!({ "date": null, "ip": null, "user_agent": null }),
        kind,
        id,
        deleted: false,
    };
    unit.put(account.clone());
    Ok(account.into())
}

fn kind(params: &Params) -> Result<String, Failure> {
    let given = params.choice("type", &["custom", "express", "standard"])?;
    match (given, params.has("controller")) {
        (Some(_), true) => {
            let message = "You cannot specify both `type` and `controller`: `controller` replaces `type`.";
            Err(Failure::invalid("type", message))
        }
        (Some(kind), false) => Ok(kind),
        // An account described by its controller has the type `none`.
        (None, true) => Ok("none".to_owned()),
        (None, false) => Ok("standard".to_owned()),
    }
}

fn controller(params: &Params, kind: &str) -> Result<Value, Failure> {
    let of_type = |express: &str, custom: &str, standard: &str| match kind {
        "express" => express.to_owned(),
        "custom" => custom.to_owned(),
        _ => standard.to_owned(),
    };
    let fees = params.choice("controller[fees][payer]", &["account", "application"])?;
    let losses = params.choice("controller[losses][payments]", &["application", "stripe"])?;
    let collection = params.choice("controller[requirement_collection]", &["application", "stripe"])?;
    let dashboard = params.choice("controller[stripe_dashboard][type]", &["express", "full", "none"])?;
    let fees_of_type = of_type("application_express", "application_custom", "account");
    let losses_of_type = of_type("application", "application", "stripe");
    Ok(json!({
        "fees": { "payer": fees.unwrap_or(fees_of_type) },
        "is_controller": true,
        "losses": { "payments": losses.unwrap_or(losses_of_type) },
        "requirement_collection": collection.unwrap_or_else(|| of_type("stripe", "application", "stripe")),
        "stripe_dashboard": { "type": dashboard.unwrap_or_else(|| of_type("express", "none", "full")) },
        "type": "application",
    }))
}

fn business_type(params: &Params) -> Result<Option<String>, Failure> {
    params.choice("business_type", &["company", "government_entity", "individual", "non_profit"])
}

fn business_profile(params: &Params) -> Result<Value, Failure> {
    Ok(json!({
        "mcc": params.text("business_profile[mcc]")?,
        "name": params.text("business_profile[name]")?,
        "product_description": params.text("business_profile[product_description]")?,
        "support_email": params.text("business_profile[support_email]")?,
        "support_phone": params.text("business_profile[support_phone]")?,
        "support_url": params.text("business_profile[support_url]")?,
        "url": params.text("business_profile[url]")?,
    }))
}

fn email(params: &Params) -> Result<Option<String>, Failure> {
    let email = params.text("email")?;
    match email {
        Some(email) if !email.contains('@') => Err(Failure::InvalidParameter {
            param: "email".to_owned(),
            code: Some("email_invalid"),
            message: format!("Invalid email address: {email}"),
        }),
        email => Ok(email),
    }
}

fn requested_capabilities(params: &Params) -> Result<BTreeMap<String, String>, Failure> {
    let mut capabilities = BTreeMap::new();
    for (name, requested) in params.nested("capabilities", "requested") {
        if !CAPABILITIES.contains(&name.as_str()) {
            return Err(Failure::UnknownParameters(vec![format!("capabilities[{name}]")]));
        }
        if requested == "true" {
            capabilities.insert(name, "inactive".to_owned());
        }
    }
    Ok(capabilities)
}

fn requirements(due: &[&str]) -> Value {
    let disabled_reason = (!due.is_empty()).then_some("requirements.past_due");
    json!({
        "alternatives": [],
        "current_deadline": null,
        "currently_due": due,
        "disabled_reason": disabled_reason,
        "errors": [],
        "eventually_due": due,
        "past_due": due,
        "pending_verification": [],
    })
}

fn settings(params: &Params) -> Result<Value, Failure> {
    let mut schedule = json!({ "delay_days": 2, "interval": "daily" });
    change_schedule(params, &mut schedule)?;
    Ok(json!({
        "branding": { "icon": null, "logo": null, "primary_color": null, "secondary_color": null },
        "card_payments": {
            "decline_on": { "avs_failure": false, "cvc_failure": false },
            "statement_descriptor_prefix": null,
            "statement_descriptor_prefix_kana": null,
            "statement_descriptor_prefix_kanji": null,
        },
        "dashboard": { "display_name": null, "timezone": "Etc/UTC" },
        "payments": {
            "statement_descriptor": null,
            "statement_descriptor_kana": null,
            "statement_descriptor_kanji": null,
        },
        "payouts": {
            "debit_negative_balances": true,
            "schedule": schedule,
            "statement_descriptor": null,
        },
        "sepa_debit_payments": {},
    }))
}

const WEEKDAYS: [&str; 7] = ["friday", "monday", "saturday", "sunday", "thursday", "tuesday", "wednesday"];

/// What Stripe pays out by itself, and when; `manual` is nothing.
fn change_schedule(params: &Params, schedule: &mut Value) -> Result<(), Failure> {
    let name = |leaf: &str| format!("settings[payouts][schedule][{leaf}]");
    let interval = params.choice(&name("interval"), &["daily", "manual", "monthly", "weekly"])?;
    let weekly = params.choice(&name("weekly_anchor"), &WEEKDAYS)?;
    let monthly = params.positive(&name("monthly_anchor"))?;
    let Some(interval) = interval else { return Ok(()) };
    let misplaced =
        [("weekly_anchor", weekly.is_some(), "weekly"), ("monthly_anchor", monthly.is_some(), "monthly")];
    for (leaf, is_given, wanted) in misplaced {
        if is_given && interval != wanted {
            return Err(Failure::invalid(
                &name(leaf),
                format!("You can only set `{leaf}` with a {wanted} interval."),
            ));
        }
    }
    *schedule = json!({ "delay_days": 2, "interval": interval });
    match interval.as_str() {
        "weekly" => schedule["weekly_anchor"] = weekly.unwrap_or("monday".to_owned()).into(),
        "monthly" => schedule["monthly_anchor"] = monthly.unwrap_or(1).into(),
        _ => {}
    }
    Ok(())
}

fn empty_list(url: &str) -> Value {
    json!({ "object": "list", "data": [], "has_more": false, "url": url })
}

/// The account that the path names.
///
/// # Errors
/// There is none, or it is not ours any more.
pub fn find(unit: &Unit, path: &[&str]) -> Result<Account, Failure> {
    let id = path.first().copied().unwrap_or_default();
    let account = unit.find::<Account>(id).filter(|account| !account.deleted);
    account.ok_or_else(|| Failure::NoAccess(id.to_owned()))
}

/// `GET /v1/accounts/{account}`
///
/// # Errors
/// There is none.
pub fn retrieve(unit: &mut Unit, call: &Call, path: &[&str]) -> Result<Reply, Failure> {
    call.params.only(&[])?;
    find(unit, path).map(Reply::from)
}

/// `POST /v1/accounts/{account}`
///
/// # Errors
/// There is none, or its parameters are not acceptable.
pub fn update(unit: &mut Unit, call: &Call, path: &[&str]) -> Result<Reply, Failure> {
    let params = call.params;
    params.only(&[
        "business_type",
        "capabilities[*][requested]",
        "email",
        "metadata",
        "metadata[*]",
        "settings[payouts][schedule][interval]",
        "settings[payouts][schedule][monthly_anchor]",
        "settings[payouts][schedule][weekly_anchor]",
    ])?;
    let before = find(unit, path)?;
    let mut account = before.clone();
    account.business_type = business_type(params)?.or(account.business_type);
    account.email = email(params)?.or(account.email);
    for (name, status) in requested_capabilities(params)? {
        let status = if account.details_submitted { "active".to_owned() } else { status };
        account.capabilities.entry(name).or_insert(status);
    }
    change_schedule(params, &mut account.settings["payouts"]["schedule"])?;
    params.change_metadata(&mut account.metadata)?;
    unit.put(account.clone());
    unit.emit_change("account.updated", before, account.clone());
    Ok(account.into())
}

/// `DELETE /v1/accounts/{account}`
///
/// # Errors
/// There is none.
pub fn delete(unit: &mut Unit, call: &Call, path: &[&str]) -> Result<Reply, Failure> {
    call.params.only(&[])?;
    let mut account = find(unit, path)?;
    account.deleted = true;
    let id = account.id.clone();
    unit.put(account);
    Ok(Reply::Json(json!({ "id": id, "object": "account", "deleted": true })))
}

/// `GET /v1/accounts`
///
/// # Errors
/// Its parameters are not acceptable.
pub fn list(unit: &mut Unit, call: &Call, _path: &[&str]) -> Result<Reply, Failure> {
    let page = Page::read(call.params, &[])?;
    page.list(
        unit,
        Kind::Account,
        "/v1/accounts",
        |object| matches!(object, super::Object::Account(account) if !account.deleted),
    )
}

fn chosen(unit: &Unit, account: &str, tutor_id: &str) -> Result<Account, Failure> {
    let found = unit.all::<Account>().find(|candidate| {
        !candidate.deleted
            && (candidate.id == account
                || (!tutor_id.is_empty()
                    && candidate.metadata.get("tutor_id").is_some_and(|id| id == tutor_id)))
    });
    found.cloned().ok_or_else(|| {
        let id = if account.is_empty() { tutor_id } else { account }.to_owned();
        Failure::NoSuch { what: "account", id, param: "account", in_path: true }
    })
}

/// The owner went through onboarding: found by its id or by the `tutor_id` of its metadata. It has a bank account
/// then, of this number or of the one whose payouts arrive.
///
/// # Errors
/// There is no such account.
pub fn complete_onboarding(
    unit: &mut Unit,
    account: &str,
    tutor_id: &str,
    number: Option<&str>,
) -> Result<Account, Failure> {
    let before = chosen(unit, account, tutor_id)?;
    let mut account = before.clone().onboarded(unit.now);
    let has_bank = account.external_accounts["data"].as_array().is_some_and(|all| !all.is_empty());
    let wants_another = number.is_some_and(|number| !number.is_empty());
    if !has_bank || wants_another {
        let new = NewBankAccount::of_onboarding(&account, number);
        bank_account::add(unit, &mut account, new);
    }
    unit.put(account.clone());
    unit.emit_change("account.updated", before, account.clone());
    Ok(account)
}

/// Stripe stops payouts until the owner gives what is due.
///
/// # Errors
/// There is no such account.
pub fn disable_payouts(
    unit: &mut Unit,
    account: &str,
    tutor_id: &str,
    reason: &str,
    due: &str,
) -> Result<Account, Failure> {
    let before = chosen(unit, account, tutor_id)?;
    let mut account = before.clone();
    account.payouts_enabled = false;
    account.requirements = requirements(&[due]);
    account.requirements["disabled_reason"] = reason.into();
    unit.put(account.clone());
    unit.emit_change("account.updated", before, account.clone());
    Ok(account)
}

/// The owner cuts the platform off: from now on the account is unknown to it.
///
/// # Errors
/// There is no such account.
pub fn deauthorize(unit: &mut Unit, account: &str, tutor_id: &str) -> Result<Account, Failure> {
    let mut account = chosen(unit, account, tutor_id)?;
    account.deleted = true;
    unit.put(account.clone());
    let application = json!({ "id": "ca_stand_in", "object": "application", "name": "Lectern" });
    unit.emit_of(
        Some(account.id.clone()),
        "account.application.deauthorized",
        json!({ "object": application }),
    );
    Ok(account)
}
