//! Logging, to standard error.

use std::io::{self, IsTerminal};

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, fmt, registry};

/// Start logging. The filter has been checked with the settings.
///
/// No filter makes libraries say more than `info`: below it they log what passes through them,
/// headers of requests and values of statements for instance, and with those the tokens and the
/// variables of clients.
pub fn start(filter: &str, json: bool) {
    let bounds = Targets::new()
        .with_default(LevelFilter::INFO)
        .with_target(env!("CARGO_CRATE_NAME"), LevelFilter::TRACE);
    let log = registry().with(EnvFilter::new(filter)).with(bounds);
    let lines = fmt::layer().with_writer(io::stderr).with_ansi(io::stderr().is_terminal());
    // A second start within one process keeps the first log.
    let _ = if json { log.with(lines.json()).try_init() } else { log.with(lines).try_init() };
}
