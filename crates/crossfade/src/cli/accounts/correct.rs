//! `accounts correct`: an entry in the book, with a reason.

use clap::Args;
use serde_json::json;

use crate::cli::Failure;
use crate::client::{AdminApi, AdminArgs, path};
use crate::output::Output;

const EXAMPLES: &str = "\
Examples:
  crossfade accounts correct acme --id outage-7 --usd 2.50 --reason 'outage of 3 May'
  crossfade accounts correct acme --id double-9 --usd -10 --reason 'paid in twice by mistake'";

/// Add to an account's credit, or take from it, with a reason
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct CorrectArgs {
    /// The account's name
    #[arg(value_name = "NAME")]
    name: String,
    /// A name for this correction; the same again changes nothing
    #[arg(long, value_name = "ID")]
    id: String,
    /// US dollars; negative: taken from it
    #[arg(long, value_name = "USD", allow_hyphen_values = true)]
    usd: String,
    /// Why; stands in the statement
    #[arg(long, value_name = "TEXT")]
    reason: String,
    #[command(flatten)]
    admin: AdminArgs,
}

pub(super) async fn run(args: &CorrectArgs, output: &Output) -> Result<(), Failure> {
    let api = AdminApi::find(&args.admin)?;
    let body = json!({"id": args.id, "amount_usd": args.usd, "reason": args.reason});
    let corrected = api
        .post(&path(&["accounts", &args.name, "correct"]), &body)
        .await?;
    if output.json {
        return Ok(output.json(&corrected)?);
    }
    super::show(&[corrected], output)
}
