//! Where exports are kept: one archive each, under its owner's id, so that an erasure finds them when their
//! rows are gone. The bucket deletes what is a week old by itself.

use lectern_domain::id::{ExportId, UserId};

/// The variable that names the bucket.
pub const BUCKET: &str = "EXPORT_BUCKET";

/// Under which every archive of a user is.
pub fn prefix(user: UserId) -> String {
    format!("exports/{user}/")
}

/// Where an archive is.
pub fn key(user: UserId, export: ExportId) -> String {
    format!("{}{export}.zip", prefix(user))
}
