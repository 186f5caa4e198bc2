//! The candidate fails altogether, and no user is told.

use super::super::figures::{Figures, shown_rate};
use super::super::stage::Stage;
use super::{counted, users_saw};

pub(super) const TITLE: &str = "Green dies, and nobody notices";
pub(super) const WHY: &str = "Green's vendor answers 503 or drops the connection. The split stays, and blue answers \
                              every request that green fails before its first byte: a rescue.";

pub(super) fn begin(stage: &Stage) -> anyhow::Result<String> {
    stage.kill_green()?;
    Ok("green's vendor is down: half of its requests get 503, the others a reset".to_owned())
}

pub(super) fn outcome(figures: &Figures) -> String {
    format!(
        "green failed {} of its requests; {} by blue; {}",
        shown_rate(figures.green.error_rate),
        counted(figures.rescues, "rescue"),
        users_saw(figures)
    )
}
