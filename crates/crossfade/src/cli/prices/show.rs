//! `prices show`: one model's prices, past and future ones too.

use clap::Args;
use serde_json::Value;

use super::list;
use crate::cli::Failure;
use crate::client::{AdminApi, AdminArgs, query};
use crate::output::Output;

const EXAMPLES: &str = "\
Examples:
  crossfade prices show gpt-4.1
  crossfade prices show claude-haiku-5-5 --json       with tiers, sources and notes";

/// Show all prices of a model, whenever they hold
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct ShowArgs {
    /// The vendor's name of the model, `provider/model`, or a public name
    #[arg(value_name = "MODEL")]
    model: String,
    #[command(flatten)]
    admin: AdminArgs,
}

pub(super) async fn run(args: &ShowArgs, output: &Output) -> Result<(), Failure> {
    let api = AdminApi::find(&args.admin)?;
    let path = query("/prices", &[("model", Some(&args.model))]);
    let answer = api.get(&path).await?;
    let none = answer
        .get("prices")
        .and_then(Value::as_array)
        .is_none_or(Vec::is_empty);
    if none && !output.json {
        output.note(&format!(
            "No price of '{0}' is known under this very name. Set one: crossfade prices set {0} --input USD --output USD",
            args.model
        ));
        return Ok(());
    }
    list::show(&answer, output, |_| true)
}
