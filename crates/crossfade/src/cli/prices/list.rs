//! `prices list`: every price that is known.

use clap::Args;
use serde_json::Value;

use crate::cli::Failure;
use crate::client::{AdminApi, AdminArgs};
use crate::output::{Cell, Column, Output, Table, Tone, UNKNOWN, scalar};

const EXAMPLES: &str = "\
Examples:
  crossfade prices list
  crossfade prices list --json | jq '.prices[] | select(.managed_by == \"store\")'";

/// List all prices that hold now, shipped ones too
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct ListArgs {
    #[command(flatten)]
    admin: AdminArgs,
}

pub(super) async fn run(args: &ListArgs, output: &Output) -> Result<(), Failure> {
    let api = AdminApi::find(&args.admin)?;
    let answer = api.list("/prices", "prices").await?;
    show(&answer, output, |price| {
        price.get("in_force") == Some(&Value::Bool(true))
    })
}

/// A table of those that are wanted; programs get all.
pub(super) fn show(answer: &Value, output: &Output, wanted: impl Fn(&Value) -> bool) -> Result<(), Failure> {
    if output.json {
        return Ok(output.json(answer)?);
    }
    let titles = [
        Column::Left("MODEL"),
        Column::Left("KIND"),
        Column::Right("INPUT"),
        Column::Right("CACHED"),
        Column::Right("OUTPUT"),
        Column::Left("FROM"),
        Column::Left("KEPT IN"),
        Column::Left("AS OF"),
    ];
    let mut table = Table::new(titles.into());
    let prices = answer.get("prices").and_then(Value::as_array);
    for price in prices.into_iter().flatten().filter(|price| wanted(price)) {
        table.row(row(price));
    }
    Ok(output.table(&table)?)
}

fn row(price: &Value) -> Vec<Cell> {
    let field = |name: &str| match price.get(name) {
        None | Some(Value::Null) => UNKNOWN.to_owned(),
        Some(value) => scalar(value),
    };
    let mut cells = vec![Cell::toned(Tone::Strong, field("model"))];
    let others = [
        "kind",
        "input",
        "cached_input",
        "output",
        "from",
        "managed_by",
        "as_of",
    ];
    cells.extend(others.map(|name| Cell::new(field(name))));
    cells
}
