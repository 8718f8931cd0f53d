//! A deployed copy of the platform, and how a test acts on it.

pub mod answers;
pub mod aws;
pub mod copy;
pub mod database;
pub mod http;
pub mod lessons;
pub mod people;
pub mod processes;
pub mod stripe;
pub mod tokens;
pub mod wait;
pub mod world;
