//! A consent as the parent's client sees it.

use lectern_domain::identity::{
    ConsentScope, ConsentStatus, LinkPurpose, NOTICE, NOTICE_VERSION, NoticeItem,
};
use lectern_domain::text::Line;
use lectern_domain::time::Instant;
use schemars::JsonSchema;
use serde::Serialize;

use crate::store::consents::Linked;

/// What a parent is asked, and what was answered.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConsentView {
    /// What this link lets its holder do.
    purpose: LinkPurpose,
    status: ConsentStatus,
    /// The child's; gone when the child is erased.
    #[serde(skip_serializing_if = "Option::is_none")]
    child_first_name: Option<Line<80>>,
    /// Whether the child's data is erased.
    erased: bool,
    /// What is consented to; what isn't in it is off.
    scopes: Vec<ConsentScope>,
    requested_at: Instant,
    /// When the time for an answer is over; gone when there was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<Instant>,
    #[serde(skip_serializing_if = "Option::is_none")]
    decided_at: Option<Instant>,
    notice: NoticeView,
}

/// The notice: all of it is to be shown before an answer is taken.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NoticeView {
    /// To be given back with the answer.
    version: &'static str,
    items: Vec<NoticeItemView>,
}

/// What is collected under one scope.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NoticeItemView {
    scope: ConsentScope,
    what: &'static str,
    why: &'static str,
}

impl From<&NoticeItem> for NoticeItemView {
    fn from(item: &NoticeItem) -> Self {
        Self { scope: item.scope, what: item.what, why: item.why }
    }
}

impl From<Linked> for ConsentView {
    fn from(linked: Linked) -> Self {
        let consent = linked.consent;
        let open = consent.status == ConsentStatus::Requested;
        Self {
            purpose: linked.purpose,
            status: consent.status,
            erased: linked.child.is_none(),
            child_first_name: linked.child.map(|child| child.user.first_name),
            scopes: consent.scopes,
            requested_at: consent.requested_at,
            expires_at: open.then_some(consent.expires_at),
            decided_at: consent.decided_at,
            notice: NoticeView { version: NOTICE_VERSION, items: NOTICE.iter().map(Into::into).collect() },
        }
    }
}
