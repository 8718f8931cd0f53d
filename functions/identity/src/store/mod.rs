//! The SQL of `identity`.

pub mod alignments;
pub mod appointments;
pub mod audit;
pub mod consents;
pub mod directory;
pub mod erasures;
pub mod expired;
pub mod exports;
pub mod held;
pub mod overdue;
pub mod sessions;
pub mod users;
