//! What is kept: objects in memory, the journal behind them, and the one lock around both.

mod journal;
mod remembered;
mod stand;
mod tables;
mod unit;

pub use remembered::{Begin, Remembered};
pub use stand::{Done, Outcome, Stand, now};
pub use tables::Tables;
pub use unit::{Origin, Unit};

use rand::Rng as _;
use rand::SeedableRng as _;
use rand::distr::Alphanumeric;
use rand::rngs::StdRng;

/// Where random ids come from.
pub trait Ids {
    /// So many letters and digits.
    fn random(&mut self, length: usize) -> String;
}

/// The operating system's randomness.
pub struct Randomness(StdRng);

impl Default for Randomness {
    fn default() -> Self {
        Self(StdRng::from_os_rng())
    }
}

impl Ids for Randomness {
    fn random(&mut self, length: usize) -> String {
        (0..length).map(|_| char::from(self.0.sample(Alphanumeric))).collect()
    }
}
