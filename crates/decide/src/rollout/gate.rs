//! May a phase be left?

use super::plan::{OnInconclusive, Phase};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gate {
    Advance,
    Wait,
    /// Waited long enough to tell somebody.
    Hold,
    /// The phase is too long without an answer, and the plan wants it so.
    Rollback,
}

/// `calm`: nothing is suspicious. `clear`: nothing outside of the evidence (an approval, capacity)
/// is missing. `requests` are green's, completed in this phase.
pub fn gate(phase: &Phase, elapsed_seconds: f64, requests: u64, calm: bool, clear: bool) -> Gate {
    let enough = elapsed_seconds >= phase.min_duration_seconds && requests >= phase.min_requests;
    if enough && calm && clear {
        return Gate::Advance;
    }
    if elapsed_seconds < phase.max_duration_seconds {
        return Gate::Wait;
    }
    match phase.on_inconclusive {
        OnInconclusive::Rollback => Gate::Rollback,
        // Whatever a plan says: silence promotes nobody.
        OnInconclusive::Advance if calm && clear && requests > 0 => Gate::Advance,
        OnInconclusive::Advance | OnInconclusive::Hold => Gate::Hold,
    }
}
