//! `GET /v1/consents/{token}/data`.

use deserr::Deserr;
use futures::future::try_join_all;
use lectern_domain::field::FieldErrors;
use lectern_domain::id::UserId;
use lectern_domain::identity::{ConsentStatus, LinkPurpose};
use lectern_domain::page::Cursor;
use lectern_domain::role::Actor;
use lectern_runtime::{
    Answer, Cx, Guardian, LinkPath, Method, Need, Nothing, Problem, Request, UseCase, problem,
};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

use crate::consent;
use crate::contexts::{self, CONTEXTS, Context, Item};
use crate::effects::AuditEntry;
use crate::held::held_for;
use crate::services::{self, Identity};

/// The use case.
pub fn use_case() -> UseCase<Identity> {
    UseCase::http("get-consent-data", Method::Get, "/v1/consents/{token}/data", get_consent_data)
        .summary("Read, as a parent, what is held on the child")
        .needs(&[Need::Database, services::CONTEXTS])
        .rate_limits(consent::LIMITS)
        .problems(&[&problem::FORBIDDEN, &problem::NOT_FOUND, &problem::UNAVAILABLE])
}

/// Which part. Without it: the beginning of everything.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = FieldErrors, rename_all = camelCase, deny_unknown_fields)]
#[schemars(rename_all = "camelCase")]
pub struct DataQuery {
    /// More of this context alone, after `cursor`.
    #[deserr(default)]
    #[schemars(default)]
    context: Option<String>,
    /// The `nextCursor` of that context in the answer before.
    #[deserr(default)]
    #[schemars(default)]
    cursor: Option<Cursor>,
}

/// What is held on a child.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct HeldOnChild {
    /// The account, sign-ins, consents; absent where more of one context was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    identity: Option<Value>,
    /// What the other contexts hold, each about a megabyte at once.
    contexts: Vec<Share>,
}

/// What another context holds.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Share {
    /// The context: `booking`.
    context: &'static str,
    /// What it is about.
    title: &'static str,
    /// What it holds; an item `summary` tells it in words.
    items: Vec<HeldItem>,
    /// There is more: ask for this `context` with this `cursor`.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// One thing that is held.
#[derive(Debug, Serialize, JsonSchema)]
pub struct HeldItem {
    /// What it is: `lesson`.
    kind: String,
    /// What is held, as the context gives it.
    data: Value,
}

/// A parent may see what is held before they answer, and as long as they consent (COPPA, 16 CFR 312.6); the
/// first letter's link shows no more once it has been answered. Each look is in the audit log. All of it or
/// none: a context that can't be reached makes the whole answer a 503.
async fn get_consent_data(
    cx: Cx<Identity>,
    caller: Guardian,
    request: Request<LinkPath, DataQuery, Nothing>,
) -> Result<Answer<HeldOnChild>, Problem> {
    let asked = asked(&request.query)?;
    let linked = consent::linked(&cx, &caller.link).await?;
    if linked.purpose == LinkPurpose::Decide && linked.consent.status != ConsentStatus::Requested {
        return Err(Problem::new(&problem::FORBIDDEN)
            .detail("This link has been answered. The link in the second letter shows what is held."));
    }
    let child = linked.consent.child;
    let cursor = request.query.cursor.as_ref().map(ToString::to_string);
    let shares = asked.iter().map(|context| share(&cx, *context, child, cursor.as_deref()));
    let contexts = try_join_all(shares).await?;
    let entry = AuditEntry {
        at: cx.now().into(),
        actor: Actor::Guardian.to_string(),
        action: "user.read",
        subject: format!("user:{child}"),
        details: json!({ "what": "data" }),
    };
    let first = request.query.context.is_none();
    match held_for(&cx.base.db, child, entry).await? {
        Value::Null => {
            Err(Problem::new(&problem::NOT_FOUND).detail("Nothing is held: the account is erased."))
        }
        identity => Ok(Answer::new(HeldOnChild { identity: first.then_some(identity), contexts })),
    }
}

/// The contexts to ask.
fn asked(query: &DataQuery) -> Result<&'static [Context], FieldErrors> {
    let Some(name) = &query.context else {
        let alone = "says where to go on in one context: name it, too";
        return if query.cursor.is_some() { Err(FieldErrors::one("context", alone)) } else { Ok(CONTEXTS) };
    };
    let found = CONTEXTS.iter().position(|context| context.name == name);
    found.and_then(|at| CONTEXTS.get(at..=at)).ok_or_else(|| {
        let names: Vec<_> = CONTEXTS.iter().map(|context| context.name).collect();
        FieldErrors::one("context", format!("must be one of {}", names.join(", ")))
    })
}

async fn share(
    cx: &Cx<Identity>,
    context: Context,
    child: UserId,
    cursor: Option<&str>,
) -> Result<Share, Problem> {
    let page = cx.contexts.data_of(context.name, child, cursor, cx.correlation_id()).await;
    let contexts::Page { items, next_cursor } = page.map_err(Problem::unavailable)?;
    let read = |item: Item| {
        let data = serde_json::from_str(item.data.get()).map_err(Problem::internal)?;
        Ok(HeldItem { kind: item.kind, data })
    };
    let items = items.into_iter().map(read).collect::<Result<_, Problem>>()?;
    Ok(Share { context: context.name, title: context.title, items, next_cursor })
}
