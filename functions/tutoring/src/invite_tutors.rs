//! `POST /v1/match-requests/{matchRequestId}/invitations`.

use std::collections::BTreeSet;

use deserr::Deserr;
use lectern_domain::field::FieldErrors;
use lectern_domain::id::{InvitationId, UserId};
use lectern_postgres::idempotency;
use lectern_runtime::http::IdempotencyKey;
use lectern_runtime::{Created, Cx, Method, Need, Nothing, Problem, Request, Student, UseCase, problem};
use schemars::JsonSchema;
use serde::Serialize;

use crate::get_match_request::MatchRequestPath;
use crate::match_views::InvitationState;
use crate::services::Tutoring;
use crate::store::{invitations, matching};

const NAME: &str = "invite-tutors";

/// The use case.
pub fn use_case() -> UseCase<Tutoring> {
    UseCase::http(NAME, Method::Post, "/v1/match-requests/{matchRequestId}/invitations", invite_tutors)
        .summary("Ask up to five tutors of a matching request, in all, whether they would teach")
        .problems(&[&problem::NOT_FOUND, &problem::CONCURRENT_CHANGE])
        .needs(&[Need::Database, Need::Bus])
        .idempotent()
}

/// Whom to ask.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = FieldErrors, rename_all = camelCase, deny_unknown_fields)]
#[schemars(rename_all = "camelCase")]
pub struct InviteTutors {
    /// Tutors of the request.
    #[schemars(length(min = 1))]
    tutor_ids: Vec<UserId>,
}

/// Who was asked now.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Invited {
    /// In the order in which they were named.
    items: Vec<InvitationState>,
    /// How many more tutors can be invited.
    invitations_left: usize,
}

async fn invite_tutors(
    cx: Cx<Tutoring>,
    caller: Student,
    request: Request<MatchRequestPath, Nothing, InviteTutors>,
) -> Result<Created<Invited>, Problem> {
    let (db, key) = (&cx.base.db, request.idempotency_key()?);
    let (kept, stored) =
        matching::by_id(db, caller.id(), request.path.match_request_id, Some((NAME, key))).await?;
    if let Some(answer) = idempotency::earlier(stored, key)? {
        return Ok(Created::replay(answer));
    }
    let kept = kept.ok_or_else(|| Problem::not_found("matching request"))?;
    let (before, listed) = (kept.request.sequence, kept.tutors.keys().copied().collect::<BTreeSet<_>>());
    let fresh = || InvitationId(cx.fresh_id());
    let (changed, new, happened) =
        kept.request.invite(&request.body.tutor_ids, &listed, &cx.policy, fresh, cx.now())?;
    let events = cx.seal(happened);
    let view = Invited {
        items: new.iter().map(|invitation| InvitationState::of(invitation, cx.now())).collect(),
        invitations_left: changed.invitations_left(&cx.policy),
    };
    let answer = serde_json::to_value(&view).map_err(Problem::internal)?;
    match invitations::insert(db, &changed, before, &new, &events, (NAME, key, &answer)).await {
        Ok(true) => {}
        // Of two with one key, the second finds either the row changed or the key taken.
        Ok(false) => return lost(&cx, caller, key).await,
        Err(error) if error.is_constraint(idempotency::CONSTRAINT) => return lost(&cx, caller, key).await,
        Err(error) => return Err(error.into()),
    }
    cx.base.publish(&events).await;
    Ok(Created::new(view))
}

/// What a request that lost a race against itself answers; against another change it is a conflict.
async fn lost(cx: &Cx<Tutoring>, caller: Student, key: &IdempotencyKey) -> Result<Created<Invited>, Problem> {
    match idempotency::read(&cx.base.db, &caller.id().to_string(), NAME, key).await {
        Ok(answer) => Ok(Created::replay(answer)),
        Err(problem) if *problem.kind() == problem::IDEMPOTENCY_IN_PROGRESS => {
            Err(Problem::new(&problem::CONCURRENT_CHANGE))
        }
        Err(problem) => Err(problem),
    }
}
