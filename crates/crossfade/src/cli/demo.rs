//! `demo`: the flags of the demonstration.

use clap::Args;

const EXAMPLES: &str = "\
Examples:
  crossfade demo                                until Ctrl-C, with addresses and a key to try
  crossfade demo --seconds 60                   ends by itself";

/// Show it all: gateway, simulated vendors, live traffic, a rollout and a rollback
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct DemoArgs {
    /// End after this time instead of at Ctrl-C, but not before both rollouts have ended
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) seconds: Option<u64>,
    /// Play all scenes within this time, but for the rollouts; for tests of what comes after them
    #[arg(long, value_name = "SECONDS", hide = true, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) scenes_in: Option<u64>,
}
