//! Versions of the commission policy, as admins see them.

use lectern_domain::id::UserId;
use lectern_domain::payments::CommissionRule;
use lectern_domain::time::Instant;
use schemars::JsonSchema;
use serde::Serialize;

use crate::store::commission::{Listed, VersionState};

/// A version of the commission policy.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PolicyVersionView {
    /// 1, 2, 3 …
    version: i64,
    state: VersionState,
    /// From when on; of two versions that are valid from the same moment the later one counts.
    valid_from: Instant,
    /// By purpose and hours.
    rules: Vec<CommissionRule>,
    /// The admin who made it.
    created_by: UserId,
    created_at: Instant,
}

impl From<Listed> for PolicyVersionView {
    fn from(Listed { version, state }: Listed) -> Self {
        Self {
            version: version.version,
            state,
            valid_from: version.valid_from,
            rules: version.policy.rules().to_vec(),
            created_by: version.created_by,
            created_at: version.created_at,
        }
    }
}
