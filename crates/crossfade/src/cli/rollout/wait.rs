//! `rollout wait`: for pipelines, which read the exit code.

use std::time::Duration;

use clap::Args;
use control::config::Period;
use serde_json::Value;
use tokio::time::Instant;

use super::WhichArgs;
use crate::cli::Failure;
use crate::cli::written::written;
use crate::client::{AdminApi, Ended, RolloutStatus};
use crate::output::{Output, plain};

const EXAMPLES: &str = "\
Examples:
  crossfade rollout wait gpt-4.1 --timeout 15m && crossfade finalize gpt-4.1

Exit codes: 0 succeeded, 1 cancelled or failed, 3 rolled back, 4 timed out.";

const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Wait until the newest rollout ends
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct WaitArgs {
    #[command(flatten)]
    which: WhichArgs,
    /// Give up after this long; the rollout goes on
    #[arg(long, value_name = "TIME", value_parser = written::<Period>)]
    timeout: Option<Period>,
}

pub(super) async fn run(args: &WaitArgs, output: &Output) -> Result<(), Failure> {
    let api = args.which.api()?;
    let until = args.timeout.map(|timeout| Instant::now() + timeout.duration());
    let (answer, rollout) = loop {
        match look(&api, &args.which.path()).await {
            Ok((answer, rollout)) => {
                let is_late = until.is_some_and(|until| Instant::now() >= until);
                if is_late || rollout.ended().is_some() {
                    break (answer, rollout);
                }
                let _waiting = output.waiting(plain(&rollout.waiting_for));
                tokio::time::sleep(LOOK_EVERY).await;
            }
            // A gateway that restarts goes on with its rollout.
            Err(Failure::Client(error)) if error.may_pass() => {
                if until.is_some_and(|until| Instant::now() >= until) {
                    return Err(error.into());
                }
                tokio::time::sleep(LOOK_EVERY).await;
            }
            Err(error) => return Err(error),
        }
    };
    if output.json {
        output.json(&answer)?;
    } else {
        let text = format!(
            "{}: {}: {}",
            rollout.deployment,
            rollout.state,
            rollout.sentence()
        );
        output.text(&plain(&text))?;
    }
    match rollout.ended() {
        Some(Ended::Succeeded) => Ok(()),
        Some(Ended::Cancelled) => Err(Failure::Shown),
        Some(Ended::RolledBack) => Err(Failure::RolledBack),
        None => Err(Failure::TimedOut),
    }
}

async fn look(api: &AdminApi, path: &str) -> Result<(Value, RolloutStatus), Failure> {
    let answer = api.get(path).await?;
    let rollout = api.understood(&answer)?;
    Ok((answer, rollout))
}
