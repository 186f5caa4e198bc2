//! How every day begins: one model in service, and a candidate that gets nothing yet.

use super::super::figures::Figures;
use super::super::stage::{BLUE, DEPLOYMENT, GREEN, Stage};
use super::users_saw;

pub(super) const TITLE: &str = "Blue answers everything";
pub(super) const WHY: &str = "Users call `assistant` by OpenAI's API. Behind that name blue is in service, and green, \
                              another vendor's model, waits: deployed, but without traffic.";

pub(super) async fn begin(stage: &Stage) -> anyhow::Result<String> {
    let deployment = stage.deployment().await?;
    Ok(format!(
        "{DEPLOYMENT}: blue is {BLUE} with {} %, green is {GREEN} with {} %",
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
