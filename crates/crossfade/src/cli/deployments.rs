//! `deployments`: what is deployed and how the traffic is split; one of them with its statistics.

use clap::Args;
use serde_json::Value;

use super::{Failure, release};
use crate::client::{AdminApi, AdminArgs, Deployment, Environment, Rollout, Window, path};
use crate::output::{Cell, Column, Output, Table, Tone, UNKNOWN, error_rate, milliseconds, plain, scalar};

const EXAMPLES: &str = "\
Examples:
  crossfade deployments                         all of them, a line each
  crossfade deployments gpt-4.1                 one, with the last minute of both environments
  crossfade deployments gpt-4.1 --json | jq .split.green";

/// List the deployments, or show one in full
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct DeploymentsArgs {
    /// Show this one in full
    #[arg(value_name = "NAME")]
    name: Option<String>,
    #[command(flatten)]
    admin: AdminArgs,
}

pub(super) async fn run(args: &DeploymentsArgs, output: &Output) -> Result<(), Failure> {
    let api = AdminApi::find(&args.admin)?;
    match &args.name {
        Some(name) => {
            let answer = api.get(&path(&["deployments", name])).await?;
            show_one(&api, &answer, output)
        }
        None => {
            let answer = api.list("/deployments", "deployments").await?;
            show_all(&api, &answer, output)
        }
    }
}

fn show_all(api: &AdminApi, answer: &Value, output: &Output) -> Result<(), Failure> {
    if output.json {
        return Ok(output.json(answer)?);
    }
    let deployments = answer.get("deployments").unwrap_or(&Value::Null);
    let deployments: Vec<Deployment> = api.understood(deployments)?;
    if deployments.is_empty() {
        output.note("No deployments yet. They stand under `deployments` of the configuration file.");
        return Ok(());
    }
    let titles = ["NAME", "SPLIT", "BLUE", "GREEN", "ROLLOUT"].map(Column::Left);
    let mut table = Table::new(titles.into_iter().chain([Column::Right("REVISION")]).collect());
    for deployment in &deployments {
        table.row(vec![
            Cell::toned(Tone::Strong, &deployment.name),
            Cell::new(release::split(deployment)),
            side(Some(&deployment.blue)),
            side(deployment.green.as_ref()),
            Cell::new(rollout(deployment.rollout.as_ref())),
            Cell::new(deployment.revision.to_string()),
        ]);
    }
    Ok(output.table(&table)?)
}

/// Where it leads; whether it is well only where it is not.
fn side(environment: Option<&Environment>) -> Cell {
    let Some(environment) = environment else {
        return Cell::new(UNKNOWN);
    };
    match environment.health.as_deref() {
        None | Some("healthy" | "unknown") => Cell::new(environment.target()),
        Some(trouble) => Cell::toned(Tone::Bad, format!("{} ({trouble})", environment.target())),
    }
}

fn rollout(rollout: Option<&Rollout>) -> String {
    match rollout {
        None => UNKNOWN.to_owned(),
        Some(Rollout {
            state,
            phase: None | Some(Value::Null),
        }) => state.clone(),
        Some(Rollout {
            state,
            phase: Some(phase),
        }) => format!("{state}, phase {}", scalar(phase)),
    }
}

fn show_one(api: &AdminApi, answer: &Value, output: &Output) -> Result<(), Failure> {
    if output.json {
        return Ok(output.json(answer)?);
    }
    let deployment: Deployment = api.understood(answer)?;
    let mut about = vec![format!("revision {}", deployment.revision)];
    about.extend(deployment.kind.iter().map(|kind| format!("kind {kind}")));
    about.extend(deployment.sticky.iter().map(|sticky| format!("sticky {sticky}")));
    about.extend(
        deployment
            .managed_by
            .iter()
            .map(|owner| format!("kept in the {owner}")),
    );
    let name = output.paint.paint(Tone::Strong, &plain(&deployment.name));
    output.text(&format!("{name}  {}", plain(&about.join(", "))))?;
    output.text(&format!("split    {}", release::split(&deployment)))?;
    if let Some(until) = &deployment.kept_until {
        let until = plain(until);
        output.text(&format!(
            "kept     blue, for `rollback` until {until}; then green is finalized"
        ))?;
    }
    output.text(&format!(
        "rollout  {}\n",
        plain(&rollout(deployment.rollout.as_ref()))
    ))?;
    Ok(output.table(&sides(&deployment))?)
}

/// Both environments side by side.
fn sides(deployment: &Deployment) -> Table {
    let environments: Vec<&Environment> = std::iter::once(&deployment.blue)
        .chain(&deployment.green)
        .collect();
    let seconds = deployment.blue.window.as_ref().and_then(|window| window.seconds);
    let mut columns = vec![Column::Left(""), Column::Left("BLUE")];
    columns.extend(deployment.green.iter().map(|_| Column::Left("GREEN")));
    let mut table = Table::new(columns);
    let mut row = |title: &str, figure: &dyn Fn(&Environment) -> Cell| {
        let cells = environments.iter().map(|environment| figure(environment));
        table.row(
            std::iter::once(Cell::toned(Tone::Quiet, title))
                .chain(cells)
                .collect(),
        );
    };
    row("target", &|environment| Cell::new(environment.target()));
    row("health", &health);
    row("in flight", &|environment| {
        Cell::new(count(environment.in_flight))
    });
    if environments
        .iter()
        .all(|environment| environment.window.is_none())
    {
        return table;
    }
    let seconds = seconds.map_or("while".to_owned(), |seconds| format!("{seconds} s"));
    row(&format!("last {seconds}:"), &|_| Cell::new(""));
    for (title, figure) in FIGURES {
        row(title, &|environment| {
            Cell::new(environment.window.as_ref().map_or(UNKNOWN.to_owned(), figure))
        });
    }
    table
}

fn health(environment: &Environment) -> Cell {
    match environment.health.as_deref() {
        None => Cell::new(UNKNOWN),
        Some(health @ "healthy") => Cell::toned(Tone::Good, health),
        Some(health @ "unknown") => Cell::toned(Tone::Warning, health),
        Some(health) => Cell::toned(Tone::Bad, health),
    }
}

/// A line of the statistics: its title, and the figure of one environment.
type Figure = (&'static str, fn(&Window) -> String);

const FIGURES: [Figure; 12] = [
    ("requests", |window| count(window.requests)),
    ("errors", errors),
    ("latency avg", |window| {
        milliseconds(window.latency_ms.unwrap_or_default().avg)
    }),
    ("latency p50", |window| {
        milliseconds(window.latency_ms.unwrap_or_default().p50)
    }),
    ("latency p95", |window| {
        milliseconds(window.latency_ms.unwrap_or_default().p95)
    }),
    ("latency p99", |window| {
        milliseconds(window.latency_ms.unwrap_or_default().p99)
    }),
    ("first token p50", |window| {
        milliseconds(window.ttft_ms.unwrap_or_default().p50)
    }),
    ("first token p95", |window| {
        milliseconds(window.ttft_ms.unwrap_or_default().p95)
    }),
    ("tokens per second", |window| {
        window
            .output_tokens_per_second
            .map_or(UNKNOWN.to_owned(), |rate| format!("{rate:.1}"))
    }),
    ("input tokens", |window| count(window.input_tokens)),
    ("output tokens", |window| count(window.output_tokens)),
    ("cost in USD", |window| {
        window.cost_usd.clone().unwrap_or(UNKNOWN.to_owned())
    }),
];

fn errors(window: &Window) -> String {
    match window.error_rate {
        Some(rate) => format!("{} ({})", count(window.errors), error_rate(rate)),
        None => count(window.errors),
    }
}

fn count(count: Option<u64>) -> String {
    count.map_or(UNKNOWN.to_owned(), |count| count.to_string())
}
