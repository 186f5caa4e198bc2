//! A verdict as one sentence that reads alone.

use std::fmt;

use crate::evidence::Stream;

use super::{Cause, Grounds, Verdict, VerdictAction};

impl Verdict {
    /// One sentence that reads alone.
    pub fn explain(&self) -> String {
        self.to_string()
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (share, after) = (self.share, Duration(self.at_seconds));
        match self.action {
            VerdictAction::Rollback => write!(out, "Rolled back at {share} after {after}: ")?,
            VerdictAction::Reject => write!(out, "Rejected after {after}, before any user saw green: ")?,
            VerdictAction::Pause => write!(out, "Paused at {share} after {after}: ")?,
            VerdictAction::Notify => write!(out, "Held at {share} after {after}: ")?,
            VerdictAction::DryRun => write!(out, "Would have rolled back at {share} after {after}: ")?,
        }
        match self.grounds {
            Some(grounds) => write!(out, "{grounds}")?,
            None => write!(out, "{}", self.without_grounds())?,
        }
        match &self.note {
            Some(note) => write!(out, " ({note})."),
            None => write!(out, "."),
        }
    }
}

impl Verdict {
    fn without_grounds(&self) -> &'static str {
        match self.cause {
            Cause::Regression(_) => "green was worse than blue",
            Cause::ErrorRateLimit => "green's error rate was above its limit",
            Cause::LatencyLimit => "green's latency was above its limit",
            Cause::Inconclusive => "the phase reached its longest duration without an answer",
            Cause::ApprovalTimedOut => "nobody approved in time",
            Cause::ApprovalRejected => "the approval was refused",
            Cause::Deadline => "the rollout's deadline passed; nothing was proven against green",
            Cause::Operator => "an operator asked for it",
            Cause::Precheck => "too many of the probes to green failed",
            Cause::Misconfigured => "green's vendor refuses its credential or does not know its model",
        }
    }
}

impl fmt::Display for Grounds {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.alpha == 0.0 {
            return self.above_its_limit(out);
        }
        write!(
            out,
            "{}; evidence {:.0} against a limit of {:.0} ({}, alpha {})",
            self.comparison(),
            self.evidence,
            self.limit,
            self.stream.name(),
            self.alpha
        )
    }
}

impl Grounds {
    fn above_its_limit(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = if self.stream == Stream::Latency {
            "were too slow"
        } else {
            "failed"
        };
        write!(
            out,
            "{} of {} requests to green {what} within {}, {:.1}% against a limit of {:.1}%",
            self.green.x,
            self.green.n,
            Duration(self.window_seconds),
            self.evidence * 100.0,
            self.limit * 100.0
        )
    }

    /// Green beside blue, without the evidence.
    pub(in crate::rollout) fn comparison(&self) -> String {
        let (green, blue, within) = (self.green, self.blue, Duration(self.window_seconds));
        match self.stream {
            Stream::Error => format!(
                "green failed {} of {} requests and blue {} of {} within {within}",
                green.x, green.n, blue.x, blue.n
            ),
            Stream::Hard => format!(
                "green failed {} of {} requests within {within}, and blue answered {} of those {}",
                green.x,
                green.n,
                blue.n - blue.x,
                blue.n
            ),
            Stream::Tail => format!(
                "{} of {} requests to green and {} of {} to blue had no first byte by the age at which 95% of \
                 blue's have one, within {within}",
                green.x, green.n, blue.x, blue.n
            ),
            Stream::Latency | Stream::TimePerOutputToken | Stream::Cost | Stream::OutputLength => format!(
                "green's {} was {:.2} times blue's ({} and {} {} over {} and {} requests within {within})",
                measure(self.stream),
                self.effect,
                significant(green.x),
                significant(blue.x),
                unit(self.stream),
                green.n,
                blue.n
            ),
        }
    }
}

/// Three digits that matter: a first byte is seconds, a token's cost millionths of a dollar.
fn significant(value: f64) -> String {
    if value <= 0.0 {
        return "0".to_owned();
    }
    let decimals = (2.0 - value.log10().floor()).clamp(0.0, 12.0) as usize;
    format!("{value:.decimals$}")
}

fn measure(stream: Stream) -> &'static str {
    match stream {
        Stream::Error | Stream::Hard => "failure rate",
        Stream::Tail => "slow rate",
        Stream::Latency => "time to the first byte",
        Stream::TimePerOutputToken => "time per output token",
        Stream::Cost => "cost",
        Stream::OutputLength => "output length",
    }
}

fn unit(stream: Stream) -> &'static str {
    match stream {
        Stream::Error | Stream::Hard | Stream::Tail => "cases",
        Stream::Latency | Stream::TimePerOutputToken => "s",
        Stream::Cost => "USD",
        Stream::OutputLength => "tokens",
    }
}

/// A time for people, in seconds: `41s`, `12m`, `3h`.
pub(in crate::rollout) struct Duration(pub(in crate::rollout) f64);

impl fmt::Display for Duration {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            seconds if seconds < 120.0 => write!(out, "{:.0}s", seconds.max(0.0).ceil()),
            seconds if seconds < 7200.0 => write!(out, "{:.0}m", (seconds / 60.0).ceil()),
            seconds => write!(out, "{:.0}h", (seconds / 3600.0).ceil()),
        }
    }
}
