//! Logs: one JSON object a line on standard output, which Lambda ships as it is.
//!
//! The message is short and constant; what varies is in fields. An error is logged once, where it is answered.
//! Never personal data, tokens, secrets, bodies.

use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

/// Starts logging. `LOG_LEVEL` is `error`, `warn`, `info` (the default) or `debug`.
pub fn start() {
    let level = match std::env::var("LOG_LEVEL").as_deref() {
        Ok("error") => tracing::level_filters::LevelFilter::ERROR,
        Ok("warn") => tracing::level_filters::LevelFilter::WARN,
        Ok("debug") => tracing::level_filters::LevelFilter::DEBUG,
        _ => tracing::level_filters::LevelFilter::INFO,
    };
    // Crates below us speak only when something is wrong: their debug lines hold requests.
    let ours = tracing_subscriber::filter::filter_fn(|meta| {
        meta.target().starts_with("lectern") || *meta.level() <= tracing::Level::WARN
    });
    let lines = tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_current_span(true)
        .with_span_list(false)
        .with_target(false);
    use tracing_subscriber::Layer as _;
    // A second start (tests do) changes nothing.
    let _already_started =
        tracing_subscriber::registry().with(lines.with_filter(ours)).with(level).try_init();
}
