//! Who comes in at the admin address: tokens and what they may do, sessions of browsers, and what a
//! stranger's web page must not reach.
//!
//! Tokens are kept and compared as hashes, so neither a leak of this memory nor the time that a
//! comparison takes tells anything about one.

mod hosts;
mod sessions;
mod tries;

use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use gateway::Digest;
use tokio::time::Instant;

use crate::config::{Config, Role};
pub use hosts::Host;
pub use sessions::LIFETIME;
use sessions::{Session, Sessions};
pub use tries::TooMany;
use tries::Tries;

/// Somebody who has shown a credential.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// As the audit log shows it.
    pub name: String,
    pub role: Role,
}

/// Why a token is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    Unknown,
    TooMany(TooMany),
}

/// All of it is behind one lock that is held for a look-up; requests of clients never come here.
#[derive(Debug)]
pub struct Gate(Mutex<Inner>);

#[derive(Debug)]
struct Inner {
    admin: Digest,
    known: Vec<(Digest, Caller)>,
    hosts: Vec<String>,
    sessions: Sessions,
    tries: Tries,
}

impl Gate {
    /// With the token of `admin`, and what the configuration says beside it.
    pub fn new(admin_token: &str, config: &Config) -> Gate {
        let gate = Gate(Mutex::new(Inner {
            admin: gateway::digest(admin_token.as_bytes()),
            known: Vec::new(),
            hosts: Vec::new(),
            sessions: Sessions::default(),
            tries: Tries::default(),
        }));
        gate.configure(config);
        gate
    }

    /// Takes a changed configuration over. Sessions of tokens that are gone end with them.
    pub fn configure(&self, config: &Config) {
        let mut inner = self.inner();
        let admin = Caller {
            name: "admin".to_owned(),
            role: Role::Admin,
        };
        let further = config.tokens.iter().map(|token| {
            let caller = Caller {
                name: token.name.clone(),
                role: token.role,
            };
            (gateway::digest(token.secret.expose().as_bytes()), caller)
        });
        inner.known = std::iter::once((inner.admin, admin)).chain(further).collect();
        inner.hosts = config
            .admin_hosts
            .iter()
            .map(|host| host.to_ascii_lowercase())
            .collect();
    }

    /// Whose token this is.
    ///
    /// # Errors
    /// When it is nobody's, or too many wrong ones came from there lately.
    pub fn by_token(&self, token: &str, from: IpAddr) -> Result<Caller, Refused> {
        self.inner().by_token(token, from).map(|(_, caller)| caller)
    }

    /// Begins a session under this secret id, if the token is somebody's.
    ///
    /// # Errors
    /// As [`Gate::by_token`].
    pub fn log_in(&self, token: &str, id: &str, from: IpAddr) -> Result<Caller, Refused> {
        let mut inner = self.inner();
        let (token, caller) = inner.by_token(token, from)?;
        let now = Instant::now();
        let session = Session {
            token,
            until: now + LIFETIME,
        };
        inner.sessions.begin(gateway::digest(id.as_bytes()), session, now);
        Ok(caller)
    }

    /// Whose session this is, and until when; `None` once it or its token is over.
    pub fn by_session(&self, id: &str) -> Option<(Caller, Instant)> {
        let inner = self.inner();
        let session = inner
            .sessions
            .find(&gateway::digest(id.as_bytes()), Instant::now())?;
        let known = inner.known.iter().find(|(token, _)| *token == session.token)?;
        Some((known.1.clone(), session.until))
    }

    pub fn log_out(&self, id: &str) {
        self.inner().sessions.end(&gateway::digest(id.as_bytes()));
    }

    /// Whether a browser may reach us under this name.
    pub fn knows(&self, host: &Host<'_>) -> bool {
        host.is_literal_or_local() || self.is_configured(host)
    }

    /// Whether the page that sends this (its `Origin`) is our own: the name it was asked by, or a
    /// configured one, which a proxy in front of us may have replaced.
    pub fn is_own_page(&self, origin: &str, host: &Host<'_>) -> bool {
        let Some((_, page)) = origin.split_once("://") else {
            return false;
        };
        page.eq_ignore_ascii_case(host.written()) || self.is_configured(&Host::of(page))
    }

    fn is_configured(&self, host: &Host<'_>) -> bool {
        self.inner().hosts.iter().any(|known| *known == host.name())
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn by_token(&mut self, token: &str, from: IpAddr) -> Result<(Digest, Caller), Refused> {
        let now = Instant::now();
        self.tries.may_try(from, now).map_err(Refused::TooMany)?;
        let digest = gateway::digest(token.as_bytes());
        match self.known.iter().find(|(known, _)| *known == digest) {
            Some(known) => {
                self.tries.was_right(from, now);
                Ok(known.clone())
            }
            None => {
                self.tries.was_wrong(from, now);
                Err(Refused::Unknown)
            }
        }
    }
}

#[cfg(test)]
mod tests;
