//! The binary: the command line, and the wiring of the gateway behind it.

mod admin_token;
mod cli;
mod client;
mod demo;
mod output;
mod serve;

use std::process::ExitCode;

/// The configuration file where none is named.
pub(crate) const USUAL_FILE: &str = "crossfade.yaml";

fn main() -> ExitCode {
    cli::run()
}
