//! `keys revoke`: the end of a key.

use clap::Args;

use crate::cli::Failure;
use crate::cli::release::ReasonArgs;
use crate::client::{AdminApi, AdminArgs, path};
use crate::output::{Output, plain};

const EXAMPLES: &str = "\
Examples:
  crossfade keys revoke app
  crossfade keys revoke app --reason 'the laptop was stolen'

It is for good: a revoked key keeps its name, and its clients get 401.";

/// End a key, for good
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct RevokeArgs {
    /// The key
    #[arg(value_name = "NAME")]
    name: String,
    #[command(flatten)]
    reason: ReasonArgs,
    #[command(flatten)]
    admin: AdminArgs,
}

pub(super) async fn run(args: &RevokeArgs, output: &Output) -> Result<(), Failure> {
    let api = AdminApi::find(&args.admin)?;
    let answer = api
        .post(&path(&["keys", &args.name, "revoke"]), &args.reason.body().into())
        .await?;
    if output.json {
        return Ok(output.json(&answer)?);
    }
    Ok(output.text(&plain(&format!("Key {} is revoked", args.name)))?)
}
