//! `topups list`: orders for credit, the newest first.

use clap::Args;
use serde_json::Value;

use crate::cli::Failure;
use crate::client::{AdminApi, AdminArgs};
use crate::output::Output;

const EXAMPLES: &str = "\
Examples:
  crossfade topups list
  crossfade topups list --account acme --json | jq -r '.topups[] | select(.state == \"pending\") | .reference'";

/// List the top-ups, the newest first
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct ListArgs {
    /// Of this account only
    #[arg(long, value_name = "NAME")]
    account: Option<String>,
    #[command(flatten)]
    admin: AdminArgs,
}

pub(super) async fn run(args: &ListArgs, output: &Output) -> Result<(), Failure> {
    let api = AdminApi::find(&args.admin)?;
    let mut answer = api.list("/topups", "topups").await?;
    if let (Some(account), Some(orders)) = (
        &args.account,
        answer.get_mut("topups").and_then(Value::as_array_mut),
    ) {
        orders.retain(|order| order.get("account").and_then(Value::as_str) == Some(account));
    }
    if output.json {
        return Ok(output.json(&answer)?);
    }
    match answer.get("topups").and_then(Value::as_array) {
        Some(orders) if !orders.is_empty() => super::show(orders, output),
        _ => {
            output.note("No top-ups yet. Make one: crossfade topups create --id ID --account NAME --amount USD --reason WHY");
            Ok(())
        }
    }
}
