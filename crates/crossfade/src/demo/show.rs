//! The show itself: scene after scene, each watched for its time, then the addresses for whoever wants to try.

use std::time::Duration;

use anyhow::bail;
use tokio::time::{Instant, MissedTickBehavior};

use super::figures::Figures;
use super::judged::Judged;
use super::scenes::Scene;
use super::screen::{Billing, Moment, Screen};
use super::stage::Stage;
use super::tally::Tally;
use super::traffic::Traffic;
use crate::client::Ended;

/// A picture this often: quick enough to be live, slow enough to be read.
const BETWEEN_PICTURES: Duration = Duration::from_millis(250);
/// A rollout of the show takes some ten seconds; one that takes this long is broken, even on a busy machine.
const VERDICT_WITHIN: Duration = Duration::from_secs(45);
/// What both rollouts take together, where scenes have to fit into a given time.
const ROLLOUTS: Duration = Duration::from_secs(18);

pub(super) struct Show<'a> {
    pub(super) stage: &'a Stage,
    pub(super) tally: &'a Tally,
    pub(super) screen: &'a mut Screen,
    pub(super) began: Instant,
    /// The whole time, where there is a limit.
    pub(super) limit: Option<Duration>,
    /// The time of all scenes together, if they have less than they want.
    pub(super) scenes_in: Option<Duration>,
    /// The newest, for the last word.
    pub(super) figures: Option<Figures>,
    /// Whether there was a rollout yet.
    pub(super) judged: bool,
}

impl Show<'_> {
    /// Plays to the end, which without a limit never comes.
    pub(super) async fn play(&mut self, traffic: &mut Traffic) -> anyhow::Result<()> {
        self.screen.show(&Moment::Opens {
            addresses: &self.stage.addresses,
        })?;
        let of = Scene::ALL.len();
        for (number, scene) in (1..).zip(Scene::ALL) {
            self.scene(Billing { scene, number, of }).await?;
        }
        self.stage.heal_green()?;
        self.serve().await?;
        // The answers that are under way are judged as well.
        traffic.finish().await;
        self.take_figures().await.map(drop)
    }

    async fn scene(&mut self, billing: Billing) -> anyhow::Result<()> {
        let seconds = self.seconds();
        self.screen.show(&Moment::SceneBegins { seconds, billing })?;
        self.stage
            .notify(&format!("{} {}", billing.scene.title(), billing.scene.why()));
        let text = billing.scene.begin(self.stage, self.tally).await?;
        self.tell(&text)?;
        if let Some(wanted) = billing.scene.verdict() {
            self.judged = true;
            self.until_verdict(billing, wanted).await?;
        }
        let ends = Instant::now() + time_of(billing.scene, self.scenes_in);
        self.watch(Some(billing), ends).await?;
        let figures = self.take_figures().await?;
        let outcome = billing.scene.outcome(&figures);
        self.screen.show(&Moment::SceneEnds {
            billing,
            outcome: &outcome,
            figures: &figures,
        })?;
        Ok(())
    }

    /// Shows a rollout up to its end.
    ///
    /// # Errors
    /// When it does not end in time, or not as it has to: then the show has failed.
    async fn until_verdict(&mut self, billing: Billing, wanted: Ended) -> anyhow::Result<()> {
        let mut beat = tokio::time::interval(BETWEEN_PICTURES);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let latest = Instant::now() + VERDICT_WITHIN;
        let mut has_turned = false;
        let mut told = None;
        loop {
            beat.tick().await;
            let figures = self.take_figures().await?;
            let Some(judged) = &figures.rollout else {
                bail!("the gateway knows of no rollout");
            };
            let place = (judged.phase, judged.ended);
            if told.replace(place) != Some(place) {
                self.tell(&step(judged))?;
            }
            if !has_turned && let Some(text) = billing.scene.turn(self.stage, &figures)? {
                has_turned = true;
                self.tell(&text)?;
            }
            self.screen.show(&Moment::Now {
                billing: Some(billing),
                figures: &figures,
            })?;
            match judged.ended {
                Some(ended) if ended == wanted => return Ok(()),
                Some(_) => bail!("the rollout had to end otherwise: {}", judged.sentence),
                None if Instant::now() > latest => bail!(
                    "the rollout has not ended within {} s: {}",
                    VERDICT_WITHIN.as_secs(),
                    judged.sentence
                ),
                None => {}
            }
        }
    }

    async fn serve(&mut self) -> anyhow::Result<()> {
        self.stage
            .notify("The show is over, the traffic goes on: move the split, or start a rollout yourself.");
        self.screen.show(&Moment::Serving {
            addresses: &self.stage.addresses,
            ends_by_itself: self.limit.is_some(),
        })?;
        match self.limit {
            Some(limit) => self.watch(None, self.began + limit).await,
            None => loop {
                self.watch(None, Instant::now() + BETWEEN_PICTURES * 4).await?;
            },
        }
    }

    /// Shows picture after picture until the time has come.
    async fn watch(&mut self, billing: Option<Billing>, ends: Instant) -> anyhow::Result<()> {
        let mut beat = tokio::time::interval(BETWEEN_PICTURES);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while Instant::now() < ends {
            let known = self
                .figures
                .as_ref()
                .map(|figures| (figures.revision, figures.target_green));
            let figures = self.take_figures().await?;
            if billing.is_none() && known.is_some_and(|(revision, _)| revision != figures.revision) {
                let text = format!("the split is {} % green now", figures.target_green);
                self.tell(&text)?;
            }
            self.screen.show(&Moment::Now {
                billing,
                figures: &figures,
            })?;
            tokio::select! {
                _ = beat.tick() => {}
                () = tokio::time::sleep_until(ends) => {}
            }
        }
        Ok(())
    }

    async fn take_figures(&mut self) -> anyhow::Result<Figures> {
        let deployment = self.stage.deployment().await?;
        let rollout = match self.judged {
            true => Some(self.stage.judged().await?),
            false => None,
        };
        let figures = Figures::of(self.seconds(), &deployment, rollout, &self.tally.counts());
        self.figures = Some(figures.clone());
        Ok(figures)
    }

    fn tell(&mut self, text: &str) -> anyhow::Result<()> {
        let seconds = self.seconds();
        Ok(self.screen.show(&Moment::Happened { seconds, text })?)
    }

    fn seconds(&self) -> f64 {
        self.began.elapsed().as_secs_f64()
    }
}

/// The rollout's newest step: `phase 2 of 5, 10 % to green: waiting for 0 of 8 requests to green`
fn step(judged: &Judged) -> String {
    let what = match judged.ended {
        Some(_) => "the rollout has ended".to_owned(),
        None => judged.place(),
    };
    format!("{what}: {}", judged.sentence)
}

/// How long a scene lasts, without its rollout. In a short show all scenes are shorter by the same factor.
fn time_of(scene: Scene, limit: Option<Duration>) -> Duration {
    let scenes: Duration = Scene::ALL.iter().map(|scene| scene.duration()).sum();
    let whole = scenes + ROLLOUTS;
    match limit {
        Some(limit) if limit < whole => scene
            .duration()
            .mul_f64(limit.as_secs_f64() / whole.as_secs_f64()),
        Some(_) | None => scene.duration(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn a_short_show_leaves_its_rollouts_their_part_of_the_time() {
        let limit = Duration::from_secs(7);
        let times = Scene::ALL.map(|scene| time_of(scene, Some(limit)));
        assert!(times.iter().sum::<Duration>() < limit, "{times:?}");
        assert!(times.iter().all(|time| !time.is_zero()), "{times:?}");
        assert_eq!(
            time_of(Scene::BlueAlone, Some(Duration::from_secs(3_600))),
            Scene::BlueAlone.duration()
        );
    }
}
