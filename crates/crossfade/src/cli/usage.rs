//! `usage`: requests, tokens and money.

use clap::Args;
use serde_json::Value;

use super::Failure;
use crate::client::{AdminApi, AdminArgs, query};
use crate::output::{Cell, Column, Output, Table, Tone, UNKNOWN, scalar};

const EXAMPLES: &str = "\
Examples:
  crossfade usage                                      by model
  crossfade usage --by key,day --from 2026-11-01
  crossfade usage --by account,model --from 2026-11-01 --to 2026-12-01 --csv > november.csv";

/// Show what was used: requests, tokens and what they cost
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct UsageArgs {
    /// What to tell apart: hour, day, key, account, deployment, environment, provider, model
    #[arg(long, value_name = "WHAT,...", default_value = "model")]
    by: String,
    /// A day (2026-11-22, UTC) or a moment (2026-11-22T10:00:00Z)
    #[arg(long, value_name = "WHEN")]
    from: Option<String>,
    /// The same; what begins then is not in it
    #[arg(long, value_name = "WHEN")]
    to: Option<String>,
    /// Of this key
    #[arg(long, value_name = "NAME")]
    key: Option<String>,
    /// Of this account
    #[arg(long, value_name = "NAME")]
    account: Option<String>,
    /// Of this deployment
    #[arg(long, value_name = "NAME")]
    deployment: Option<String>,
    /// Of this side
    #[arg(long, value_name = "blue|green")]
    environment: Option<String>,
    /// Of this provider
    #[arg(long, value_name = "NAME")]
    provider: Option<String>,
    /// Of this model, by the vendor's name
    #[arg(long, value_name = "NAME")]
    model: Option<String>,
    /// Print a table for spreadsheets
    #[arg(long, conflicts_with = "json")]
    csv: bool,
    #[command(flatten)]
    admin: AdminArgs,
}

pub(super) async fn run(args: &UsageArgs, output: &Output) -> Result<(), Failure> {
    let api = AdminApi::find(&args.admin)?;
    let path = query(
        "/usage",
        &[
            ("by", Some(&args.by)),
            ("from", args.from.as_ref()),
            ("to", args.to.as_ref()),
            ("key", args.key.as_ref()),
            ("account", args.account.as_ref()),
            ("deployment", args.deployment.as_ref()),
            ("environment", args.environment.as_ref()),
            ("provider", args.provider.as_ref()),
            ("model", args.model.as_ref()),
        ],
    );
    if args.csv {
        let table = api.text(&format!("{path}&format=csv")).await?;
        return Ok(output.text(table.trim_end())?);
    }
    let answer = api.get(&path).await?;
    if output.json {
        return Ok(output.json(&answer)?);
    }
    Ok(output.table(&table(&answer, &args.by))?)
}

const NUMBERS: [(&str, &str); 7] = [
    ("REQUESTS", "requests"),
    ("ERRORS", "errors"),
    ("INPUT", "input_tokens"),
    ("OUTPUT", "output_tokens"),
    ("COST USD", "cost_usd"),
    ("SOLD USD", "sold_usd"),
    ("UNPRICED", "unpriced"),
];

fn table(answer: &Value, by: &str) -> Table {
    let known = [
        ("hour", "HOUR"),
        ("day", "DAY"),
        ("key", "KEY"),
        ("account", "ACCOUNT"),
        ("deployment", "DEPLOYMENT"),
        ("environment", "ENVIRONMENT"),
        ("provider", "PROVIDER"),
        ("model", "MODEL"),
    ];
    let by: Vec<_> = by
        .split(',')
        .filter_map(|name| known.iter().find(|(known, _)| *known == name.trim()))
        .collect();
    let titles = by.iter().map(|(_, title)| Column::Left(title));
    let numbers = NUMBERS.iter().map(|(title, _)| Column::Right(title));
    let mut table = Table::new(titles.chain(numbers).collect());
    let field = |group: &Value, name: &str| group.get(name).map_or(UNKNOWN.to_owned(), scalar);
    let groups = answer.get("usage").and_then(Value::as_array);
    for group in groups.into_iter().flatten() {
        let names = by
            .iter()
            .map(|(name, _)| Cell::toned(Tone::Strong, field(group, name)));
        let numbers = NUMBERS.iter().map(|(_, name)| Cell::new(field(group, name)));
        table.row(names.chain(numbers).collect());
    }
    if let Some(total) = answer.get("total") {
        let names = by
            .iter()
            .enumerate()
            .map(|(at, _)| Cell::new(if at == 0 { "total" } else { "" }));
        let numbers = NUMBERS.iter().map(|(_, name)| Cell::new(field(total, name)));
        table.row(names.chain(numbers).collect());
    }
    table
}
