//! `topups refund`: money back.

use clap::Args;
use serde_json::{Value, json};

use crate::cli::Failure;
use crate::cli::release::ReasonArgs;
use crate::client::{AdminApi, AdminArgs, path};
use crate::output::Output;

const EXAMPLES: &str = "\
Examples:
  crossfade topups refund inv-7 --reason 'asked for'
  crossfade topups refund inv-7 --id r-1 --amount 4.00";

/// Pay a top-up back, all that is left of it or a part
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct RefundArgs {
    /// The order's id
    #[arg(value_name = "TOPUP")]
    topup: String,
    /// In the order's currency; all that is left by default
    #[arg(long, value_name = "AMOUNT", requires = "id")]
    amount: Option<String>,
    /// A name for this refund; the same again changes nothing
    #[arg(long, value_name = "ID")]
    id: Option<String>,
    #[command(flatten)]
    reason: ReasonArgs,
    #[command(flatten)]
    admin: AdminArgs,
}

pub(super) async fn run(args: &RefundArgs, output: &Output) -> Result<(), Failure> {
    let api = AdminApi::find(&args.admin)?;
    let mut body = args.reason.body();
    body.extend(
        args.amount
            .as_ref()
            .map(|amount| ("amount".to_owned(), json!(amount))),
    );
    body.extend(args.id.as_ref().map(|id| ("id".to_owned(), json!(id))));
    let refunded = api
        .post(&path(&["topups", &args.topup, "refund"]), &Value::Object(body))
        .await?;
    if output.json {
        return Ok(output.json(&refunded)?);
    }
    super::show(&[refunded], output)
}
