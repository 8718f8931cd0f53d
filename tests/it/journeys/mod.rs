//! What people come for, over real HTTP, with real tokens, state machine, queues and books.

mod accounts;
mod at_once;
mod calling_off;
mod children;
mod documents;
mod finding;
mod hearing_from_stripe;
mod main_job;
mod matching;
mod not_paying;
mod privacy;
mod racing;
mod suspension;
mod verification;
