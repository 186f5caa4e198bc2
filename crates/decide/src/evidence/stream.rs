//! The streams of evidence, and what each may do: roll back, hold, tell, nothing.

use super::engine::Engine;

/// One kind of observation, judged on its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stream {
    /// What blue did with the requests that green had: works at any weight.
    Hard,
    /// Failures of either side.
    Error,
    /// Time to the first byte of successes.
    Latency,
    /// Requests without a first byte at the age of blue's 95th percentile: sees hangs at once.
    Tail,
    TimePerOutputToken,
    Cost,
    OutputLength,
}

impl Stream {
    /// In the order in which they are asked: the surest first.
    pub const ALL: [Stream; 7] = [
        Stream::Hard,
        Stream::Error,
        Stream::Latency,
        Stream::Tail,
        Stream::TimePerOutputToken,
        Stream::Cost,
        Stream::OutputLength,
    ];

    /// As in plans, reports and metrics.
    pub fn name(self) -> &'static str {
        match self {
            Stream::Hard => "hard",
            Stream::Error => "error",
            Stream::Latency => "latency",
            Stream::Tail => "tail",
            Stream::TimePerOutputToken => "time_per_output_token",
            Stream::Cost => "cost",
            Stream::OutputLength => "output_length",
        }
    }

    pub fn from_name(name: &str) -> Option<Stream> {
        Stream::ALL.into_iter().find(|stream| stream.name() == name)
    }

    /// Whether its effect is green's rate less blue's; otherwise it is green's mean over blue's.
    pub fn counts_cases(self) -> bool {
        match self {
            Stream::Hard | Stream::Error | Stream::Tail => true,
            Stream::Latency | Stream::TimePerOutputToken | Stream::Cost | Stream::OutputLength => false,
        }
    }
}

/// Some of the streams.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Streams(u8);

impl Streams {
    pub fn contains(self, stream: Stream) -> bool {
        self.0 & bit(stream) != 0
    }

    pub fn insert(&mut self, stream: Stream) {
        self.0 |= bit(stream);
    }

    pub fn iter(self) -> impl Iterator<Item = Stream> {
        Stream::ALL
            .into_iter()
            .filter(move |stream| self.contains(*stream))
    }
}

fn bit(stream: Stream) -> u8 {
    1 << stream as u8
}

/// What a stream does once its evidence is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// What the plan's `on_regression` says.
    Regression,
    /// The weight rises no further.
    Hold,
    Notify,
    Off,
}

impl Action {
    pub const ALL: [Action; 4] = [Action::Regression, Action::Hold, Action::Notify, Action::Off];

    pub fn name(self) -> &'static str {
        match self {
            Action::Regression => "regression",
            Action::Hold => "hold",
            Action::Notify => "notify",
            Action::Off => "off",
        }
    }

    pub fn from_name(name: &str) -> Option<Action> {
        Action::ALL.into_iter().find(|action| action.name() == name)
    }
}

/// When one stream acts, and how.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Metric {
    pub action: Action,
    /// Greatest chance of a false rollback; only streams that roll back spend any.
    pub alpha: f64,
    /// Smallest effect worth acting on: a difference of rates (0.01 is one point) or a ratio of
    /// geometric means, as the stream counts.
    pub effect: f64,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Metrics {
    pub hard: Metric,
    pub error: Metric,
    pub latency: Metric,
    pub tail: Metric,
    pub time_per_output_token: Metric,
    pub cost: Metric,
    pub output_length: Metric,
}

impl Metrics {
    /// A better model may well cost or say more, so that is only told; a slower one waits for a
    /// person.
    pub const STANDARD: Metrics = Metrics {
        hard: rolls_back(0.003, 0.0),
        error: rolls_back(0.004, 0.01),
        latency: rolls_back(0.002, 1.25),
        tail: rolls_back(0.001, 0.05),
        time_per_output_token: holds(1.25),
        cost: tells(1.25),
        output_length: tells(1.25),
    };

    pub fn of(&self, stream: Stream) -> &Metric {
        match stream {
            Stream::Hard => &self.hard,
            Stream::Error => &self.error,
            Stream::Latency => &self.latency,
            Stream::Tail => &self.tail,
            Stream::TimePerOutputToken => &self.time_per_output_token,
            Stream::Cost => &self.cost,
            Stream::OutputLength => &self.output_length,
        }
    }

    pub fn of_mut(&mut self, stream: Stream) -> &mut Metric {
        match stream {
            Stream::Hard => &mut self.hard,
            Stream::Error => &mut self.error,
            Stream::Latency => &mut self.latency,
            Stream::Tail => &mut self.tail,
            Stream::TimePerOutputToken => &mut self.time_per_output_token,
            Stream::Cost => &mut self.cost,
            Stream::OutputLength => &mut self.output_length,
        }
    }
}

const fn rolls_back(alpha: f64, effect: f64) -> Metric {
    Metric {
        action: Action::Regression,
        alpha,
        effect,
    }
}

const fn holds(effect: f64) -> Metric {
    Metric {
        action: Action::Hold,
        alpha: 0.0,
        effect,
    }
}

const fn tells(effect: f64) -> Metric {
    Metric {
        action: Action::Notify,
        ..holds(effect)
    }
}

/// How one stream stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    Off,
    Fine,
    /// Suspicious, and only worth telling.
    Noted,
    /// Suspicious: the weight may not rise.
    Cautious,
    Regressed,
}

impl Standing {
    pub fn name(self) -> &'static str {
        match self {
            Standing::Off => "off",
            Standing::Fine => "ok",
            Standing::Noted => "noted",
            Standing::Cautious => "caution",
            Standing::Regressed => "regression",
        }
    }
}

/// What all streams say together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finding {
    Fine,
    Caution(Stream),
    Regression(Stream),
}

impl Engine {
    /// `caution`: evidence from which a weight may not rise, whatever the effect.
    pub fn standing(&self, stream: Stream, metric: &Metric, caution: f64) -> Standing {
        let evidence = self.evidence(stream);
        let large = || self.effect(stream) >= metric.effect;
        match metric.action {
            Action::Off => Standing::Off,
            Action::Regression if evidence >= 1.0 / metric.alpha && large() => Standing::Regressed,
            Action::Regression if evidence >= caution => Standing::Cautious,
            Action::Hold if evidence >= caution && large() => Standing::Cautious,
            Action::Notify if evidence >= caution && large() => Standing::Noted,
            Action::Regression | Action::Hold | Action::Notify => Standing::Fine,
        }
    }

    /// The worst that any stream says, apart from the `settled` ones, about which an operator has
    /// already decided.
    pub fn finding(&self, metrics: &Metrics, caution: f64, settled: Streams) -> Finding {
        let mut finding = Finding::Fine;
        for stream in Stream::ALL {
            if settled.contains(stream) {
                continue;
            }
            match self.standing(stream, metrics.of(stream), caution) {
                Standing::Regressed => return Finding::Regression(stream),
                Standing::Cautious if finding == Finding::Fine => finding = Finding::Caution(stream),
                Standing::Cautious | Standing::Off | Standing::Fine | Standing::Noted => {}
            }
        }
        finding
    }
}
