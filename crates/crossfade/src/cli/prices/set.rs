//! `prices set`: a price from now or from a moment on.

use clap::Args;
use control::config::{Moment, Usd};
use serde_json::{Map, Value, json};

use super::list;
use crate::cli::Failure;
use crate::cli::release::ReasonArgs;
use crate::client::{AdminApi, AdminArgs};
use crate::output::Output;

const EXAMPLES: &str = "\
Examples:
  crossfade prices set gpt-4.1 --input 2.00 --cached-input 0.50 --output 8.00
  crossfade prices set local/* --input 0 --output 0                    all models of one provider
  crossfade prices set assistant --kind list --input 3 --output 12     what you ask for";

/// Set a model's price, in US dollars per million tokens
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct SetArgs {
    /// The vendor's name of the model, `provider/model` or `provider/*`; with `--kind list` the public name
    #[arg(value_name = "MODEL")]
    model: String,
    /// Prompt tokens
    #[arg(long, value_name = "USD")]
    input: Usd,
    /// Answer tokens
    #[arg(long, value_name = "USD")]
    output: Usd,
    /// Prompt tokens that the vendor had cached [default: like --input]
    #[arg(long, value_name = "USD")]
    cached_input: Option<Usd>,
    /// Prompt tokens written to the vendor's cache for five minutes [default: like --input]
    #[arg(long, value_name = "USD")]
    cache_write: Option<Usd>,
    /// Prompt tokens written to the vendor's cache for an hour [default: like --cache-write]
    #[arg(long = "cache-write-1h", value_name = "USD")]
    cache_write_1h: Option<Usd>,
    /// Reasoning tokens [default: like --output]
    #[arg(long, value_name = "USD")]
    reasoning: Option<Usd>,
    /// What the vendor charges, or what you ask for [default: cost]
    #[arg(long, value_name = "cost|list", value_parser = ["cost", "list"], hide_possible_values = true)]
    kind: Option<String>,
    /// From when it holds: 2027-01-01T00:00:00Z [default: always]
    #[arg(long, value_name = "WHEN")]
    from: Option<Moment>,
    #[command(flatten)]
    reason: ReasonArgs,
    #[command(flatten)]
    admin: AdminArgs,
}

pub(super) async fn run(args: &SetArgs, output: &Output) -> Result<(), Failure> {
    let api = AdminApi::find(&args.admin)?;
    let mut body = args.reason.body();
    body.insert("prices".to_owned(), json!([price(args)]));
    let answer = api.put("/prices", &Value::Object(body)).await?;
    list::show(&answer, output, |_| true)
}

/// What is not said is left out: the gateway has the defaults.
fn price(args: &SetArgs) -> Map<String, Value> {
    let usd = |amount: Option<Usd>| amount.map(|amount| json!(amount));
    let fields = [
        ("model", Some(json!(args.model))),
        ("kind", args.kind.as_ref().map(|kind| json!(kind))),
        ("from", args.from.map(|from| json!(from))),
        ("input", usd(Some(args.input))),
        ("output", usd(Some(args.output))),
        ("cached_input", usd(args.cached_input)),
        ("cache_write", usd(args.cache_write)),
        ("cache_write_1h", usd(args.cache_write_1h)),
        ("reasoning", usd(args.reasoning)),
    ];
    let said = fields
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value?)));
    said.collect()
}
