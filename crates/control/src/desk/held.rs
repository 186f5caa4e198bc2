//! One deployment as it is held: its definition, its release, and what finalize left behind.
//!
//! The definition says what blue and green are; the release says who gets what. After a finalize
//! the file still calls the old one blue, so what was adopted outranks it until the file changes.

use decide::release::{Conflict, Phase, Release, Verb};
use decide::route::{Route, Sticky};
use store::StoreError;
use store::routes::AdoptedGreen;

use crate::config::{self, Deployment, Environment};

#[derive(Clone, Debug)]
pub(super) struct Held {
    pub(super) owner: Owner,
    /// As the file or the API defines it.
    pub(super) definition: Deployment,
    /// What is blue and green now.
    pub(super) blue: Environment,
    pub(super) green: Option<Environment>,
    pub(super) release: Release,
    pub(super) adopted: Option<AdoptedGreen>,
    /// What the store has.
    pub(super) stored: Option<i64>,
    pub(super) promoted_at: Option<i64>,
    /// Digest of the green that the release is about: another one than `green` where the file of another gateway on
    /// the same store defines another.
    pub(super) candidate: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    File,
    Store,
}

impl Held {
    /// Brings a definition together with what the store remembers of this name. `before` is what was held until now:
    /// only a definition that changed here brings a new candidate, or two gateways with different files would take
    /// turns in starting over for ever.
    pub(super) fn reconcile(
        owner: Owner,
        definition: Deployment,
        known: Option<&store::routes::Route>,
        before: Option<&Held>,
        salt: u64,
    ) -> Result<Held, StoreError> {
        let adopted = known.and_then(|route| route.adopted.clone());
        let (blue, green, adopted) = in_force(&definition, adopted)?;
        let start = definition.split.green.into();
        let own = digest(green.as_ref());
        let mut candidate = own.clone();
        let mut promoted_at = known.and_then(|route| route.promoted_at);
        let release = match known {
            None => Release::new(green.as_ref().map(|_| start), salt),
            Some(route) if route.candidate == own => release_of(route)?,
            Some(route) if before.is_some_and(|before| digest(before.green.as_ref()) == own) => {
                candidate = route.candidate.clone();
                release_of(route)?
            }
            Some(route) => {
                promoted_at = None;
                let verb = match own {
                    Some(_) => Verb::NewCandidate { start, salt },
                    None => Verb::CandidateRemoved,
                };
                let release = release_of(route)?;
                release.apply(verb).unwrap_or(release)
            }
        };
        Ok(Held {
            owner,
            definition,
            blue,
            green,
            release,
            adopted,
            stored: known.map(|route| route.revision),
            promoted_at,
            candidate,
        })
    }

    /// The deployment after `verb`; equal in its release where the verb already holds.
    pub(super) fn after(&self, verb: Verb, at: i64) -> Result<Held, Conflict> {
        let release = self.release.apply(verb)?;
        let mut next = Held {
            release,
            ..self.clone()
        };
        if next.release.revision == self.release.revision {
            return Ok(next);
        }
        if verb == Verb::Finalize && self.is_of_another_file() {
            return Err(Conflict {
                verb: verb.name(),
                state: self.release.phase.name(),
                why: "the file of another gateway defines another green; bring this one's up to date"
                    .to_owned(),
            });
        }
        match (verb, self.green.clone()) {
            (Verb::Finalize, Some(green)) => {
                next.adopted = Some(AdoptedGreen {
                    green_digest: green.digest(),
                    file_blue_digest: self.definition.blue.digest(),
                    environment: serde_json::to_string(&green).unwrap_or_default(),
                });
                next.blue = green;
                next.green = None;
                next.candidate = None;
                next.promoted_at = None;
            }
            (Verb::Promote, _) => next.promoted_at = Some(at),
            (Verb::Split(_) | Verb::Rollback, _) => next.promoted_at = None,
            _ => {}
        }
        Ok(next)
    }

    pub(super) fn route(&self) -> Route {
        Route {
            revision: self.release.revision,
            // The share was meant for another green than the one that is known here.
            green: match self.is_of_another_file() {
                true => decide::Share::NONE,
                false => self.release.green,
            },
            has_green: self.green.is_some(),
            latched: self.release.phase == Phase::RolledBack,
            salt: self.release.salt,
            sticky: match self.definition.sticky {
                config::Sticky::Auto => Sticky::Auto,
                config::Sticky::Session => Sticky::Session,
                config::Sticky::User => Sticky::User,
                config::Sticky::Key => Sticky::Key,
                config::Sticky::None => Sticky::None,
            },
        }
    }

    /// The row that the store keeps.
    pub(super) fn row(&self, name: &str, at: i64) -> store::routes::Route {
        store::routes::Route {
            deployment: name.to_owned(),
            revision: i64::try_from(self.release.revision).unwrap_or(i64::MAX),
            green_share: self.release.green.hundredths(),
            salt: self.release.salt,
            candidate: self.candidate.clone(),
            phase: self.release.phase.name().to_owned(),
            latched: (self.release.phase == Phase::RolledBack).then(|| "operator".to_owned()),
            previous_share: None,
            promoted_at: self.promoted_at,
            adopted: self.adopted.clone(),
            updated_at: at,
        }
    }

    /// The release is about the green of another gateway's file.
    pub(super) fn is_of_another_file(&self) -> bool {
        self.candidate != digest(self.green.as_ref())
    }

    /// A rollback that is in force here, and that the store does not have yet.
    pub(super) fn is_unstored_rollback(&self) -> bool {
        let revision = i64::try_from(self.release.revision).ok();
        self.release.phase == Phase::RolledBack && self.stored != revision
    }

    /// The file should be brought up to date: it still calls green what is blue by now.
    pub(super) fn is_ahead_of_file(&self) -> bool {
        self.owner == Owner::File && self.adopted.is_some()
    }
}

fn digest(environment: Option<&Environment>) -> Option<String> {
    environment.map(Environment::digest)
}

type InForce = (Environment, Option<Environment>, Option<AdoptedGreen>);

/// What is blue and green by a definition, given what finalize adopted before.
fn in_force(definition: &Deployment, adopted: Option<AdoptedGreen>) -> Result<InForce, StoreError> {
    let as_written = |definition: &Deployment| (definition.blue.clone(), definition.green.clone(), None);
    let Some(adopted) = adopted else {
        return Ok(as_written(definition));
    };
    // The file changed its blue since: it leads again.
    if definition.blue.digest() != adopted.file_blue_digest {
        return Ok(as_written(definition));
    }
    let blue: Environment =
        serde_json::from_str(&adopted.environment).map_err(|source| StoreError::Corrupt {
            what: "the environment that finalize adopted cannot be read".to_owned(),
            source: Some(source.into()),
        })?;
    // The unchanged green is blue by now; another one is a new candidate for it.
    let green = definition
        .green
        .clone()
        .filter(|green| green.digest() != adopted.green_digest);
    Ok((blue, green, Some(adopted)))
}

fn release_of(route: &store::routes::Route) -> Result<Release, StoreError> {
    let damaged = || StoreError::Corrupt {
        what: format!("the route of '{}' is in no known state", route.deployment),
        source: None,
    };
    Ok(Release {
        revision: u64::try_from(route.revision).map_err(|_| damaged())?,
        green: decide::Share::from_hundredths(route.green_share).ok_or_else(damaged)?,
        phase: Phase::from_name(&route.phase).ok_or_else(damaged)?,
        salt: route.salt,
    })
}

impl From<config::Share> for decide::Share {
    fn from(share: config::Share) -> decide::Share {
        decide::Share::from_hundredths(share.hundredths()).unwrap_or(decide::Share::NONE)
    }
}
