//! What the verbs that move a deployment's traffic have in common: flags, and the line that says what holds now.

use clap::Args;
use serde_json::{Map, Value};

use super::Failure;
use crate::client::{AdminApi, AdminArgs, Deployment, path};
use crate::output::{Output, plain};

/// Which deployment, and why.
#[derive(Args)]
pub(super) struct ReleaseArgs {
    /// The deployment
    #[arg(value_name = "NAME")]
    pub(super) name: String,
    #[command(flatten)]
    pub(super) reason: ReasonArgs,
    #[command(flatten)]
    pub(super) admin: AdminArgs,
}

/// Why, for the audit log.
#[derive(Args)]
pub(super) struct ReasonArgs {
    /// Why, for the audit log
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

impl ReasonArgs {
    /// The body of a change that says nothing else.
    pub(super) fn body(&self) -> Map<String, Value> {
        let reason = self
            .reason
            .as_ref()
            .map(|reason| ("reason".to_owned(), Value::from(reason.as_str())));
        reason.into_iter().collect()
    }
}

/// Does a verb on a deployment; `say` makes of the answer what follows the name.
pub(super) async fn release(
    args: &ReleaseArgs,
    verb: &str,
    output: &Output,
    say: impl Fn(&Deployment) -> String,
) -> Result<(), Failure> {
    let api = AdminApi::find(&args.admin)?;
    let path = path(&["deployments", &args.name, verb]);
    let answer = api.post(&path, &Value::Object(args.reason.body())).await?;
    show(&api, &answer, output, say)
}

/// One line: the deployment, what holds for it now, and the revision that answers will name.
pub(super) fn show(
    api: &AdminApi,
    answer: &Value,
    output: &Output,
    say: impl Fn(&Deployment) -> String,
) -> Result<(), Failure> {
    if output.json {
        return Ok(output.json(answer)?);
    }
    let deployment: Deployment = api.understood(answer)?;
    let text = format!(
        "{}: {} (revision {})",
        deployment.name,
        say(&deployment),
        deployment.revision
    );
    Ok(output.text(&plain(&text))?)
}

/// `blue 90% : green 10%`, or blue alone.
pub(super) fn split(deployment: &Deployment) -> String {
    match deployment.green {
        Some(_) => format!(
            "blue {}% : green {}%",
            deployment.split.blue, deployment.split.green
        ),
        None => format!("blue {}%", deployment.split.blue),
    }
}

/// What a side that gets nothing new still has to finish; nothing if that is nothing.
pub(super) fn draining(side: &str, in_flight: Option<u64>) -> String {
    match in_flight {
        None | Some(0) => String::new(),
        Some(count) => format!(", {side} finishes {count} in flight"),
    }
}
