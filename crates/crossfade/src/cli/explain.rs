//! `explain`: the whole story of one request. What the gateway knows of a request grows with what it can do, so this
//! shows whatever it tells: its own sentences, single values as lines, groups under their name, the attempts as a table.

use clap::Args;
use serde_json::{Map, Value};

use super::Failure;
use crate::client::{AdminApi, AdminArgs, path};
use crate::output::{Cell, Column, Output, Table, Tone, UNKNOWN, milliseconds, plain, scalar};

const EXAMPLES: &str = "\
Examples:
  crossfade explain req_01J9ZK3V5Q8W
  curl -si http://127.0.0.1:8080/v1/models | grep -i x-request-id

The id is the answer's header `x-request-id`, on errors too.";

/// Tell how one request was routed, attempted, answered and charged
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct ExplainArgs {
    /// The answer's `x-request-id`
    #[arg(value_name = "REQUEST_ID")]
    request_id: String,
    #[command(flatten)]
    admin: AdminArgs,
}

/// The gateway's own sentences, shown first.
const STORY: &str = "explanation";
/// Shown last, as a table.
const ATTEMPTS: &str = "attempts";

pub(super) async fn run(args: &ExplainArgs, output: &Output) -> Result<(), Failure> {
    let api = AdminApi::find(&args.admin)?;
    let answer = api.get(&path(&["requests", &args.request_id])).await?;
    if output.json {
        return Ok(output.json(&answer)?);
    }
    let fields: Map<String, Value> = api.understood(&answer)?;
    let mut text = Vec::new();
    if let Some(story) = fields.get(STORY).and_then(Value::as_str) {
        text.push(format!("{}\n", plain(story)));
    }
    let (groups, lines): (Vec<_>, Vec<_>) = fields
        .iter()
        .filter(|(name, _)| *name != STORY && *name != ATTEMPTS)
        .partition(|(_, value)| value.is_object());
    text.extend(lined(&lines, output));
    for (name, group) in groups {
        text.push(format!("\n{}", output.paint.paint(Tone::Strong, &words(name))));
        let members: Vec<_> = group.as_object().into_iter().flatten().collect();
        text.extend(lined(&members, output));
    }
    output.text(&text.join("\n"))?;
    if let Some(attempts) = fields.get(ATTEMPTS).and_then(Value::as_array) {
        output.text("")?;
        show_attempts(attempts, output)?;
    }
    Ok(())
}

/// `name  value`, the values below each other.
fn lined(fields: &[(&String, &Value)], output: &Output) -> Vec<String> {
    let width = fields
        .iter()
        .map(|(name, _)| name.chars().count())
        .max()
        .unwrap_or_default();
    let line = |(name, value): &(&String, &Value)| {
        let title = format!("{:<width$}", words(name));
        format!("{}  {}", output.paint.paint(Tone::Quiet, &title), scalar(value))
    };
    fields.iter().map(line).collect()
}

fn words(name: &str) -> String {
    plain(&name.replace('_', " "))
}

fn show_attempts(attempts: &[Value], output: &Output) -> Result<(), Failure> {
    if attempts.is_empty() {
        return Ok(output.text("attempts: none, nothing was sent to a vendor")?);
    }
    let mut table = Table::new(vec![
        Column::Right("ATTEMPT"),
        Column::Left("ENVIRONMENT"),
        Column::Left("TARGET"),
        Column::Right("STATUS"),
        Column::Left("OUTCOME"),
        Column::Right("FIRST TOKEN"),
        Column::Right("INPUT"),
        Column::Right("OUTPUT"),
        Column::Right("COST IN USD"),
    ]);
    for (index, attempt) in attempts.iter().enumerate() {
        let field = |name: &str| attempt.get(name).map_or(UNKNOWN.to_owned(), scalar);
        table.row(vec![
            Cell::new((index + 1).to_string()),
            environment(&field("environment")),
            Cell::new(format!("{}/{}", field("provider"), field("upstream_model"))),
            Cell::new(field("status")),
            Cell::new(field("outcome")),
            Cell::new(milliseconds(attempt.get("ttft_ms").and_then(Value::as_f64))),
            Cell::new(field("input_tokens")),
            Cell::new(field("output_tokens")),
            Cell::new(field("cost_usd")),
        ]);
    }
    Ok(output.table(&table)?)
}

fn environment(name: &str) -> Cell {
    match name {
        "blue" => Cell::toned(Tone::Blue, name),
        "green" => Cell::toned(Tone::Green, name),
        other => Cell::new(other),
    }
}
