//! Log lines on standard error: for people on a terminal, JSON where a machine reads along.

use std::io::IsTerminal;

use control::config::{Log, LogFormat};
use tracing_subscriber::EnvFilter;

/// Starts logging; `RUST_LOG` outranks the configured level, `json` the configured format.
pub(super) fn start(log: &Log, json: bool) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(log.level.name()));
    let terminal = std::io::stderr().is_terminal();
    let json = json
        || match log.format {
            LogFormat::Json => true,
            LogFormat::Human => false,
            LogFormat::Auto => !terminal,
        };
    let colour = terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_target(false);
    // A second start, in a test or the demo, keeps the first.
    if json {
        let _ = lines.json().flatten_event(true).try_init();
    } else {
        let _ = lines.with_ansi(colour).try_init();
    }
}
