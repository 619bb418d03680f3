//! Logging, to standard error.

use std::io::{self, IsTerminal};

use tracing_subscriber::EnvFilter;

/// Start logging. The filter has been checked with the settings.
pub fn start(filter: &str, json: bool) {
    let builder = tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new(filter))
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal());
    // A second start within one process keeps the first log.
    let _ = if json { builder.json().try_init() } else { builder.try_init() };
}
