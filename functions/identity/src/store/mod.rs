//! The SQL of `identity`.

pub mod users;
