//! What only the gateway that runs by the file can tell: that the file has been overtaken.

use std::path::Path;
use std::time::Duration;

use serde_json::Value;

use super::warnings::Warning;
use crate::client::{AdminApi, AdminArgs};

/// A check must not wait for a gateway that is not there.
const PATIENCE: Duration = Duration::from_secs(1);

/// Deployments whose green was finalized, while the file still calls it green. Empty if no gateway
/// runs by this file.
pub(super) async fn left_behind(file: &Path) -> Vec<Warning> {
    let asked = async {
        let api = AdminApi::find(&AdminArgs::of_file(file)).ok()?;
        api.list("/deployments", "deployments").await.ok()
    };
    let answer = tokio::time::timeout(PATIENCE, asked).await.ok().flatten();
    let deployments = answer
        .as_ref()
        .and_then(|answer| answer.get("deployments")?.as_array());
    let overtaken =
        |deployment: &&Value| deployment.get("file_is_behind").and_then(Value::as_bool) == Some(true);
    deployments
        .into_iter()
        .flatten()
        .filter(overtaken)
        .filter_map(warning)
        .collect()
}

fn warning(deployment: &Value) -> Option<Warning> {
    let name = deployment.get("name")?.as_str()?;
    let message =
        "green was finalized and is blue now; bring the file up to date (blue: what is green here, no green)";
    Some(Warning::new(format!("deployments.{name}"), message))
}
