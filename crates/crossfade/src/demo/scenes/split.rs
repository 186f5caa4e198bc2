//! The candidate meets real requests, but few of them.

use super::super::figures::Figures;
use super::super::stage::Stage;
use super::users_saw;

/// In percent: much for a first look, but a show of seconds needs some figures.
const GREEN: u8 = 20;

pub(super) const TITLE: &str = "Green gets 20 % of the requests";
pub(super) const WHY: &str = "Green speaks another API, and nobody has to know: the gateway translates. Sessions \
                              stay on their side, so no model changes in mid-conversation.";

pub(super) async fn begin(stage: &Stage) -> anyhow::Result<String> {
    let command = stage.split(GREEN).await?;
    Ok(format!(
        "split to {GREEN} % green: in force {:.1} ms after the command (revision {})",
        command.took().as_secs_f64() * 1000.0,
        command.revision
    ))
}

pub(super) fn outcome(figures: &Figures) -> String {
    let actual = figures
        .actual_green
        .map_or_else(|| "nothing".to_owned(), |percent| format!("{percent:.1} %"));
    format!(
        "{} got {actual} of {} single requests; of {} sessions, {} changed sides midway; {}",
        figures.green_model,
        figures.drawn,
        figures.sessions.blue + figures.sessions.green,
        figures.sessions.moved,
        users_saw(figures)
    )
}
