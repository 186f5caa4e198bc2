//! How every day begins: one model in service, and a candidate that gets nothing yet.

use super::super::figures::Figures;
use super::super::stage::{BLUE_MODEL, DEPLOYMENT, GREEN_MODEL, Stage};
use super::users_saw;

pub(super) const TITLE: &str = "Blue answers everything";
pub(super) const WHY: &str = "Users call one name, `assistant`. Behind it blue is in service, and green, the new \
                              model, waits: deployed, but without traffic.";

pub(super) async fn begin(stage: &Stage) -> anyhow::Result<String> {
    let deployment = stage.deployment().await?;
    Ok(format!(
        "{DEPLOYMENT}: blue is {BLUE_MODEL} with {} %, green is {GREEN_MODEL} with {} %",
        deployment.split.blue, deployment.split.green
    ))
}

pub(super) fn outcome(figures: &Figures) -> String {
    format!(
        "{} answers at {:.0} a second, each one checked: {}",
        figures.answers,
        figures.users.requests_per_second,
        users_saw(figures)
    )
}
