//! What people come for, over real HTTP, with real tokens, state machine, queues and books.

mod accounts;
mod at_once;
mod calling_off;
mod cards_and_taxes;
mod children;
mod disputing;
mod documents;
mod finding;
mod hearing_from_stripe;
mod keeping_books;
mod main_job;
mod matching;
mod not_paying;
mod payouts;
mod privacy;
mod racing;
mod subscribing;
mod suspension;
mod verification;
