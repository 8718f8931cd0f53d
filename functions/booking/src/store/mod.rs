//! The SQL of `booking`.

pub mod lessons;
pub mod sagas;
