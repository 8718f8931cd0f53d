//! The SQL of `booking`.

pub mod erasures;
pub mod held;
pub mod lessons;
pub mod sagas;
