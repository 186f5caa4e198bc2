//! The phases of a draft: rising weights, gates, probes.

use crate::Share;

use super::super::draft::{ApprovalDraft, GateDraft, PhaseDraft, PlanDraft, ProbesDraft};
use super::super::plan::{Approval, OnInconclusive, OnTimeout, Phase, Probes, Strategy};
use super::super::standard;
use super::{Found, LONGEST_SECONDS, PlanProblem};

/// More phases than anybody follows.
const MOST_PHASES: usize = 100;

impl Found {
    pub(super) fn phases(&mut self, draft: &PlanDraft, strategy: Strategy) -> Option<(Vec<Phase>, Phase)> {
        let standard = || match strategy {
            Strategy::Canary | Strategy::Manual => standard::canary_phases(),
            Strategy::BlueGreen => standard::blue_green_phases(),
        };
        let drafts = draft.phases.clone().unwrap_or_else(standard);
        if drafts.len() > MOST_PHASES {
            let value = drafts.len() as f64;
            self.refuse(
                "phases",
                PlanProblem::OutOfRange {
                    value,
                    range: "at most 100 phases",
                },
            );
            return None;
        }
        self.weights_rise_to_all(&drafts);
        let defaults = self.gate("phase_defaults", &draft.phase_defaults, &standard_phase(strategy));
        let longest_is_given = draft.phase_defaults.max_duration_seconds.is_some();
        let mut phases: Vec<Phase> = Vec::new();
        for (index, phase) in drafts.iter().enumerate() {
            let field = format!("phases[{index}]");
            if strategy == Strategy::BlueGreen && phase.weight > 0.0 && phase.weight < 100.0 {
                let why = "blue_green goes from 0 to 100 at once; canary has steps";
                self.refuse(format!("{field}.weight"), PlanProblem::Misplaced { why });
            }
            phases.push(self.phase(&field, phase, &defaults, longest_is_given));
        }
        let cutover = phases.pop()?;
        Some((phases, cutover))
    }

    fn weights_rise_to_all(&mut self, phases: &[PhaseDraft]) {
        for (index, pair) in phases.windows(2).enumerate() {
            let [before, phase] = pair else { continue };
            if phase.weight <= before.weight {
                let (weight, before) = (phase.weight, before.weight);
                let field = format!("phases[{}].weight", index + 1);
                self.refuse(field, PlanProblem::NotRising { weight, before });
            }
        }
        match phases.last() {
            None => self.refuse("phases", PlanProblem::NoPhases),
            Some(last) if last.weight != 100.0 => {
                let field = format!("phases[{}].weight", phases.len() - 1);
                self.refuse(field, PlanProblem::NotEndingAtAll { weight: last.weight });
            }
            Some(_) => {}
        }
    }

    fn phase(&mut self, field: &str, draft: &PhaseDraft, defaults: &Phase, longest_is_given: bool) -> Phase {
        let weight = Share::from_percent(draft.weight).unwrap_or_else(|| {
            let (value, range) = (draft.weight, "0 to 100, in steps of 0.01");
            self.refuse(
                format!("{field}.weight"),
                PlanProblem::OutOfRange { value, range },
            );
            Share::NONE
        });
        let probes = self.probes(field, draft, weight);
        let phase = Phase {
            name: draft.name.clone().unwrap_or_else(|| weight.to_string()),
            weight,
            probes,
            ..defaults.clone()
        };
        let gated = self.gate(field, &draft.gate, &phase);
        let longest = if longest_is_given || draft.gate.max_duration_seconds.is_some() {
            gated.max_duration_seconds
        } else {
            // A phase that is to last longer than a standard one may also take longer.
            gated.max_duration_seconds.max(2.0 * gated.min_duration_seconds)
        };
        if longest < gated.min_duration_seconds {
            let why = "is shorter than min_duration";
            self.refuse(format!("{field}.max_duration"), PlanProblem::Misplaced { why });
        }
        Phase {
            max_duration_seconds: longest,
            ..gated
        }
    }

    /// `base` with what `draft` says instead.
    fn gate(&mut self, field: &str, draft: &GateDraft, base: &Phase) -> Phase {
        let of = |name: &str| format!("{field}.{name}");
        let fits = |value: f64| (0.0..=LONGEST_SECONDS).contains(&value);
        let (given, standard) = (draft.min_duration_seconds, base.min_duration_seconds);
        let range = "0 to ten years";
        Phase {
            min_duration_seconds: self.number(&of("min_duration"), given, standard, fits, range),
            min_requests: self.at_least_one(&of("min_requests"), draft.min_requests, base.min_requests),
            max_duration_seconds: self.seconds(
                &of("max_duration"),
                draft.max_duration_seconds,
                base.max_duration_seconds,
            ),
            on_inconclusive: self.name(
                &of("on_inconclusive"),
                &draft.on_inconclusive,
                base.on_inconclusive,
                &OnInconclusive::ALL,
                OnInconclusive::name,
            ),
            approval: self.approval(&of("approval"), draft.approval.as_ref(), base.approval),
            ..base.clone()
        }
    }

    fn approval(&mut self, field: &str, draft: Option<&ApprovalDraft>, base: Approval) -> Approval {
        match draft {
            None => base,
            Some(ApprovalDraft::Named(name)) => match name.as_str() {
                "none" => Approval::None,
                "manual" => STANDARD_APPROVAL,
                other => {
                    self.unknown(field, other, vec!["none", "manual"]);
                    base
                }
            },
            Some(ApprovalDraft::Manual(manual)) => Approval::Manual {
                timeout_seconds: self.seconds(
                    &format!("{field}.manual.timeout"),
                    manual.timeout_seconds,
                    standard::APPROVAL_TIMEOUT_SECONDS,
                ),
                on_timeout: self.name(
                    &format!("{field}.manual.on_timeout"),
                    &manual.on_timeout,
                    OnTimeout::Hold,
                    &OnTimeout::ALL,
                    OnTimeout::name,
                ),
            },
        }
    }

    /// Only requests of our own reach green at weight 0, so that phase lives by probes.
    fn probes(&mut self, field: &str, draft: &PhaseDraft, weight: Share) -> Option<Probes> {
        let field = format!("{field}.probes");
        if weight != Share::NONE {
            if draft.probes.is_some() {
                let why = "probes are for the phase at weight 0";
                self.refuse(field, PlanProblem::Misplaced { why });
            }
            return None;
        }
        let fallback = ProbesDraft::default();
        let draft = draft.probes.as_ref().unwrap_or(&fallback);
        let standard = Probes::STANDARD;
        for (name, given) in [
            ("count", draft.count),
            ("concurrency", draft.concurrency),
            ("max_tokens", draft.max_tokens),
        ] {
            if given == Some(0) {
                let range = "at least 1";
                self.refuse(
                    format!("{field}.{name}"),
                    PlanProblem::OutOfRange { value: 0.0, range },
                );
            }
        }
        let count = draft.count.unwrap_or(standard.count);
        let max_failures = draft
            .max_failures
            .unwrap_or(standard.max_failures.min(count.saturating_sub(1)));
        if max_failures >= count {
            let why = "must be below count, or no failure could ever matter";
            self.refuse(format!("{field}.max_failures"), PlanProblem::Misplaced { why });
        }
        Some(Probes {
            count,
            max_failures,
            concurrency: draft.concurrency.unwrap_or(standard.concurrency),
            timeout_seconds: self.seconds(
                &format!("{field}.timeout"),
                draft.timeout_seconds,
                standard.timeout_seconds,
            ),
            max_tokens: draft.max_tokens.unwrap_or(standard.max_tokens),
        })
    }
}

const STANDARD_APPROVAL: Approval = Approval::Manual {
    timeout_seconds: standard::APPROVAL_TIMEOUT_SECONDS,
    on_timeout: OnTimeout::Hold,
};

fn standard_phase(strategy: Strategy) -> Phase {
    Phase {
        name: String::new(),
        weight: Share::NONE,
        min_duration_seconds: standard::MIN_DURATION_SECONDS,
        min_requests: standard::MIN_REQUESTS,
        max_duration_seconds: standard::MAX_DURATION_SECONDS,
        on_inconclusive: OnInconclusive::Hold,
        approval: match strategy {
            Strategy::Canary | Strategy::BlueGreen => Approval::None,
            Strategy::Manual => STANDARD_APPROVAL,
        },
        probes: None,
    }
}
