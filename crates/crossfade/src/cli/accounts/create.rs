//! `accounts create`: a new payer.

use clap::Args;
use serde_json::{Value, json};

use crate::cli::Failure;
use crate::cli::release::ReasonArgs;
use crate::client::{AdminApi, AdminArgs, path};
use crate::output::Output;

const EXAMPLES: &str = "\
Examples:
  crossfade accounts create acme
  crossfade accounts create partner --billing postpaid --markup-percent 20";

/// Make an account
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct CreateArgs {
    /// The account's name in keys, statements and the admin API
    #[arg(value_name = "NAME")]
    name: String,
    /// Whether its requests must be covered before they are sent [default: prepaid]
    #[arg(long, value_name = "prepaid|postpaid", value_parser = ["prepaid", "postpaid"], hide_possible_values = true)]
    billing: Option<String>,
    /// What it pays over the list price [default: 0]
    #[arg(long, value_name = "PERCENT", allow_negative_numbers = true)]
    markup_percent: Option<f64>,
    #[command(flatten)]
    reason: ReasonArgs,
    #[command(flatten)]
    admin: AdminArgs,
}

pub(super) async fn run(args: &CreateArgs, output: &Output) -> Result<(), Failure> {
    let api = AdminApi::find(&args.admin)?;
    let mut body = args.reason.body();
    body.insert("name".to_owned(), json!(args.name));
    body.extend(
        args.billing
            .as_ref()
            .map(|billing| ("billing".to_owned(), json!(billing))),
    );
    body.extend(
        args.markup_percent
            .map(|percent| ("markup_percent".to_owned(), json!(percent))),
    );
    let made = api.post(&path(&["accounts"]), &Value::Object(body)).await?;
    if output.json {
        return Ok(output.json(&made)?);
    }
    super::show(&[made], output)
}
