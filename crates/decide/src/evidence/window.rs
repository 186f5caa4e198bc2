//! Plain limits over the last minute: error rate above 5 %, latency above 2000 ms.
//!
//! For HTTP services, and for those who ask for it. It looks at green alone, so an outage of both
//! sides rolls a healthy green back; the evidence is the default for that reason. The 95th
//! percentile is above a limit exactly when more than 5 % of the successes are, so counting is all
//! it takes.

/// The parts that a window moves on by.
const PARTS: usize = 6;
/// More successes than this above the limit: the 95th percentile is.
pub const TOLERATED_SLOW: f64 = 0.05;

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits {
    /// 0 to 1.
    pub error_rate: f64,
    /// For the 95th percentile of the time to the first byte.
    pub latency_seconds: f64,
    pub window_seconds: f64,
    /// Fewer requests in the window decide nothing.
    pub min_requests: f64,
}

impl Limits {
    pub const STANDARD: Limits = Limits {
        error_rate: 0.05,
        latency_seconds: 2.0,
        window_seconds: 60.0,
        min_requests: 20.0,
    };
}

/// Green's requests of one part of the window.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Part {
    /// Which part this is, counted from the start of the rollout; 0 is none.
    pub(super) number: f64,
    pub(super) requests: f64,
    pub(super) failed: f64,
    pub(super) answered: f64,
    pub(super) slow: f64,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Window {
    pub(super) parts: [Part; PARTS],
}

/// What a window holds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct InWindow {
    pub requests: f64,
    pub failed: f64,
    pub answered: f64,
    pub slow: f64,
}

impl InWindow {
    pub fn error_rate(self) -> f64 {
        if self.requests > 0.0 {
            self.failed / self.requests
        } else {
            0.0
        }
    }

    pub fn too_many_errors(self, limits: &Limits) -> bool {
        self.requests >= limits.min_requests && self.error_rate() > limits.error_rate
    }

    pub fn too_slow(self, limits: &Limits) -> bool {
        self.answered >= limits.min_requests && self.slow_rate() > TOLERATED_SLOW
    }

    pub fn slow_rate(self) -> f64 {
        if self.answered > 0.0 {
            self.slow / self.answered
        } else {
            0.0
        }
    }
}

impl Window {
    pub fn outcome(&mut self, failed: bool, at: f64, limits: &Limits) {
        let part = self.part(at, limits);
        part.requests += 1.0;
        part.failed += if failed { 1.0 } else { 0.0 };
    }

    pub fn first_byte(&mut self, seconds: f64, at: f64, limits: &Limits) {
        let part = self.part(at, limits);
        part.answered += 1.0;
        part.slow += if seconds > limits.latency_seconds {
            1.0
        } else {
            0.0
        };
    }

    pub fn seen(&self, at: f64, limits: &Limits) -> InWindow {
        let oldest = number(at, limits) - PARTS as f64;
        let mut seen = InWindow::default();
        for part in self.parts.iter().filter(|part| part.number > oldest) {
            seen.requests += part.requests;
            seen.failed += part.failed;
            seen.answered += part.answered;
            seen.slow += part.slow;
        }
        seen
    }

    fn part(&mut self, at: f64, limits: &Limits) -> &mut Part {
        let number = number(at, limits);
        let [first, rest @ ..] = &mut self.parts;
        let slot = number as usize % PARTS;
        let part = match slot.checked_sub(1).and_then(|slot| rest.get_mut(slot)) {
            Some(part) => part,
            None => first,
        };
        if part.number != number {
            *part = Part {
                number,
                ..Part::default()
            };
        }
        part
    }
}

fn number(at: f64, limits: &Limits) -> f64 {
    1.0 + (at.max(0.0) * PARTS as f64 / limits.window_seconds).floor()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits::STANDARD;

    #[test]
    fn a_window_forgets_what_is_older_than_it() {
        let mut window = Window::default();
        for second in 0..30 {
            window.outcome(true, f64::from(second), &LIMITS);
        }
        assert!(window.seen(30.0, &LIMITS).too_many_errors(&LIMITS));
        assert_eq!(window.seen(200.0, &LIMITS), InWindow::default());
        assert!(!window.seen(200.0, &LIMITS).too_many_errors(&LIMITS));
    }

    #[test]
    fn few_requests_decide_nothing() {
        let mut window = Window::default();
        for _ in 0..19 {
            window.outcome(true, 1.0, &LIMITS);
            window.first_byte(9.0, 1.0, &LIMITS);
        }
        assert!(
            !window.seen(1.0, &LIMITS).too_many_errors(&LIMITS)
                && !window.seen(1.0, &LIMITS).too_slow(&LIMITS)
        );
        window.outcome(false, 1.0, &LIMITS);
        window.first_byte(0.1, 1.0, &LIMITS);
        assert!(
            window.seen(1.0, &LIMITS).too_many_errors(&LIMITS) && window.seen(1.0, &LIMITS).too_slow(&LIMITS)
        );
    }

    #[test]
    fn the_limit_itself_is_not_above_the_limit() {
        let mut window = Window::default();
        for n in 0..100 {
            window.outcome(n < 5, 1.0, &LIMITS);
            window.first_byte(if n < 5 { 2.1 } else { 2.0 }, 1.0, &LIMITS);
        }
        assert!(
            !window.seen(1.0, &LIMITS).too_many_errors(&LIMITS)
                && !window.seen(1.0, &LIMITS).too_slow(&LIMITS)
        );
    }
}
