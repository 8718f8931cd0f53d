//! `GET /v1/consents/{token}/data`.

use lectern_domain::identity::{ConsentStatus, LinkPurpose};
use lectern_domain::role::Actor;
use lectern_runtime::{Answer, Cx, Guardian, LinkPath, Method, Nothing, Problem, Request, UseCase, problem};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

use crate::consent;
use crate::effects::AuditEntry;
use crate::held::held_for;
use crate::services::Identity;

/// The use case.
pub fn use_case() -> UseCase<Identity> {
    UseCase::http("get-consent-data", Method::Get, "/v1/consents/{token}/data", get_consent_data)
        .summary("Read, as a parent, what is held on the child")
        .rate_limits(consent::LIMITS)
        .problems(&[&problem::FORBIDDEN, &problem::NOT_FOUND])
}

/// What is held on a child.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct HeldOnChild {
    /// The account, sign-ins, consents.
    identity: Value,
}

/// A parent may see what is held before they answer, and as long as they consent (COPPA, 16 CFR 312.6); the
/// first letter's link shows no more once it has been answered. Each look is in the audit log.
async fn get_consent_data(
    cx: Cx<Identity>,
    caller: Guardian,
    _request: Request<LinkPath, Nothing, Nothing>,
) -> Result<Answer<HeldOnChild>, Problem> {
    let linked = consent::linked(&cx, &caller.link).await?;
    if linked.purpose == LinkPurpose::Decide && linked.consent.status != ConsentStatus::Requested {
        return Err(Problem::new(&problem::FORBIDDEN)
            .detail("This link has been answered. The link in the second letter shows what is held."));
    }
    let child = linked.consent.child;
    let entry = AuditEntry {
        at: cx.now().into(),
        actor: Actor::Guardian.to_string(),
        action: "user.read",
        subject: format!("user:{child}"),
        details: json!({ "what": "data" }),
    };
    match held_for(&cx.base.db, child, entry).await? {
        Value::Null => {
            Err(Problem::new(&problem::NOT_FOUND).detail("Nothing is held: the account is erased."))
        }
        identity => Ok(Answer::new(HeldOnChild { identity })),
    }
}
