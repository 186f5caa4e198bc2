//! `topups vouchers`: codes that are worth credit.

use clap::Args;
use serde_json::{Value, json};

use crate::cli::Failure;
use crate::cli::release::ReasonArgs;
use crate::client::{AdminApi, AdminArgs, path};
use crate::output::Output;

const EXAMPLES: &str = "\
Examples:
  crossfade topups vouchers spring --count 100 --usd 5.00 > codes.txt
  crossfade topups vouchers summer --count 10 --usd 20 --code-expires-at 2027-09-01T00:00:00Z";

/// Make a batch of voucher codes and show them, once
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct VouchersArgs {
    /// The batch's name
    #[arg(value_name = "BATCH")]
    batch: String,
    /// How many codes
    #[arg(long, value_name = "COUNT")]
    count: u32,
    /// What each is worth
    #[arg(long, value_name = "USD")]
    usd: String,
    /// When a code that was not redeemed stops working [default: never]
    #[arg(long, value_name = "WHEN")]
    code_expires_at: Option<String>,
    /// When what was not spent of a code's credit is taken back [default: never]
    #[arg(long, value_name = "WHEN")]
    credit_expires_at: Option<String>,
    #[command(flatten)]
    reason: ReasonArgs,
    #[command(flatten)]
    admin: AdminArgs,
}

pub(super) async fn run(args: &VouchersArgs, output: &Output) -> Result<(), Failure> {
    let api = AdminApi::find(&args.admin)?;
    let mut body = args.reason.body();
    body.insert("batch".to_owned(), json!(args.batch));
    body.insert("count".to_owned(), json!(args.count));
    body.insert("usd".to_owned(), json!(args.usd));
    for (field, at) in [
        ("code_expires_at", &args.code_expires_at),
        ("credit_expires_at", &args.credit_expires_at),
    ] {
        body.extend(at.as_ref().map(|at| (field.to_owned(), json!(at))));
    }
    let made = api.post(&path(&["vouchers"]), &Value::Object(body)).await?;
    if output.json {
        return Ok(output.json(&made)?);
    }
    let codes = made.get("codes").and_then(Value::as_array).into_iter().flatten();
    let lines: Vec<&str> = codes.filter_map(Value::as_str).collect();
    Ok(output.text(&lines.join("\n"))?)
}
