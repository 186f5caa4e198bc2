//! `topups confirm`: the money has come.

use clap::Args;
use serde_json::{Value, json};

use crate::cli::Failure;
use crate::cli::release::ReasonArgs;
use crate::client::{AdminApi, AdminArgs, path};
use crate::output::Output;

const EXAMPLES: &str = "\
Examples:
  crossfade topups confirm inv-8
  crossfade topups confirm inv-9 --payment-key tviva20260101...";

/// Confirm that a top-up is paid; again: no effect
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct ConfirmArgs {
    /// The order's id
    #[arg(value_name = "ID")]
    id: String,
    /// Toss's key of the payment
    #[arg(long, value_name = "KEY")]
    payment_key: Option<String>,
    #[command(flatten)]
    reason: ReasonArgs,
    #[command(flatten)]
    admin: AdminArgs,
}

pub(super) async fn run(args: &ConfirmArgs, output: &Output) -> Result<(), Failure> {
    let api = AdminApi::find(&args.admin)?;
    let mut body = args.reason.body();
    body.extend(
        args.payment_key
            .as_ref()
            .map(|key| ("payment_key".to_owned(), json!(key))),
    );
    let paid = api
        .post(&path(&["topups", &args.id, "confirm"]), &Value::Object(body))
        .await?;
    if output.json {
        return Ok(output.json(&paid)?);
    }
    super::show(&[paid], output)
}
