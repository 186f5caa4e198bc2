//! `keys list`: every key but its secret, which nobody has.

use clap::Args;
use serde_json::Value;

use crate::cli::Failure;
use crate::client::{AdminApi, AdminArgs, ClientKey};
use crate::output::{Cell, Column, Output, Table, Tone, UNKNOWN, scalar};

const EXAMPLES: &str = "\
Examples:
  crossfade keys list
  crossfade keys list --json | jq -r '.keys[].name'";

/// List the keys, revoked ones too
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct ListArgs {
    #[command(flatten)]
    admin: AdminArgs,
}

pub(super) async fn run(args: &ListArgs, output: &Output) -> Result<(), Failure> {
    let api = AdminApi::find(&args.admin)?;
    let answer = api.list("/keys", "keys").await?;
    if output.json {
        return Ok(output.json(&answer)?);
    }
    let keys: Vec<ClientKey> = api.understood(answer.get("keys").unwrap_or(&Value::Null))?;
    if keys.is_empty() {
        output.note("No keys yet, so every request is refused. Make one: crossfade keys create NAME");
        return Ok(());
    }
    let titles = [
        "NAME",
        "STATE",
        "MODELS",
        "OVERRIDES",
        "ACCOUNT",
        "LIMITS",
        "BUDGET",
        "EXPIRES",
        "KEPT IN",
    ];
    let mut table = Table::new(titles.map(Column::Left).into());
    for key in &keys {
        table.row(row(key));
    }
    Ok(output.table(&table)?)
}

fn row(key: &ClientKey) -> Vec<Cell> {
    let or_unknown = |text: Option<&str>| Cell::new(text.unwrap_or(UNKNOWN));
    let budget = key
        .budget
        .as_ref()
        .map(|budget| format!("{}/{}", budget.usd, budget.per));
    vec![
        Cell::toned(Tone::Strong, &key.name),
        state(key),
        Cell::new(if key.models.is_empty() {
            "*".to_owned()
        } else {
            key.models.join(",")
        }),
        or_unknown(key.overrides.as_deref()),
        or_unknown(key.account.as_deref()),
        or_unknown(limits(key).as_deref()),
        or_unknown(budget.as_deref()),
        Cell::new(key.expires_at.as_ref().map_or(UNKNOWN.to_owned(), scalar)),
        or_unknown(key.managed_by.as_deref()),
    ]
}

fn state(key: &ClientKey) -> Cell {
    let expiry = key
        .expires_at
        .as_ref()
        .and_then(Value::as_str)
        .and_then(|at| at.parse::<jiff::Timestamp>().ok());
    if key.revoked_at.as_ref().is_some_and(|at| !at.is_null()) {
        Cell::toned(Tone::Bad, "revoked")
    } else if expiry.is_some_and(|expiry| expiry <= jiff::Timestamp::now()) {
        Cell::toned(Tone::Warning, "expired")
    } else {
        Cell::toned(Tone::Good, "active")
    }
}

/// `600/min 200000 tokens/min 50 at once`, as far as there are any.
fn limits(key: &ClientKey) -> Option<String> {
    let limits = key.limits.as_ref()?;
    let said = [
        limits.requests_per_minute.map(|count| format!("{count}/min")),
        limits
            .tokens_per_minute
            .map(|count| format!("{count} tokens/min")),
        limits.concurrent_requests.map(|count| format!("{count} at once")),
    ];
    let said: Vec<String> = said.into_iter().flatten().collect();
    (!said.is_empty()).then(|| said.join(", "))
}
