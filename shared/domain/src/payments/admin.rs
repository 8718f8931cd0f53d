//! What an admin does to a payment by hand: written down with the change, and told by an event without words.

use serde::Serialize;
use serde_json::json;

use crate::id::UserId;

use super::payment::{Changes, Payment};

crate::words! {
    /// What was done.
    pub enum AdminActionKind {
        /// Money was given back.
        Refund = "refund",
        /// A payment was released before its time.
        Release = "release",
        /// Evidence was given in a dispute.
        Evidence = "evidence",
    }
}

/// One deed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AdminAction {
    /// By whom.
    pub admin_id: UserId,
    /// What.
    pub kind: AdminActionKind,
    /// Its name among the deeds of that kind: the same name is the same deed.
    pub reference: String,
    /// Why, in the admin's words.
    pub reason: Option<String>,
    /// Minor units, where money moves.
    pub amount: Option<i64>,
}

impl Payment {
    /// Writes a deed down.
    pub fn act(&mut self, action: AdminAction) -> Changes {
        let data = json!({
            "adminId": action.admin_id, "payerId": self.payer_id, "tutorId": self.tutor_id, "action": action.kind,
            "reference": action.reference, "amount": action.amount.map(|amount| self.money(amount)),
        });
        let event = self.event("payment.admin_action", data);
        Changes { events: vec![event], actions: vec![action], ..Changes::default() }
    }
}
