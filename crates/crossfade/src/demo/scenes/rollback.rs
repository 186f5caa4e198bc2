//! One command, and green is out.

use super::super::figures::Figures;
use super::super::stage::Stage;
use super::super::tally::Tally;
use super::users_saw;

pub(super) const TITLE: &str = "Rollback: one command, in force at once";
pub(super) const WHY: &str = "When the command is answered, blue has everything again. No restart, no request lost, \
                              and not one request that comes later reaches green.";

pub(super) async fn begin(stage: &Stage, tally: &Tally) -> anyhow::Result<String> {
    let command = stage.roll_back().await?;
    tally.rolled_back(command);
    Ok(format!(
        "rollback: in force {:.1} ms after the command (revision {})",
        command.took().as_secs_f64() * 1000.0,
        command.revision
    ))
}

pub(super) fn outcome(figures: &Figures) -> String {
    let Some(rollback) = figures.rollback else {
        return users_saw(figures);
    };
    let last = match rollback.last_green_ms {
        Some(before) if before < 0.0 => format!(", the last to green {:.0} ms before it", -before),
        Some(after) => format!(", the last to green {after:.1} ms after it"),
        None => String::new(),
    };
    format!(
        "in force {:.1} ms after the command{last}; of {} requests since, {} came to green; {}",
        rollback.in_force_ms,
        rollback.answers_since,
        rollback.green_since,
        users_saw(figures)
    )
}
