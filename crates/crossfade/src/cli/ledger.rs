//! `ledger`: the book, as a statement.

use clap::Args;
use serde_json::{Value, json};

use super::Failure;
use crate::client::{AdminApi, AdminArgs, path};
use crate::output::{Cell, Column, Output, Table, UNKNOWN};

const EXAMPLES: &str = "\
Examples:
  crossfade ledger --account acme
  crossfade ledger --account acme --csv > statement.csv
  crossfade ledger --check";

/// Entries that are asked for at a time.
const AT_ONCE: &str = "1000";

/// Show the entries of the book, or check that it adds up
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct LedgerArgs {
    /// Of this account only
    #[arg(long, value_name = "NAME")]
    account: Option<String>,
    /// Print CSV
    #[arg(long, conflicts_with = "check")]
    csv: bool,
    /// Add the whole book up again and compare; exit code 1 if it is wrong
    #[arg(long, conflicts_with = "account")]
    check: bool,
    #[command(flatten)]
    admin: AdminArgs,
}

pub(super) async fn run(args: &LedgerArgs, output: &Output) -> Result<(), Failure> {
    let api = AdminApi::find(&args.admin)?;
    if args.check {
        return check(&api, output).await;
    }
    let entries = entries(&api, args.account.as_deref()).await?;
    if output.json {
        return Ok(output.json(&json!({"entries": entries, "next": null}))?);
    }
    if args.csv {
        return Ok(output.text(&csv(&entries))?);
    }
    let columns = [
        Column::Left("AT"),
        Column::Left("FROM"),
        Column::Left("TO"),
        Column::Right("USD"),
    ];
    let mut table = Table::new(
        columns
            .into_iter()
            .chain([Column::Left("REASON"), Column::Left("REQUEST")])
            .collect(),
    );
    for entry in &entries {
        let fields = ["at", "debit", "credit", "amount_usd", "reason", "request_id"];
        table.row(
            fields
                .map(|field| Cell::new(text(entry, field).unwrap_or(UNKNOWN)))
                .into(),
        );
    }
    Ok(output.table(&table)?)
}

async fn check(api: &AdminApi, output: &Output) -> Result<(), Failure> {
    let checked = api.get(&path(&["ledger", "check"])).await?;
    let right = checked.get("right").and_then(Value::as_bool) == Some(true);
    if output.json {
        output.json(&checked)?;
    } else {
        let entries = checked.get("entries").map(Value::to_string).unwrap_or_default();
        let verdict = if right {
            "The book adds up"
        } else {
            "The book does NOT add up"
        };
        output.text(&format!("{verdict}: {entries} entries"))?;
    }
    if right {
        return Ok(());
    }
    Err(
        anyhow::anyhow!("balances are not the sums of their entries; see crossfade ledger --check --json")
            .into(),
    )
}

async fn entries(api: &AdminApi, account: Option<&str>) -> Result<Vec<Value>, Failure> {
    let mut all = Vec::new();
    let mut cursor: Option<String> = None;
    loop {
        let mut asked = format!("/ledger?limit={AT_ONCE}");
        for (name, value) in [("account", account), ("cursor", cursor.as_deref())] {
            if let Some(value) = value {
                asked.push_str(&format!("&{name}={}", path(&[value]).trim_start_matches('/')));
            }
        }
        let mut page = api.get(&asked).await?;
        if let Some(entries) = page.get_mut("entries").and_then(Value::as_array_mut) {
            all.append(entries);
        }
        cursor = page.get("next").and_then(Value::as_str).map(str::to_owned);
        if cursor.is_none() {
            return Ok(all);
        }
    }
}

fn text<'a>(entry: &'a Value, field: &str) -> Option<&'a str> {
    entry.get(field).and_then(Value::as_str)
}

/// RFC 4180; what a spreadsheet would take for a formula gets an apostrophe in front.
fn csv(entries: &[Value]) -> String {
    let fields = [
        "id",
        "at",
        "debit",
        "credit",
        "amount_usd",
        "request_id",
        "reason",
    ];
    let quoted = |value: &str| {
        let formula = if value.starts_with(['=', '+', '-', '@', '\t']) {
            "'"
        } else {
            ""
        };
        format!("\"{formula}{}\"", value.replace('"', "\"\""))
    };
    let line = |entry: &Value| {
        let cells = fields.map(|field| quoted(text(entry, field).unwrap_or_default()));
        cells.join(",")
    };
    let mut lines = vec![fields.join(",")];
    lines.extend(entries.iter().map(line));
    lines.join("\r\n")
}
