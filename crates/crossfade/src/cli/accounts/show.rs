//! `accounts show`: one payer.

use clap::Args;

use crate::cli::Failure;
use crate::client::{AdminApi, AdminArgs, path};
use crate::output::Output;

const EXAMPLES: &str = "\
Examples:
  crossfade accounts show acme
  crossfade accounts show acme --json | jq -r .available_usd";

/// Show one account with what it has
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct ShowArgs {
    /// The account's name
    #[arg(value_name = "NAME")]
    name: String,
    #[command(flatten)]
    admin: AdminArgs,
}

pub(super) async fn run(args: &ShowArgs, output: &Output) -> Result<(), Failure> {
    let api = AdminApi::find(&args.admin)?;
    let account = api.get(&path(&["accounts", &args.name])).await?;
    if output.json {
        return Ok(output.json(&account)?);
    }
    super::show(&[account], output)
}
