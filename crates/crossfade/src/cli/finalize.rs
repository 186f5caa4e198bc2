//! `finalize`: green becomes the new blue.

use clap::Args;

use super::Failure;
use super::release::{ReleaseArgs, release};
use crate::client::Deployment;
use crate::output::Output;

const EXAMPLES: &str = "\
Examples:
  crossfade finalize gpt-4.1

There is no rollback afterwards: the old blue is gone. Write the new blue into the configuration
file too; until then the gateway remembers that the file's green is blue now.";

/// Make green the new blue, for good
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct FinalizeArgs {
    #[command(flatten)]
    release: ReleaseArgs,
}

pub(super) async fn run(args: &FinalizeArgs, output: &Output) -> Result<(), Failure> {
    let say = |deployment: &Deployment| format!("{} is blue now", deployment.blue.target());
    release(&args.release, "finalize", output, say).await?;
    output.note("If the deployment stands in the configuration file, write its new blue there too.");
    Ok(())
}
