//! `rollout start`.

use std::path::Path;

use anyhow::Context;
use clap::Args;
use control::config::{Config, Plan};
use serde_json::Value;

use super::{show, status};
use crate::cli::Failure;
use crate::cli::release::ReleaseArgs;
use crate::client::{AdminApi, path};
use crate::output::Output;

const EXAMPLES: &str = "\
Examples:
  crossfade rollout start gpt-4.1
  crossfade rollout start gpt-4.1 --plan fast --watch
  crossfade rollout start gpt-4.1 --plan ./weekend.yaml --reason 'the new prompt'

A file holds one plan as `plans` of the configuration has it.";

/// Start a rollout
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct StartArgs {
    #[command(flatten)]
    release: ReleaseArgs,
    /// A plan's name, or a file with one; the deployment's own by default
    #[arg(long, value_name = "NAME|FILE")]
    plan: Option<String>,
    /// Show it until it ends
    #[arg(long)]
    watch: bool,
}

pub(super) async fn run(args: &StartArgs, output: &Output) -> Result<(), Failure> {
    let mut body = args.release.reason.body();
    if let Some(plan) = &args.plan {
        body.insert("plan".to_owned(), written_plan(plan)?);
    }
    let api = AdminApi::find(&args.release.admin)?;
    let path = path(&["deployments", &args.release.name, "rollout"]);
    let answer = api.post(&path, &Value::Object(body)).await?;
    if args.watch {
        return status::watch(&api, &path, output).await;
    }
    show::line(&api, &answer, output)
}

/// The plan in a file of this name, or the name.
fn written_plan(plan: &str) -> anyhow::Result<Value> {
    let file = Path::new(plan);
    let looks_like_a_file = file.extension().is_some() && !Plan::BUILT_IN.contains(&plan);
    if !looks_like_a_file && !file.is_file() {
        return Ok(plan.into());
    }
    let text = std::fs::read_to_string(file).with_context(|| format!("the plan {plan} cannot be read"))?;
    let read = Config::default()
        .read_plan(&text)
        .map_err(|problems| anyhow::anyhow!("the plan {plan} makes no sense:\n{problems}"))?;
    if !read.notify.is_empty() {
        anyhow::bail!(
            "the plan {plan} names receivers under `notify`; those belong to plans of the gateway's configuration"
        );
    }
    Ok(serde_json::to_value(read)?)
}
