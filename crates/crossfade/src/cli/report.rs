//! `report`: the monitoring report, once or again and again. It is JSON for people too: what reads it is a dashboard,
//! a script, or somebody who knows its fields.

use std::time::Duration;

use clap::Args;
use control::config::Period;
use serde_json::Value;

use super::written::written;
use super::{Failure, Stop, ticket};
use crate::client::{AdminApi, AdminArgs, ClientError, path};
use crate::output::Output;

const EXAMPLES: &str = "\
Examples:
  crossfade report gpt-4.1
  crossfade report gpt-4.1 --watch 30s | tee report.jsonl
  crossfade report gpt-4.1 --markdown > change.md
  crossfade report gpt-4.1 | jq -r .metrics.total_traffic_split

With --watch each report is one line of JSON. A gateway that cannot be reached for a while is noted
and asked again; Ctrl-C ends it.";

/// Print the monitoring report as JSON
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct ReportArgs {
    /// The deployment
    #[arg(value_name = "NAME")]
    name: String,
    /// Print it again each time this has passed, as in 30s or 5m
    #[arg(long, value_name = "INTERVAL", value_parser = written::<Period>)]
    watch: Option<Period>,
    /// A change ticket in Markdown, with the newest rollout
    #[arg(long, conflicts_with = "watch")]
    markdown: bool,
    #[command(flatten)]
    admin: AdminArgs,
}

pub(super) async fn run(args: &ReportArgs, output: &Output) -> Result<(), Failure> {
    let api = AdminApi::find(&args.admin)?;
    if args.markdown {
        return ticket(&api, &args.name, output).await;
    }
    let path = path(&["deployments", &args.name, "report"]);
    let Some(interval) = args.watch else {
        return Ok(output.json(&api.get(&path).await?)?);
    };
    let mut stop = Stop::listen()?;
    tokio::select! {
        watched = watch(&api, &path, interval, output) => watched,
        () = stop.asked_for() => Ok(()),
    }
}

/// From the deployment as it stands; its newest rollout is part of it.
async fn ticket(api: &AdminApi, name: &str, output: &Output) -> Result<(), Failure> {
    let answer = api.get(&path(&["deployments", name])).await?;
    let deployment = api.understood(&answer)?;
    let rollout = match answer.get("rollout") {
        None | Some(Value::Null) => None,
        Some(rollout) => Some(api.understood(rollout)?),
    };
    Ok(output.text(&ticket::markdown(&deployment, rollout.as_ref()))?)
}

/// More often than this shows nothing new: statistics tick each second.
const SHORTEST_INTERVAL: Duration = Duration::from_millis(100);

async fn watch(api: &AdminApi, path: &str, interval: Period, output: &Output) -> Result<(), Failure> {
    output.json_line(&api.get(path).await?)?;
    let mut ticks = tokio::time::interval(interval.duration().max(SHORTEST_INTERVAL));
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    ticks.tick().await;
    loop {
        let waiting = output.waiting(format!("next report in {interval}; Ctrl-C ends"));
        ticks.tick().await;
        drop(waiting);
        match api.get(path).await {
            Ok(report) => output.json_line(&report)?,
            Err(error) if error.may_pass() => tell(&error, output),
            Err(error) => return Err(error.into()),
        }
    }
}

fn tell(error: &ClientError, output: &Output) {
    output.note(&format!("{error}; asking again"));
}
