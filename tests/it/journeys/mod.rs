//! What people come for, over real HTTP, with real tokens, state machine, queues and books.

mod calling_off;
mod hearing_from_stripe;
mod main_job;
mod not_paying;
mod racing;
