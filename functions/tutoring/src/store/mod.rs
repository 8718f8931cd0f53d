//! The SQL of `tutoring`.

pub mod erasures;
pub mod held;
pub mod lessons;
pub mod search;
pub mod tutors;
pub mod verifications;
