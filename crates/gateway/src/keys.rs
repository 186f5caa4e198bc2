//! The keys clients may use, looked up by the hash of what they sent.
//!
//! Only hashes are kept. An unknown key costs the same as a known one: one hash, one look-up, no
//! database. The control plane adds and removes keys while requests read.

use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use decide::route::Allowed;

use crate::limits::Meter;
use crate::till::Budget;

/// SHA-256 of a key's secret.
pub type Digest = [u8; 32];

/// A client credential, without its secret.
#[derive(Debug)]
pub struct Key {
    pub name: Arc<str>,
    /// The payer; the key's own name where none was given.
    pub account: Arc<str>,
    pub allowed: Allowed,
    /// Whether requests may name or weigh a side.
    pub may_override: bool,
    /// Unix milliseconds after which this secret is refused.
    pub expires_at: Option<u64>,
    /// What counts its use; `None` for a key without limits.
    pub limits: Option<Arc<Meter>>,
    /// Whether `account` was given one, which then pays.
    pub has_account: bool,
    pub budget: Option<Budget>,
}

#[derive(Debug)]
pub struct KeyRing {
    by_digest: papaya::HashMap<Digest, Arc<Key>, BuildHasherDefault<OfDigest>>,
    /// Whether every key of the store is in here; if not, an unknown key may be a good one.
    complete: AtomicBool,
}

/// A digest is as good a hash as any: its first bytes are taken. Who could choose them could as well forge a key.
#[derive(Default)]
struct OfDigest(u64);

impl Hasher for OfDigest {
    fn write(&mut self, bytes: &[u8]) {
        self.0 = bytes
            .first_chunk()
            .map_or(self.0, |first| u64::from_ne_bytes(*first));
    }

    /// The length of a digest says nothing.
    fn write_usize(&mut self, _: usize) {}

    fn finish(&self) -> u64 {
        self.0
    }
}

impl Default for KeyRing {
    fn default() -> Self {
        KeyRing {
            by_digest: papaya::HashMap::default(),
            complete: AtomicBool::new(true),
        }
    }
}

/// Why a request's key was not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Denied {
    Unknown,
    /// The store could not be asked, so unknown is not known to be wrong.
    CannotTell,
}

impl KeyRing {
    pub fn insert(&self, digest: Digest, key: Arc<Key>) {
        self.by_digest.pin().insert(digest, key);
    }

    pub fn remove(&self, digest: &Digest) {
        self.by_digest.pin().remove(digest);
    }

    /// Of the keys that `among` is true of, makes the ring hold exactly `keys`; a key in both is found all the while.
    pub fn replace(&self, among: impl Fn(&Key) -> bool, keys: Vec<(Digest, Arc<Key>)>) {
        let kept: std::collections::HashSet<Digest> = keys.iter().map(|(digest, _)| *digest).collect();
        let ring = self.by_digest.pin();
        for (digest, key) in keys {
            ring.insert(digest, key);
        }
        ring.retain(|digest, key| !among(key) || kept.contains(digest));
    }

    pub fn len(&self) -> usize {
        self.by_digest.len()
    }

    pub fn is_empty(&self) -> bool {
        self.by_digest.is_empty()
    }

    /// Says whether the store's keys are all known here.
    pub fn set_complete(&self, complete: bool) {
        self.complete.store(complete, Ordering::Relaxed);
    }

    /// `now` in Unix milliseconds.
    pub(crate) fn find(&self, digest: &Digest, now: u64) -> Result<Arc<Key>, Denied> {
        match self.by_digest.pin().get(digest) {
            Some(key) if key.expires_at.is_none_or(|end| now < end) => Ok(Arc::clone(key)),
            Some(_) => Err(Denied::Unknown),
            None if self.complete.load(Ordering::Relaxed) => Err(Denied::Unknown),
            None => Err(Denied::CannotTell),
        }
    }
}

/// The hash under which a secret is kept.
pub fn digest(secret: &[u8]) -> Digest {
    let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, secret);
    let mut digest = [0; 32];
    digest.copy_from_slice(hash.as_ref());
    digest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(expires_at: Option<u64>) -> Arc<Key> {
        named("app", expires_at)
    }

    fn named(name: &str, expires_at: Option<u64>) -> Arc<Key> {
        let name: Arc<str> = name.into();
        Arc::new(Key {
            account: name.clone(),
            name,
            allowed: Allowed::All,
            may_override: true,
            expires_at,
            limits: None,
            has_account: false,
            budget: None,
        })
    }

    #[test]
    fn a_key_is_found_until_it_expires_or_is_removed() {
        let ring = KeyRing::default();
        let good = digest(b"secret");
        ring.insert(good, key(Some(1_000)));
        assert!(ring.find(&good, 999).is_ok());
        assert_eq!(ring.find(&good, 1_000).unwrap_err(), Denied::Unknown);
        assert_eq!(ring.find(&digest(b"other"), 0).unwrap_err(), Denied::Unknown);
        ring.remove(&good);
        assert_eq!(ring.find(&good, 0).unwrap_err(), Denied::Unknown);
    }

    #[test]
    fn an_unreachable_store_makes_unknown_keys_undecided_and_known_ones_keep_working() {
        let ring = KeyRing::default();
        ring.insert(digest(b"known"), key(None));
        ring.set_complete(false);
        assert!(ring.find(&digest(b"known"), 0).is_ok());
        assert_eq!(ring.find(&digest(b"other"), 0).unwrap_err(), Denied::CannotTell);
    }

    #[test]
    fn replacing_drops_what_is_no_longer_listed() {
        let ring = KeyRing::default();
        ring.replace(
            |_| true,
            vec![(digest(b"a"), key(None)), (digest(b"b"), key(None))],
        );
        ring.replace(|_| true, vec![(digest(b"b"), key(None))]);
        assert_eq!(ring.len(), 1);
        assert!(ring.find(&digest(b"b"), 0).is_ok());
    }

    #[test]
    fn replacing_among_some_leaves_the_others() {
        let ring = KeyRing::default();
        for secret in ["old", "older"] {
            ring.insert(digest(secret.as_bytes()), named("rotated", None));
        }
        ring.insert(digest(b"other"), named("other", None));
        let rotated = |key: &Key| &*key.name == "rotated";
        ring.replace(
            rotated,
            vec![
                (digest(b"new"), named("rotated", None)),
                (digest(b"old"), named("rotated", Some(1_000))),
            ],
        );
        assert_eq!(ring.len(), 3);
        assert_eq!(ring.find(&digest(b"older"), 0).unwrap_err(), Denied::Unknown);
        assert_eq!(ring.find(&digest(b"old"), 0).unwrap().expires_at, Some(1_000));
        assert!(ring.find(&digest(b"other"), 0).is_ok());
        ring.replace(rotated, Vec::new());
        assert_eq!(ring.len(), 1);
    }
}
