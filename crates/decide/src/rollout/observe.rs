//! From what was seen to what is known: requests feed the evidence, probes the precheck.

use crate::evidence::{Draw, Stream, UnitEvent, Witness, tolerated_failure_rate};
use crate::{Share, Side};

use super::event::{Observation, Probe, Seen};
use super::plan::Mode;
use super::step::Turn;
use super::verdict::Cause;

/// Blue is a witness of the same moment only if green failed at once. What hangs through an outage
/// until its time-out meets a blue that is well again: counting those rolled 0.26 % of healthy
/// rollouts back under outages common to both sides.
const WITNESS_WITHIN_SECONDS: f64 = 5.0;

impl Turn<'_> {
    pub(super) fn observe(&mut self, observation: Observation<'_>) {
        let at = self.state.clock.elapsed;
        let draw = Draw {
            side: observation.side,
            at_start: observation.share.fraction(),
            at_report: self.state.share.fraction(),
        };
        for seen in observation.seen {
            self.see(*seen, draw, &observation, at);
        }
    }

    fn see(&mut self, seen: Seen<'_>, draw: Draw, observation: &Observation<'_>, at: f64) {
        let is_evidence = self.is_evidence(seen, observation);
        let engine = &mut self.state.judge.engine;
        match seen {
            Seen::Succeeded => self.succeeded(draw, observation),
            Seen::Failed { request_id } => self.failed(draw, observation, request_id, is_evidence),
            Seen::OutOfCapacity if observation.side == Side::Green => {
                self.state.capacity_refused_at = Some(at);
            }
            Seen::OutOfCapacity => {}
            Seen::Witnessed { witness, .. } if is_evidence => engine.witnessed(witness, at),
            Seen::FirstByte { seconds } => {
                if is_evidence {
                    engine.first_byte(draw, seconds, at);
                }
                self.first_byte_in_window(observation.side, seconds);
            }
            Seen::Aged { slow } if is_evidence => engine.aged(draw, slow, at),
            Seen::TimePerOutputToken { seconds } if is_evidence => {
                engine.time_per_output_token(draw, seconds, at);
            }
            Seen::Cost { usd } if is_evidence => engine.cost(draw, usd, at),
            Seen::OutputTokens { tokens } if is_evidence => engine.output_tokens(draw, tokens, at),
            Seen::Witnessed { .. }
            | Seen::Aged { .. }
            | Seen::TimePerOutputToken { .. }
            | Seen::Cost { .. }
            | Seen::OutputTokens { .. } => {}
        }
    }

    /// Whether this is a draw of the coin, and not one more event of a unit that was drawn before.
    ///
    /// Witnessed outcomes do not rest on the coin: blue had the very same request, however often
    /// the unit comes.
    fn is_evidence(&mut self, seen: Seen<'_>, observation: &Observation<'_>) -> bool {
        let event = match seen {
            Seen::Failed { .. } => UnitEvent::Failed,
            Seen::Aged { slow: true } => UnitEvent::Slow,
            Seen::FirstByte { .. } => UnitEvent::FirstByte,
            Seen::TimePerOutputToken { .. } => UnitEvent::TimePerOutputToken,
            Seen::Cost { .. } => UnitEvent::Cost,
            Seen::OutputTokens { .. } => UnitEvent::OutputTokens,
            Seen::Witnessed {
                witness,
                green_seconds,
            } => {
                return witness == Witness::GreenOk || green_seconds <= WITNESS_WITHIN_SECONDS;
            }
            Seen::Succeeded | Seen::OutOfCapacity | Seen::Aged { slow: false } => return true,
        };
        // Before the first weight nobody was drawn: what blue's units did then is not their first.
        let nobody_was_drawn = self.state.share == Share::NONE && observation.share == Share::NONE;
        match observation.unit {
            Some(unit) if !nobody_was_drawn => self.state.judge.units.is_first(event, unit),
            _ => true,
        }
    }

    fn succeeded(&mut self, draw: Draw, observation: &Observation<'_>) {
        self.state
            .judge
            .engine
            .outcome(draw, false, self.state.clock.elapsed);
        if observation.side == Side::Green {
            self.ask_guard(false);
            self.count_for_the_phase(observation, false);
        }
    }

    fn failed(&mut self, draw: Draw, observation: &Observation<'_>, request_id: &str, is_evidence: bool) {
        if is_evidence {
            self.state
                .judge
                .engine
                .outcome(draw, true, self.state.clock.elapsed);
        }
        if observation.side == Side::Green {
            if is_evidence {
                self.ask_guard(true);
            }
            self.state.remember_failure(request_id);
            self.count_for_the_phase(observation, true);
        }
    }

    fn ask_guard(&mut self, failed: bool) {
        if self.plan.analysis.mode != Mode::Sequential {
            return;
        }
        let judge = &mut self.state.judge;
        let known = judge.engine.counts(Stream::Error);
        let tolerated = tolerated_failure_rate(known.blue_sum, known.blue_n);
        judge
            .guard
            .green_outcome(failed, tolerated, self.plan.analysis.challenge.fire);
    }

    /// A request of an earlier phase says nothing about this weight, and one that could only go to
    /// green was not drawn.
    fn count_for_the_phase(&mut self, observation: &Observation<'_>, failed: bool) {
        let planned = self.phase().weight;
        let was_drawn = observation.share != Share::ALL || planned == Share::ALL;
        if was_drawn && observation.share >= planned {
            self.state.requests_in_phase += 1;
        }
        if let Mode::Threshold(limits) = self.plan.analysis.mode {
            let at = self.state.clock.elapsed;
            let window = self.state.judge.window.get_or_insert_default();
            window.outcome(failed, at, &limits);
        }
    }

    fn first_byte_in_window(&mut self, side: Side, seconds: f64) {
        if let (Side::Green, Mode::Threshold(limits)) = (side, self.plan.analysis.mode) {
            let at = self.state.clock.elapsed;
            let window = self.state.judge.window.get_or_insert_default();
            window.first_byte(seconds, at, &limits);
        }
    }

    /// Late answers of a precheck that is over say nothing.
    pub(super) fn probed(&mut self, probe: Probe) {
        let Some(probes) = self.phase().probes.filter(|_| self.state.stage.is_judged()) else {
            return;
        };
        match probe {
            Probe::Passed => self.state.probes_passed = self.state.probes_passed.saturating_add(1),
            Probe::Failed => self.state.probes_failed = self.state.probes_failed.saturating_add(1),
            Probe::Misconfigured => return self.turn_away(Cause::Misconfigured),
            Probe::Cancelled => {}
        }
        if self.state.probes_failed > probes.max_failures {
            self.turn_away(Cause::Precheck);
        }
    }
}
