//! `stripe-stand-in`: see the library and `config::USAGE`.

use std::process::ExitCode;

use lectern_stripe_stand_in::config::Config;
use lectern_stripe_stand_in::serve;
use tokio::net::TcpListener;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

#[tokio::main]
async fn main() -> ExitCode {
    let logs = tracing_subscriber::fmt::layer().json().with_writer(std::io::stderr);
    tracing_subscriber::registry().with(tracing_subscriber::filter::LevelFilter::INFO).with(logs).init();
    let config = match Config::read(std::env::args().skip(1), |name| std::env::var(name).ok()) {
        Ok(config) => config,
        Err(message) => {
            eprintln!("{message}");
            return ExitCode::from(2);
        }
    };
    tokio::select! {
        result = run(config) => match result {
            Ok(()) => ExitCode::SUCCESS,
            Err(message) => {
                eprintln!("stripe-stand-in: {message}");
                ExitCode::FAILURE
            }
        },
        () = asked_to_stop() => ExitCode::SUCCESS,
    }
}

async fn run(config: Config) -> Result<(), String> {
    let address = format!("127.0.0.1:{}", config.port);
    let state = config.state.clone();
    let listener = TcpListener::bind(&address).await.map_err(|error| format!("{address}: {error}"))?;
    tracing::info!(address, "listening");
    serve(config, listener).await.map_err(|error| format!("{}: {error}", state.display()))
}

/// Nothing has to be saved on the way out: what was answered is in the journal already.
async fn asked_to_stop() {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminated) = signal(SignalKind::terminate()) else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = terminated.recv() => {}
        _ = tokio::signal::ctrl_c() => {}
    }
}
