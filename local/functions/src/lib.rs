//! The table of all use cases of all contexts.

use lectern_runtime::Function;

/// Every use case. The order is that of the contexts' deployment.
pub fn all() -> Vec<Function> {
    [
        lectern_platform::functions(),
        lectern_identity::functions(),
        lectern_tutoring::functions(),
        lectern_booking::functions(),
        lectern_payments::functions(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
