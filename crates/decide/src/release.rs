//! What an operator's verb does to a deployment's split: split, promote, rollback, finalize.
//!
//! A release is the part of a deployment that lives on while the file stays as it is. Every
//! change here is a new revision; a verb that already holds changes nothing; a verb that does not
//! fit is a conflict that names the state.

use std::fmt;

use crate::Share;

/// The live state of one deployment's route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Release {
    pub revision: u64,
    pub green: Share,
    pub phase: Phase,
    /// New for each candidate.
    pub salt: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Phase {
    /// Blue alone.
    Single,
    /// Blue alone, and it was green until it was finalized.
    Finalized,
    /// Blue and green share the traffic as the split says.
    Split,
    /// Green has all of it, blue stays ready.
    Promoted,
    /// Green was taken out, and stays out until somebody puts it back by hand.
    RolledBack,
}

impl Phase {
    pub const ALL: [Phase; 5] = [
        Phase::Single,
        Phase::Finalized,
        Phase::Split,
        Phase::Promoted,
        Phase::RolledBack,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Phase::Single => "single",
            Phase::Finalized => "finalized",
            Phase::Split => "split",
            Phase::Promoted => "promoted",
            Phase::RolledBack => "rolled_back",
        }
    }

    pub fn from_name(name: &str) -> Option<Phase> {
        Phase::ALL.into_iter().find(|phase| phase.name() == name)
    }

    pub fn has_green(self) -> bool {
        !matches!(self, Phase::Single | Phase::Finalized)
    }
}

/// What is asked of a release.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    Split(Share),
    Promote,
    Rollback,
    Finalize,
    /// A green that was not there before, with its start share and a fresh salt.
    NewCandidate {
        start: Share,
        salt: u64,
    },
    /// The green definition is gone.
    CandidateRemoved,
    /// Something else of the route changed: blue, stickiness, settings.
    Redefined,
}

impl Verb {
    pub fn name(self) -> &'static str {
        match self {
            Verb::Split(_) => "split",
            Verb::Promote => "promote",
            Verb::Rollback => "rollback",
            Verb::Finalize => "finalize",
            Verb::NewCandidate { .. } => "new candidate",
            Verb::CandidateRemoved => "candidate removed",
            Verb::Redefined => "redefined",
        }
    }
}

/// The verb does not fit the state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    pub verb: &'static str,
    pub state: &'static str,
    pub why: String,
}

impl fmt::Display for Conflict {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            out,
            "cannot {} in state '{}': {}",
            self.verb, self.state, self.why
        )
    }
}

impl std::error::Error for Conflict {}

impl Release {
    /// A deployment that was never seen before.
    pub fn new(candidate: Option<Share>, salt: u64) -> Release {
        let phase = if candidate.is_some() {
            Phase::Split
        } else {
            Phase::Single
        };
        Release {
            revision: 1,
            green: candidate.unwrap_or(Share::NONE),
            phase,
            salt,
        }
    }

    /// The release after `verb`; equal to `self` where the verb already holds.
    pub fn apply(&self, verb: Verb) -> Result<Release, Conflict> {
        match verb {
            Verb::Split(share) if share == Share::NONE && !self.phase.has_green() => Ok(self.clone()),
            Verb::Split(share) => self.with_green(verb)?.split(share),
            Verb::Promote => Ok(self.with_green(verb)?.moved(Phase::Promoted, Share::ALL)),
            Verb::Rollback => Ok(self.with_green(verb)?.moved(Phase::RolledBack, Share::NONE)),
            Verb::Finalize if self.phase == Phase::Finalized => Ok(self.clone()),
            Verb::Finalize => self.with_green(verb)?.finalize(),
            Verb::NewCandidate { start, salt } => Ok(Release {
                revision: self.revision + 1,
                green: start,
                phase: Phase::Split,
                salt,
            }),
            Verb::CandidateRemoved if !self.phase.has_green() => Ok(self.clone()),
            Verb::CandidateRemoved => Ok(self.moved(Phase::Single, Share::NONE)),
            Verb::Redefined => Ok(Release {
                revision: self.revision + 1,
                ..self.clone()
            }),
        }
    }

    fn with_green(&self, verb: Verb) -> Result<&Release, Conflict> {
        if self.phase.has_green() {
            return Ok(self);
        }
        Err(self.conflict(verb, "there is no green environment"))
    }

    fn split(&self, share: Share) -> Result<Release, Conflict> {
        match self.phase {
            // At 0 a rollback stays one: the latch is not lifted by saying what already holds.
            Phase::RolledBack if share == Share::NONE => Ok(self.clone()),
            Phase::Promoted if share == Share::ALL => Ok(self.clone()),
            _ => Ok(self.moved(Phase::Split, share)),
        }
    }

    fn finalize(&self) -> Result<Release, Conflict> {
        if self.green == Share::ALL {
            return Ok(self.moved(Phase::Finalized, Share::NONE));
        }
        let why = format!("green gets {}; promote it first", self.green);
        Err(self.conflict(Verb::Finalize, &why))
    }

    fn moved(&self, phase: Phase, green: Share) -> Release {
        if (phase, green) == (self.phase, self.green) {
            return self.clone();
        }
        Release {
            revision: self.revision + 1,
            green,
            phase,
            salt: self.salt,
        }
    }

    fn conflict(&self, verb: Verb, why: &str) -> Conflict {
        Conflict {
            verb: verb.name(),
            state: self.phase.name(),
            why: why.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {

    use super::*;

    fn at(percent: &str) -> Share {
        Share::parse(percent).unwrap()
    }

    /// Applies the verbs in turn and writes down `phase share revision` after each.
    fn story(start: Option<&str>, verbs: &[Verb]) -> Vec<String> {
        let mut release = Release::new(start.map(at), 1);
        let mut told = Vec::new();
        for verb in verbs {
            match release.apply(*verb) {
                Ok(next) => {
                    release = next;
                    told.push(format!(
                        "{} {} r{}",
                        release.phase.name(),
                        release.green,
                        release.revision
                    ));
                }
                Err(conflict) => told.push(conflict.to_string()),
            }
        }
        told
    }

    #[test]
    fn a_release_goes_from_split_to_finalized() {
        let verbs = [
            Verb::Split(at("10")),
            Verb::Promote,
            Verb::Promote,
            Verb::Finalize,
            Verb::Finalize,
        ];
        let told = story(Some("0"), &verbs);
        assert_eq!(
            told,
            [
                "split 10% r2",
                "promoted 100% r3",
                "promoted 100% r3",
                "finalized 0% r4",
                "finalized 0% r4"
            ]
        );
    }

    #[test]
    fn a_rollback_holds_in_any_state_until_green_is_put_back_by_hand() {
        let verbs = [
            Verb::Promote,
            Verb::Rollback,
            Verb::Rollback,
            Verb::Split(Share::NONE),
            Verb::Split(at("5")),
        ];
        let told = story(Some("50"), &verbs);
        assert_eq!(
            told,
            [
                "promoted 100% r2",
                "rolled_back 0% r3",
                "rolled_back 0% r3",
                "rolled_back 0% r3",
                "split 5% r4"
            ]
        );
    }

    #[test]
    fn verbs_that_do_not_fit_name_the_state() {
        let none = "in state 'single': there is no green environment";
        let told = story(
            None,
            &[
                Verb::Promote,
                Verb::Rollback,
                Verb::Split(at("1")),
                Verb::Split(Share::NONE),
            ],
        );
        assert_eq!(told[0], format!("cannot promote {none}"));
        assert_eq!(told[1], format!("cannot rollback {none}"));
        assert_eq!(told[2], format!("cannot split {none}"));
        assert_eq!(told[3], "single 0% r1");
        let early = story(Some("10"), &[Verb::Finalize]);
        assert_eq!(
            early,
            ["cannot finalize in state 'split': green gets 10%; promote it first"]
        );
    }

    #[test]
    fn a_new_candidate_starts_over_whatever_was_before() {
        let fresh = Verb::NewCandidate {
            start: at("0"),
            salt: 9,
        };
        assert_eq!(
            story(Some("50"), &[Verb::Rollback, fresh]),
            ["rolled_back 0% r2", "split 0% r3"]
        );
        assert_eq!(
            story(Some("100"), &[Verb::CandidateRemoved, fresh]),
            ["single 0% r2", "split 0% r3"]
        );
    }
}
