//! The scenes in their order, one file each. A scene has a title, a sentence that says why it matters, something
//! that it does at its beginning, and a sentence that says what came of it. In between, traffic is watched.
//!
//! A scene with a rollout lasts until the gateway's verdict, and a little longer so that it can be read.
//!
//! Another scene is a file, an arm in each match here, and a place in `ALL`.

mod blue_alone;
mod green_dies;
mod promoted;
mod rollback;
mod rolled_back;
mod split;

use std::time::Duration;

use super::figures::Figures;
use super::stage::Stage;
use super::tally::Tally;
use crate::client::Ended;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scene {
    BlueAlone,
    Split,
    GreenDies,
    Rollback,
    Promoted,
    RolledBack,
}

impl Scene {
    pub(super) const ALL: [Scene; 6] = [
        Scene::BlueAlone,
        Scene::Split,
        Scene::GreenDies,
        Scene::Rollback,
        Scene::Promoted,
        Scene::RolledBack,
    ];

    pub(super) fn title(self) -> &'static str {
        match self {
            Scene::BlueAlone => blue_alone::TITLE,
            Scene::Split => split::TITLE,
            Scene::GreenDies => green_dies::TITLE,
            Scene::Rollback => rollback::TITLE,
            Scene::Promoted => promoted::TITLE,
            Scene::RolledBack => rolled_back::TITLE,
        }
    }

    /// What one sees, and why it matters.
    pub(super) fn why(self) -> &'static str {
        match self {
            Scene::BlueAlone => blue_alone::WHY,
            Scene::Split => split::WHY,
            Scene::GreenDies => green_dies::WHY,
            Scene::Rollback => rollback::WHY,
            Scene::Promoted => promoted::WHY,
            Scene::RolledBack => rolled_back::WHY,
        }
    }

    /// How long it takes to be believed; with a rollout, how long its end is shown.
    pub(super) fn duration(self) -> Duration {
        Duration::from_secs(match self {
            Scene::BlueAlone => 4,
            Scene::Split => 7,
            Scene::GreenDies => 7,
            Scene::Rollback => 5,
            Scene::Promoted => 3,
            Scene::RolledBack => 5,
        })
    }

    /// What its rollout has to come to, if it has one.
    pub(super) fn verdict(self) -> Option<Ended> {
        match self {
            Scene::BlueAlone | Scene::Split | Scene::GreenDies | Scene::Rollback => None,
            Scene::Promoted => Some(Ended::Succeeded),
            Scene::RolledBack => Some(Ended::RolledBack),
        }
    }

    /// Does what the scene is about, and says what it did.
    pub(super) async fn begin(self, stage: &Stage, tally: &Tally) -> anyhow::Result<String> {
        match self {
            Scene::BlueAlone => blue_alone::begin(stage).await,
            Scene::Split => split::begin(stage).await,
            Scene::GreenDies => green_dies::begin(stage),
            Scene::Rollback => rollback::begin(stage, tally).await,
            Scene::Promoted => promoted::begin(stage).await,
            Scene::RolledBack => rolled_back::begin(stage).await,
        }
    }

    /// Does what happens in the midst of its rollout, once its time has come, and says what it did.
    pub(super) fn turn(self, stage: &Stage, figures: &Figures) -> anyhow::Result<Option<String>> {
        match self {
            Scene::BlueAlone | Scene::Split | Scene::GreenDies | Scene::Rollback | Scene::Promoted => {
                Ok(None)
            }
            Scene::RolledBack => rolled_back::turn(stage, figures),
        }
    }

    /// What came of it.
    pub(super) fn outcome(self, figures: &Figures) -> String {
        match self {
            Scene::BlueAlone => blue_alone::outcome(figures),
            Scene::Split => split::outcome(figures),
            Scene::GreenDies => green_dies::outcome(figures),
            Scene::Rollback => rollback::outcome(figures),
            Scene::Promoted => promoted::outcome(figures),
            Scene::RolledBack => rolled_back::outcome(figures),
        }
    }
}

/// `1 error`, `0 errors`
fn counted(count: u64, noun: &str) -> String {
    match count {
        1 => format!("1 {noun}"),
        _ => format!("{count} {noun}s"),
    }
}

/// The gateway's own words on its rollout.
fn said(figures: &Figures) -> &str {
    let judged = figures.rollout.as_ref();
    judged.map_or("no rollout", |judged| judged.sentence.as_str())
}

fn users_saw(figures: &Figures) -> String {
    format!("users saw {}", counted(figures.errors, "error"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::super::figures::{self, Rollback};
    use super::super::judged;
    use super::*;

    #[test]
    fn the_whole_show_leaves_half_of_a_minute_to_the_rollouts() {
        let whole: Duration = Scene::ALL.iter().map(|scene| scene.duration()).sum();
        assert!(whole <= Duration::from_secs(31), "{whole:?}");
    }

    #[test]
    fn each_scene_says_what_came_of_it() {
        let mut figures = figures::sample();
        figures.rollback = Some(Rollback {
            in_force_ms: 2.26,
            last_green_ms: Some(-14.2),
            answers_since: 311,
            green_since: 0,
        });
        figures.rollout = Some(judged::sample());
        let outcomes = Scene::ALL.map(|scene| scene.outcome(&figures)).join("\n");
        insta::assert_snapshot!(outcomes);
    }
}
