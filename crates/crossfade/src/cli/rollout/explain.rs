//! `rollout explain`: why it ended, or what it waits for, in one sentence.

use clap::Args;

use super::WhichArgs;
use crate::cli::Failure;
use crate::client::RolloutStatus;
use crate::output::{Output, plain};

/// Say in one sentence why the newest rollout ended, or what it waits for
#[derive(Args)]
pub(super) struct ExplainArgs {
    #[command(flatten)]
    which: WhichArgs,
}

pub(super) async fn run(args: &ExplainArgs, output: &Output) -> Result<(), Failure> {
    let api = args.which.api()?;
    let answer = api.get(&args.which.path()).await?;
    if output.json {
        return Ok(output.json(&answer)?);
    }
    let rollout: RolloutStatus = api.understood(&answer)?;
    let text = format!(
        "{}: {}: {}",
        rollout.deployment,
        rollout.state,
        rollout.sentence()
    );
    Ok(output.text(&plain(&text))?)
}
