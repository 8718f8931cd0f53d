//! What holds for the whole: contracts between the table of use cases and everything made from it, and journeys,
//! authorization and faults against a deployed copy of the platform (`make test` starts one; by hand:
//! `python3 -m local test-up`, which prints the variables that these tests read).
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first thing that is not as it should be"
)]

mod contract;
mod faults;
mod journeys;
mod routes;
mod support;
