//! `rollout`: the whole life of one, from start to verdict.

mod explain;
mod press;
mod show;
mod start;
mod status;
mod wait;

use clap::{Args, Subcommand};

use super::Failure;
use super::release::ReleaseArgs;
use crate::client::{AdminApi, AdminArgs, path};
use crate::output::Output;

const EXAMPLES: &str = "\
Examples:
  crossfade rollout start gpt-4.1 --plan safe --watch
  crossfade rollout status gpt-4.1 --watch
  crossfade rollout wait gpt-4.1 --timeout 15m && crossfade finalize gpt-4.1
  crossfade rollout pause gpt-4.1 --reason 'a question about the bill'
  crossfade rollout explain gpt-4.1

Exit codes of `wait`: 0 succeeded, 1 cancelled or failed, 3 rolled back, 4 timed out.";

/// Start a rollout, watch it, push its buttons
#[derive(Args)]
#[command(after_help = EXAMPLES, arg_required_else_help = true)]
pub(super) struct RolloutArgs {
    #[command(subcommand)]
    verb: RolloutVerb,
}

#[derive(Subcommand)]
enum RolloutVerb {
    Start(start::StartArgs),
    Status(status::StatusArgs),
    /// Stop the ramp where it is; a regression still acts
    Pause(ReleaseArgs),
    /// Go on after a pause, or although something held it up
    Resume(ReleaseArgs),
    /// On to the next phase, whatever this one lacks
    Skip(ReleaseArgs),
    /// Agree to leave the phase that asks for it
    Approve(ReleaseArgs),
    /// Refuse to leave the phase that asks for it: green is rolled back
    Reject(ReleaseArgs),
    /// Stop judging and leave the split where it is
    Cancel(ReleaseArgs),
    Wait(wait::WaitArgs),
    Explain(explain::ExplainArgs),
}

pub(super) async fn run(args: &RolloutArgs, output: &Output) -> Result<(), Failure> {
    match &args.verb {
        RolloutVerb::Start(args) => start::run(args, output).await,
        RolloutVerb::Status(args) => status::run(args, output).await,
        RolloutVerb::Pause(args) => press::run(args, "pause", output).await,
        RolloutVerb::Resume(args) => press::run(args, "resume", output).await,
        RolloutVerb::Skip(args) => press::run(args, "skip", output).await,
        RolloutVerb::Approve(args) => press::run(args, "approve", output).await,
        RolloutVerb::Reject(args) => press::run(args, "reject", output).await,
        RolloutVerb::Cancel(args) => press::run(args, "cancel", output).await,
        RolloutVerb::Wait(args) => wait::run(args, output).await,
        RolloutVerb::Explain(args) => explain::run(args, output).await,
    }
}

/// Which deployment's.
#[derive(Args)]
struct WhichArgs {
    /// The deployment
    #[arg(value_name = "NAME")]
    name: String,
    #[command(flatten)]
    admin: AdminArgs,
}

impl WhichArgs {
    fn path(&self) -> String {
        path(&["deployments", &self.name, "rollout"])
    }

    fn api(&self) -> Result<AdminApi, Failure> {
        Ok(AdminApi::find(&self.admin)?)
    }
}
