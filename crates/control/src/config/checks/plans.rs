//! Rollout plans: weights that rise and end at 100, alphas that sum, settings that mean something in their mode.

use super::super::path::Path;
use super::super::share::Share;
use super::super::{Analysis, MetricAction, Mode, Notify, Phase, Plan, Strategy};
use super::Checks;

/// Sums of alphas are compared with this much room for the last bit of a float.
const ROUNDING: f64 = 1e-12;

impl Checks<'_> {
    pub(super) fn plans(&mut self) {
        let config = self.config;
        for (name, plan) in &config.plans {
            let path = Path::top().key("plans").key(name);
            if Plan::BUILT_IN.contains(&name.as_str()) {
                let message = format!("the plan `{name}` is built in");
                self.report
                    .add(self.key(&path, message).help("give yours another name"));
            }
            self.plan(plan, &path);
        }
    }

    /// One plan, wherever it came from.
    pub(in super::super) fn plan(&mut self, plan: &Plan, path: &Path) {
        if plan.strategy != Strategy::Manual {
            self.weights(&plan.phases, &path.key("phases"));
        }
        for (index, phase) in plan.phases.iter().enumerate() {
            self.phase(phase, &path.key("phases").index(index));
        }
        self.alphas(&plan.analysis, &path.key("analysis"));
        for (index, notify) in plan.notify.iter().enumerate() {
            self.notify(notify, &path.key("notify").index(index));
        }
    }

    fn weights(&mut self, phases: &[Phase], path: &Path) {
        for (index, pair) in phases.windows(2).enumerate() {
            let [before, after] = pair else { continue };
            if after.weight <= before.weight {
                let message = format!(
                    "the weight does not rise: {} comes after {}",
                    after.weight, before.weight
                );
                let path = path.index(index + 1).key("weight");
                self.report.add(
                    self.value(&path, message)
                        .help("each phase gives green more than the one before"),
                );
            }
        }
        let Some(last) = phases.last() else {
            self.report.add(
                self.value(path, "a plan needs at least one phase")
                    .help("write [{weight: 100}]"),
            );
            return;
        };
        if last.weight != Share::ALL {
            let message = format!("the last phase's weight is {} and not 100", last.weight);
            let path = path.index(phases.len() - 1).key("weight");
            self.report.add(
                self.value(&path, message)
                    .help("end with {name: cutover, weight: 100}"),
            );
        }
    }

    fn phase(&mut self, phase: &Phase, path: &Path) {
        if phase.weight > Share::NONE && phase.probes.is_some() {
            let message = "probes belong to a phase of weight 0, where no user sees green";
            self.report.add(self.key(&path.key("probes"), message));
        }
        if let (Some(least), Some(most)) = (phase.min_duration, phase.max_duration)
            && most < least
        {
            let message = format!("the phase's longest time, {most}, is below its least, {least}");
            self.report.add(
                self.value(path, message)
                    .help("raise max_duration, or lower min_duration"),
            );
        }
    }

    fn alphas(&mut self, analysis: &Analysis, path: &Path) {
        if analysis.mode != Mode::Sequential {
            return;
        }
        let streams = analysis.streams();
        let acting = streams
            .iter()
            .filter(|stream| stream.action == MetricAction::Regression);
        let sum: f64 = acting.map(|stream| stream.alpha).sum();
        if sum > analysis.alpha + ROUNDING {
            let message = format!(
                "the streams' alphas sum to {sum:.6}, more than the plan's {}",
                analysis.alpha
            );
            let help =
                "lower them, or raise the plan's alpha: it bounds false alarms of all streams together";
            self.report
                .add(self.value(&path.key("metrics"), message).help(help));
        }
    }

    fn notify(&mut self, notify: &Notify, path: &Path) {
        match (&notify.webhook, &notify.slack) {
            (Some(_), None) | (None, Some(_)) => {}
            (None, None) => {
                self.report.add(
                    self.value(path, "nobody is told here")
                        .help("write webhook: URL or slack: URL"),
                );
            }
            (Some(_), Some(_)) => {
                let help = "make two entries of it";
                self.report
                    .add(self.value(path, "one entry tells one receiver").help(help));
            }
        }
        for (key, url) in [("webhook", &notify.webhook), ("slack", &notify.slack)] {
            let is_url = |url: &str| url.starts_with("https://") || url.starts_with("http://");
            if url.as_ref().is_some_and(|url| !is_url(url.expose())) {
                self.report
                    .add(self.value(&path.key(key), "a URL begins with http:// or https://"));
            }
        }
    }
}
