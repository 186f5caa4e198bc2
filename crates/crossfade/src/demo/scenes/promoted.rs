//! A good candidate goes from nothing to everything, judged at each step.

use super::super::figures::Figures;
use super::super::stage::{BLUE, NEXT, Stage};
use super::{said, users_saw};

pub(super) const TITLE: &str = "A rollout: a better green gets everything, step by step";
pub(super) const WHY: &str = "The gateway moves the split by itself, and each phase has to be earned: green is \
                              compared with blue on real requests, and what it waits for is said.";

pub(super) async fn begin(stage: &Stage) -> anyhow::Result<String> {
    stage.roll_out(BLUE, NEXT).await?;
    Ok(format!("a rollout begins: green is {NEXT} now"))
}

pub(super) fn outcome(figures: &Figures) -> String {
    format!(
        "{NEXT} has {} %, {}: {}",
        figures.target_green,
        users_saw(figures),
        said(figures)
    )
}
