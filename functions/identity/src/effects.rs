//! What comes along with a change of a user, kept in its transaction, and followed up after it.
//!
//! A change of a user is more than a row: events for everybody, an entry in the audit log, access tokens that are
//! refused from now on, an account in the user pool to be brought in line. All of it is written by ONE statement
//! with the change (`keep_effects` in the migrations), so nothing is lost; then [`follow_up`] does at once what
//! the relay and `align-user-pool` would do later.

use lectern_domain::event::Envelope;
use lectern_domain::id::{SessionId, UserId};
use lectern_domain::identity::User;
use lectern_domain::revocation::Revocation;
use lectern_domain::role::Actor;
use lectern_domain::time::Instant;
use lectern_postgres::Type;
use lectern_postgres::database::Param;
use lectern_postgres::outbox;
use lectern_runtime::Cx;
use serde::Serialize;
use serde_json::Value;
use tokio_postgres::types::Json;

use crate::align;
use crate::services::Identity;

/// An entry of the audit log: ids and words only, nothing personal.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AuditEntry {
    /// When.
    pub at: Instant,
    /// Who: `user:<id>`, `guardian`, `system:<use case>`.
    pub actor: String,
    /// What: `user.suspended`, `user.read`.
    pub action: &'static str,
    /// To whom or what: `user:<id>`.
    pub subject: String,
    /// More about it.
    pub details: Value,
}

/// An account that the user pool must be brought in line with.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Alignment {
    /// Whose.
    pub user_id: UserId,
    /// The pool's name for it.
    pub username: String,
    /// Whether its refresh tokens must be taken back.
    pub sign_out: bool,
    /// When the next try is due, unless the change's own function succeeds.
    pub due_at: Instant,
}

/// See the module.
#[derive(Clone, Debug, Default)]
pub struct Effects {
    /// Sealed events.
    pub events: Vec<Envelope>,
    /// Entries of the audit log.
    pub audit: Vec<AuditEntry>,
    /// Tokens that are refused from now on.
    pub revocations: Vec<Revocation>,
    /// Accounts that the user pool must be brought in line with.
    pub alignments: Vec<Alignment>,
}

impl Effects {
    /// Events and nothing else.
    pub fn of(events: Vec<Envelope>) -> Self {
        Self { events, ..Self::default() }
    }

    /// With an entry in the audit log: `actor` did `action` to `subject`.
    #[must_use]
    pub fn audit(
        mut self,
        cx: &Cx<Identity>,
        actor: &Actor,
        action: &'static str,
        subject: UserId,
        details: Value,
    ) -> Self {
        let subject = format!("user:{subject}");
        self.audit.push(AuditEntry {
            at: cx.now().into(),
            actor: actor.to_string(),
            action,
            subject,
            details,
        });
        self
    }

    /// With every token of the user's older access versions refused, here at once and everywhere by an event.
    #[must_use]
    pub fn revoke_user(self, cx: &Cx<Identity>, user: &User) -> Self {
        let life = cx.policy.access_token_life;
        self.revoke(cx, Revocation::user(user.id, user.access_version, cx.now(), life))
    }

    /// With every token of one session refused.
    #[must_use]
    pub fn revoke_session(self, cx: &Cx<Identity>, session: SessionId) -> Self {
        let life = cx.policy.session_life + cx.policy.access_token_life;
        self.revoke(cx, Revocation::session(session.0, cx.now(), life))
    }

    fn revoke(mut self, cx: &Cx<Identity>, revocation: Revocation) -> Self {
        self.events.extend(cx.seal(vec![revocation.event()]));
        self.revocations.push(revocation);
        self
    }

    /// With the account in the user pool to be brought in line; nothing when the pool has none.
    #[must_use]
    pub fn align(mut self, cx: &Cx<Identity>, user: UserId, username: Option<&str>, sign_out: bool) -> Self {
        let due_at = (cx.now() + align::FIRST_RETRY).into();
        self.alignments.extend(username.map(|username| Alignment {
            user_id: user,
            username: username.to_owned(),
            sign_out,
            due_at,
        }));
        self
    }

    /// As the parameters of `keep_effects`.
    pub(crate) fn params(&self) -> EffectParams {
        let json = |value: Result<Value, serde_json::Error>| Json(value.unwrap_or_default());
        EffectParams {
            events: outbox::rows(&self.events),
            audit: json(serde_json::to_value(&self.audit)),
            revocations: json(serde_json::to_value(&self.revocations)),
            alignments: json(serde_json::to_value(&self.alignments)),
        }
    }
}

/// The parameters of `keep_effects`.
pub(crate) struct EffectParams {
    events: Json<Value>,
    audit: Json<Value>,
    revocations: Json<Value>,
    alignments: Json<Value>,
}

impl EffectParams {
    pub(crate) fn list(&self) -> [Param<'_>; 4] {
        [
            (&self.events, Type::JSONB),
            (&self.audit, Type::JSONB),
            (&self.revocations, Type::JSONB),
            (&self.alignments, Type::JSONB),
        ]
    }
}

/// Does now what was written to be done: tells every context of revoked access, publishes the events, brings the
/// user pool in line. Never fails: what fails is done by the relay and by `align-user-pool`.
pub async fn follow_up(cx: &Cx<Identity>, effects: &Effects) {
    for event in effects.events.iter().filter(|event| event.kind == "access.revoked") {
        if let Err(error) = cx.access.announce(event).await {
            tracing::warn!(cause = %error, "revoked access not announced directly; the bus has it too");
        }
    }
    cx.base.publish(&effects.events).await;
    for alignment in &effects.alignments {
        if let Err(fault) = align::one(cx, alignment.user_id).await {
            tracing::warn!(cause = fault.message, "user pool not in line yet; align-user-pool goes on");
        }
    }
}
