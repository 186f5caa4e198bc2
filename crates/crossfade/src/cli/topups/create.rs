//! `topups create`: an order for credit.

use clap::Args;
use serde_json::{Value, json};

use crate::cli::Failure;
use crate::cli::release::ReasonArgs;
use crate::client::{AdminApi, AdminArgs, path};
use crate::output::Output;

const EXAMPLES: &str = "\
Examples:
  crossfade topups create --id inv-7 --account acme --amount 10.00 --reason 'paid in cash'
  crossfade topups create --id inv-8 --account acme --provider bank_transfer --amount 50000 --currency KRW
  crossfade topups create --id inv-9 --account acme --provider voucher --code CFV-...";

/// Order credit; by an admin (manual) or a voucher it is there at once
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct CreateArgs {
    /// A name for this order; the same again changes nothing
    #[arg(long, value_name = "ID")]
    id: String,
    /// The account that gets the credit
    #[arg(long, value_name = "NAME")]
    account: String,
    /// manual, voucher, or one that is configured: bank_transfer, toss, stripe
    #[arg(long, value_name = "PROVIDER", default_value = "manual")]
    provider: String,
    /// What is paid, in the currency's units
    #[arg(long, value_name = "AMOUNT")]
    amount: Option<String>,
    /// The currency's code [default: USD]
    #[arg(long, value_name = "CODE")]
    currency: Option<String>,
    /// The voucher's code
    #[arg(long, value_name = "CODE")]
    code: Option<String>,
    #[command(flatten)]
    reason: ReasonArgs,
    #[command(flatten)]
    admin: AdminArgs,
}

pub(super) async fn run(args: &CreateArgs, output: &Output) -> Result<(), Failure> {
    let api = AdminApi::find(&args.admin)?;
    let mut body = args.reason.body();
    let fields = [
        ("id", Some(&args.id)),
        ("account", Some(&args.account)),
        ("provider", Some(&args.provider)),
        ("amount", args.amount.as_ref()),
        ("currency", args.currency.as_ref()),
        ("code", args.code.as_ref()),
    ];
    let given = fields
        .into_iter()
        .filter_map(|(field, value)| Some((field.to_owned(), json!(value?))));
    body.extend(given);
    let made = api.post(&path(&["topups"]), &Value::Object(body)).await?;
    if output.json {
        return Ok(output.json(&made)?);
    }
    super::show(&[made], output)
}
