//! `promote`: green takes over.

use clap::Args;

use super::Failure;
use super::release::{ReleaseArgs, draining, release, split};
use crate::client::Deployment;
use crate::output::Output;

const EXAMPLES: &str = "\
Examples:
  crossfade promote gpt-4.1
  crossfade promote gpt-4.1 --reason 'a week at 50 % without a complaint'

Blue stays ready for `crossfade rollback` for the time of `keep_previous` (24h); then green is
finalized by itself, unless `crossfade finalize` has done so before.";

/// Give green all the traffic; blue stays ready for a rollback
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct PromoteArgs {
    #[command(flatten)]
    release: ReleaseArgs,
}

pub(super) async fn run(args: &PromoteArgs, output: &Output) -> Result<(), Failure> {
    let say = |deployment: &Deployment| {
        let finishing = draining("blue", deployment.blue.in_flight);
        format!(
            "{}{finishing}; blue stays ready for a rollback",
            split(deployment)
        )
    };
    release(&args.release, "promote", output, say).await
}
