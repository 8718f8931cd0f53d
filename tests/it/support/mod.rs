//! A deployed copy of the platform, and how a test acts on it.

pub mod answers;
pub mod archive;
pub mod aws;
pub mod copy;
pub mod database;
pub mod families;
pub mod files;
pub mod forbidden;
pub mod http;
pub mod lessons;
pub mod letters;
pub mod page;
pub mod people;
pub mod processes;
pub mod search;
pub mod stripe;
pub mod tokens;
pub mod wait;
pub mod world;
