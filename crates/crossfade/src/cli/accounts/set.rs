//! `accounts set`: how an account pays.

use clap::Args;
use serde_json::{Value, json};

use crate::cli::Failure;
use crate::cli::release::ReasonArgs;
use crate::client::{AdminApi, AdminArgs, path};
use crate::output::Output;

const EXAMPLES: &str = "\
Examples:
  crossfade accounts set acme --billing postpaid
  crossfade accounts set acme --markup-percent 12.5 --reason 'new contract'";

/// Change how an account pays, from the next request on
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct SetArgs {
    /// The account's name
    #[arg(value_name = "NAME")]
    name: String,
    /// Whether its requests must be covered before they are sent
    #[arg(long, value_name = "prepaid|postpaid", value_parser = ["prepaid", "postpaid"], hide_possible_values = true)]
    billing: Option<String>,
    /// What it pays over the list price
    #[arg(long, value_name = "PERCENT", allow_negative_numbers = true)]
    markup_percent: Option<f64>,
    #[command(flatten)]
    reason: ReasonArgs,
    #[command(flatten)]
    admin: AdminArgs,
}

pub(super) async fn run(args: &SetArgs, output: &Output) -> Result<(), Failure> {
    let api = AdminApi::find(&args.admin)?;
    let mut body = args.reason.body();
    body.extend(
        args.billing
            .as_ref()
            .map(|billing| ("billing".to_owned(), json!(billing))),
    );
    body.extend(
        args.markup_percent
            .map(|percent| ("markup_percent".to_owned(), json!(percent))),
    );
    let changed = api
        .put(&path(&["accounts", &args.name]), &Value::Object(body))
        .await?;
    if output.json {
        return Ok(output.json(&changed)?);
    }
    super::show(&[changed], output)
}
