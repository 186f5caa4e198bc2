//! What is found against green, and the ways in which a rollout ends badly.

use crate::evidence::{Action, Finding, Standing, Stream};
use crate::{Share, Side};

use super::event::Effect;
use super::plan::{Mode, OnRegression};
use super::stage::Stage;
use super::state::REQUESTS_NAMED;
use super::step::Turn;
use super::verdict::{Cause, Counted, Grounds, Verdict, VerdictAction};

/// How green looks now.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Look {
    Calm,
    /// The weight may not rise.
    Suspicious,
    Regressed(Cause, Grounds),
}

impl Turn<'_> {
    pub(super) fn look_at_green(&mut self) -> Look {
        self.state.suspect = None;
        let analysis = &self.plan.analysis;
        match analysis.mode {
            Mode::Threshold(_) => {
                let look = self.look_at_limits();
                if let Look::Regressed(_, grounds) = look {
                    self.state.suspect = Some(grounds.stream);
                }
                look
            }
            Mode::Sequential => {
                let settled = self.state.settled;
                let engine = &self.state.judge.engine;
                match engine.finding(&analysis.metrics, analysis.caution, settled) {
                    Finding::Fine => Look::Calm,
                    Finding::Caution(_) if analysis.dry_run => Look::Calm,
                    Finding::Caution(stream) => {
                        self.state.suspect = Some(stream);
                        Look::Suspicious
                    }
                    Finding::Regression(stream) => {
                        self.state.suspect = Some(stream);
                        let alpha = analysis.metrics.of(stream).alpha;
                        Look::Regressed(Cause::Regression(stream), Grounds::of(engine, stream, alpha))
                    }
                }
            }
        }
    }

    fn look_at_limits(&self) -> Look {
        let Mode::Threshold(limits) = self.plan.analysis.mode else {
            return Look::Calm;
        };
        let now = self.state.clock.elapsed;
        let seen = self.state.judge.seen_in_window(now, &limits);
        let grounds = |stream, green, rate, limit| Grounds {
            stream,
            evidence: rate,
            limit,
            alpha: 0.0,
            effect: rate - limit,
            green,
            blue: Counted { n: 0.0, x: 0.0 },
            window_seconds: limits.window_seconds,
        };
        if seen.too_many_errors(&limits) {
            let green = Counted {
                n: seen.requests,
                x: seen.failed,
            };
            let grounds = grounds(Stream::Error, green, seen.error_rate(), limits.error_rate);
            return Look::Regressed(Cause::ErrorRateLimit, grounds);
        }
        if seen.too_slow(&limits) {
            let green = Counted {
                n: seen.answered,
                x: seen.slow,
            };
            let tolerated = crate::evidence::TOLERATED_SLOW;
            let grounds = grounds(Stream::Latency, green, seen.slow_rate(), tolerated);
            return Look::Regressed(Cause::LatencyLimit, grounds);
        }
        Look::Calm
    }

    /// Streams that hold nothing up are told of once.
    pub(super) fn tell_what_is_noted(&mut self) {
        let analysis = &self.plan.analysis;
        if analysis.mode != Mode::Sequential {
            return;
        }
        for stream in Stream::ALL {
            let metric = analysis.metrics.of(stream);
            if metric.action != Action::Notify || self.state.told.contains(stream) {
                continue;
            }
            let engine = &self.state.judge.engine;
            if engine.standing(stream, metric, analysis.caution) == Standing::Noted {
                let sentence = Grounds::of(engine, stream, 1.0 / analysis.caution).comparison();
                self.state.told.insert(stream);
                self.effects.push(Effect::Persist);
                self.tell(self.state.stage, sentence);
            }
        }
    }

    /// Acts on a regression; whether green still counts as calm, or `None` if all is decided.
    pub(super) fn act_on(&mut self, cause: Cause, grounds: Grounds, blue_is_worse: bool) -> Option<bool> {
        let analysis = &self.plan.analysis;
        if analysis.dry_run {
            self.state.suspect = None;
            self.notice(VerdictAction::DryRun, cause, grounds);
            return Some(true);
        }
        if blue_is_worse {
            // Nothing moves to the worse side by itself.
            return Some(false);
        }
        match self.plan.on_regression {
            OnRegression::Rollback => {
                self.roll_back(cause, Some(grounds), None);
                None
            }
            OnRegression::Pause => {
                self.notice(VerdictAction::Pause, cause, grounds);
                Some(false)
            }
            OnRegression::Notify => {
                self.notice(VerdictAction::Notify, cause, grounds);
                Some(false)
            }
        }
    }

    /// Writes a regression down that does not roll back, once until an operator has seen it.
    fn notice(&mut self, action: VerdictAction, cause: Cause, grounds: Grounds) {
        if self.state.noticed.is_some() && !self.state.acknowledged {
            return;
        }
        let from = self.state.stage;
        let verdict = self.verdict(action, cause, Some(grounds), None);
        let sentence = verdict.explain();
        if action == VerdictAction::Pause {
            self.state.stage = Stage::Paused;
        }
        self.state.noticed = Some(Box::new(verdict));
        self.state.acknowledged = false;
        self.effects.push(Effect::Persist);
        self.tell(from, sentence);
    }

    /// Green out: the swap of the route comes first, and waits for nothing.
    pub(super) fn roll_back(&mut self, cause: Cause, grounds: Option<Grounds>, note: Option<&str>) {
        if self.state.stage.is_latched() {
            return;
        }
        let from = self.state.stage;
        let sentence = self.latch(VerdictAction::Rollback, cause, grounds, note);
        self.state.stage = Stage::RollingBack;
        self.change_share(Share::NONE);
        self.set_share_effect();
        self.effects.push(Effect::Persist);
        self.start_drain(Side::Green);
        self.tell(from, sentence);
    }

    /// Green out before any user saw it.
    pub(super) fn turn_away(&mut self, cause: Cause) {
        let from = self.state.stage;
        let sentence = self.latch(VerdictAction::Reject, cause, None, None);
        self.state.stage = Stage::Rejected;
        self.change_share(Share::NONE);
        self.set_share_effect();
        self.effects.push(Effect::Persist);
        self.tell(from, sentence);
    }

    /// Sets the verdict once and for all.
    fn latch(
        &mut self,
        action: VerdictAction,
        cause: Cause,
        grounds: Option<Grounds>,
        note: Option<&str>,
    ) -> String {
        let verdict = self.verdict(action, cause, grounds, note);
        let latched = self.state.verdict.get_or_insert_with(|| Box::new(verdict));
        latched.explain()
    }

    fn verdict(
        &self,
        action: VerdictAction,
        cause: Cause,
        grounds: Option<Grounds>,
        note: Option<&str>,
    ) -> Verdict {
        let named = |ids: &[Box<str>]| ids.iter().map(|id| id.to_string()).collect();
        let failures = &self.state.failures;
        let (first, last) = failures.split_at(failures.len().min(REQUESTS_NAMED));
        Verdict {
            action,
            cause,
            grounds,
            at_seconds: self.state.clock.elapsed,
            phase: self.state.phase,
            phases: self.plan.last() + 1,
            share: self.state.share,
            planned: self.phase().weight,
            note: note.map(str::to_owned),
            first_request_ids: named(first),
            last_request_ids: named(last),
        }
    }

    /// Whether blue is the worse side: by its health checks, or by its failures next to green's.
    pub(super) fn blue_is_worse(&mut self) -> bool {
        let compared = self.plan.analysis.mode == Mode::Sequential && !self.plan.analysis.dry_run;
        if !compared || self.state.share == Share::ALL {
            // Without blue traffic there is nothing to compare.
            self.state.blue.worse_since = None;
            return self.state.blue.down;
        }
        let known = self.state.judge.engine.counts(Stream::Error);
        let found = self.state.judge.engine.blue_is_worse() >= BLUE_WORSE_LIMIT
            && self.state.judge.engine.blue_increase() >= BLUE_WORSE_INCREASE;
        if found {
            self.state.blue.worse_since = Some(known);
            self.state.judge.engine.forgive_blue();
        }
        if let Some(then) = self.state.blue.worse_since {
            let since = known.since(then);
            if since.blue_n >= BLUE_RECOVERED_AFTER && -since.rate_increase() < BLUE_WORSE_INCREASE {
                self.state.blue.worse_since = None;
            }
        }
        self.state.blue.down || self.state.blue.worse_since.is_some()
    }
}

/// Evidence and difference of failure rates at which blue is the worse side; as for green.
const BLUE_WORSE_LIMIT: f64 = 250.0;
const BLUE_WORSE_INCREASE: f64 = 0.01;
/// Blue's requests since, at a rate no worse than green's, after which it is well again.
const BLUE_RECOVERED_AFTER: f64 = 100.0;
