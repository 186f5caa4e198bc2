//! A candidate that is well until it has a quarter of the traffic, and then is not.

use super::super::figures::{Figures, shown_rate};
use super::super::stage::{LAST, NEXT, Stage};
use super::{said, users_saw};

/// In percent of its requests: far from dead, and few enough to need a judge.
const FAILING: f64 = 0.4;
/// In percent of the traffic: it has passed a phase by then.
const FAILS_FROM: f64 = 25.0;

pub(super) const TITLE: &str = "A rollout: green begins to fail, and is rolled back by itself";
pub(super) const WHY: &str = "Nobody watches and nobody types. The evidence against green grows with each request \
                              until it is enough, and the verdict says on what grounds.";

pub(super) async fn begin(stage: &Stage) -> anyhow::Result<String> {
    stage.finalize().await?;
    stage.roll_out(NEXT, LAST).await?;
    Ok(format!(
        "{NEXT} is blue for good; the next rollout begins: green is {LAST}"
    ))
}

pub(super) fn turn(stage: &Stage, figures: &Figures) -> anyhow::Result<Option<String>> {
    if figures.target_green < FAILS_FROM {
        return Ok(None);
    }
    stage.fail_last(FAILING)?;
    let failing = shown_rate(FAILING);
    Ok(Some(format!("green's vendor begins to fail: {failing} get 503")))
}

pub(super) fn outcome(figures: &Figures) -> String {
    format!(
        "{LAST} has {} %, {}: {}",
        figures.target_green,
        users_saw(figures),
        said(figures)
    )
}
