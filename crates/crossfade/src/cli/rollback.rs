//! `rollback`: blue takes everything back, whatever state the deployment is in.

use clap::Args;

use super::Failure;
use super::release::{ReleaseArgs, draining, release, split};
use crate::client::Deployment;
use crate::output::Output;

const EXAMPLES: &str = "\
Examples:
  crossfade rollback gpt-4.1
  crossfade rollback gpt-4.1 --reason 'answers in the wrong language'

Works in every state, also after `crossfade promote`. Afterwards only an explicit `green` in a
request reaches green.";

/// Give blue all the traffic back, in any state
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct RollbackArgs {
    #[command(flatten)]
    release: ReleaseArgs,
}

pub(super) async fn run(args: &RollbackArgs, output: &Output) -> Result<(), Failure> {
    let say = |deployment: &Deployment| {
        let in_flight = deployment.green.as_ref().and_then(|green| green.in_flight);
        format!("{}{}", split(deployment), draining("green", in_flight))
    };
    release(&args.release, "rollback", output, say).await
}
