//! The SQL of `tutoring`.

pub mod lessons;
pub mod search;
pub mod tutors;
pub mod verifications;
