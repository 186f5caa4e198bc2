//! `accounts list`: every payer with what it has.

use clap::Args;
use serde_json::Value;

use crate::cli::Failure;
use crate::client::{AdminApi, AdminArgs};
use crate::output::Output;

const EXAMPLES: &str = "\
Examples:
  crossfade accounts list
  crossfade accounts list --json | jq -r '.accounts[] | select(.billing == \"prepaid\") | .name'";

/// List the accounts with what they have
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct ListArgs {
    #[command(flatten)]
    admin: AdminArgs,
}

pub(super) async fn run(args: &ListArgs, output: &Output) -> Result<(), Failure> {
    let api = AdminApi::find(&args.admin)?;
    let answer = api.list("/accounts", "accounts").await?;
    if output.json {
        return Ok(output.json(&answer)?);
    }
    match answer.get("accounts").and_then(Value::as_array) {
        Some(accounts) if !accounts.is_empty() => super::show(accounts, output),
        _ => {
            output.note("No accounts yet. Make one: crossfade accounts create NAME");
            Ok(())
        }
    }
}
