//! The buttons.

use serde_json::Value;

use super::show;
use crate::cli::Failure;
use crate::cli::release::ReleaseArgs;
use crate::client::{AdminApi, path};
use crate::output::Output;

pub(super) async fn run(args: &ReleaseArgs, verb: &str, output: &Output) -> Result<(), Failure> {
    let api = AdminApi::find(&args.admin)?;
    let path = path(&["deployments", &args.name, "rollout", verb]);
    let answer = api.post(&path, &Value::Object(args.reason.body())).await?;
    show::line(&api, &answer, output)
}
