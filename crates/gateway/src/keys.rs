//! The keys clients may use, looked up by the hash of what they sent.
//!
//! Only hashes are kept. A known key costs one hash and one look-up, and no database. The control plane adds and
//! removes keys while requests read; where other gateways do so too, it looks at their store again and again, and an
//! unknown key is called wrong only by a look that began after it was asked for.

use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use decide::route::Allowed;
use tokio::sync::{Notify, watch};

use crate::limits::Meter;
use crate::till::Budget;

/// SHA-256 of a key's secret.
pub type Digest = [u8; 32];

/// How long an unknown key waits for a look at the store, at most: for a control plane that follows it no more.
const LOOK_LIMIT: Duration = Duration::from_secs(2);

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
    sight: watch::Sender<Sight>,
    /// Looks at the store that have begun.
    begun: AtomicU64,
    /// Told when somebody waits for the next look.
    wanted: Notify,
}

/// Which of the store's keys are in the ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sight {
    /// All of them: nobody else makes any.
    All,
    /// All that were there when the look of this number began.
    Looked(u64),
    /// The store cannot be asked, so an unknown key may be a good one.
    Lost,
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
            sight: watch::Sender::new(Sight::All),
            begun: AtomicU64::new(0),
            wanted: Notify::new(),
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

    /// A look at a store that others change begins; its number, for [`looked`](Self::looked).
    pub fn begin_look(&self) -> u64 {
        self.begun.fetch_add(1, Ordering::SeqCst) + 1
    }

    /// What that look found is in the ring.
    pub fn looked(&self, look: u64) {
        self.sight.send_replace(Sight::Looked(look));
    }

    /// The store does not answer: nobody's key is known to be wrong until the next look.
    pub fn lose_sight(&self) {
        self.sight.send_replace(Sight::Lost);
    }

    /// Waits until somebody waits for a look.
    pub async fn look_wanted(&self) {
        self.wanted.notified().await;
    }

    /// `now` in Unix milliseconds.
    pub(crate) async fn find(&self, digest: &Digest, now: u64) -> Result<Arc<Key>, Denied> {
        match self.known(digest, now) {
            Some(known) => known,
            // Rare, and large: it is no part of what every request's future holds.
            None => Box::pin(self.find_by_a_look(digest, now)).await,
        }
    }

    fn known(&self, digest: &Digest, now: u64) -> Option<Result<Arc<Key>, Denied>> {
        let ring = self.by_digest.pin();
        let key = ring.get(digest)?;
        Some(match key.expires_at {
            Some(end) if end <= now => Err(Denied::Unknown),
            _ => Ok(Arc::clone(key)),
        })
    }

    async fn find_by_a_look(&self, digest: &Digest, now: u64) -> Result<Arc<Key>, Denied> {
        let begun = self.begun.load(Ordering::SeqCst);
        let mut sight = self.sight.subscribe();
        self.wanted.notify_one();
        let tells = |sight: &Sight| !matches!(sight, Sight::Looked(look) if *look <= begun);
        let seen = tokio::time::timeout(LOOK_LIMIT, sight.wait_for(tells)).await;
        match seen.map(|seen| seen.map(|seen| *seen)) {
            Ok(Ok(Sight::All | Sight::Looked(_))) => self.known(digest, now).unwrap_or(Err(Denied::Unknown)),
            Ok(Ok(Sight::Lost) | Err(_)) | Err(_) => Err(Denied::CannotTell),
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

    #[tokio::test]
    async fn a_key_is_found_until_it_expires_or_is_removed() {
        let ring = KeyRing::default();
        let good = digest(b"secret");
        ring.insert(good, key(Some(1_000)));
        assert!(ring.find(&good, 999).await.is_ok());
        assert_eq!(ring.find(&good, 1_000).await.unwrap_err(), Denied::Unknown);
        assert_eq!(
            ring.find(&digest(b"other"), 0).await.unwrap_err(),
            Denied::Unknown
        );
        ring.remove(&good);
        assert_eq!(ring.find(&good, 0).await.unwrap_err(), Denied::Unknown);
    }

    #[tokio::test]
    async fn an_unreachable_store_makes_unknown_keys_undecided_and_known_ones_keep_working() {
        let ring = KeyRing::default();
        ring.insert(digest(b"known"), key(None));
        ring.lose_sight();
        assert!(ring.find(&digest(b"known"), 0).await.is_ok());
        assert_eq!(
            ring.find(&digest(b"other"), 0).await.unwrap_err(),
            Denied::CannotTell
        );
    }

    #[tokio::test]
    async fn an_unknown_key_waits_for_a_look_that_began_after_it_was_asked_for() {
        let ring = KeyRing::default();
        let under_way = ring.begin_look();
        ring.looked(under_way - 1);
        let (new, wrong) = (digest(b"new"), digest(b"wrong"));
        let (found, not_found, ()) = tokio::join!(ring.find(&new, 0), ring.find(&wrong, 0), async {
            ring.look_wanted().await;
            ring.looked(under_way);
            tokio::task::yield_now().await;
            let next = ring.begin_look();
            ring.insert(new, key(None));
            ring.looked(next);
        });
        assert!(
            found.is_ok(),
            "the look under way may have missed it, the next did not"
        );
        assert_eq!(not_found.unwrap_err(), Denied::Unknown);
    }

    #[tokio::test]
    async fn a_look_that_fails_tells_nothing_of_unknown_keys() {
        let ring = KeyRing::default();
        ring.looked(ring.begin_look());
        let unknown = digest(b"unknown");
        let (denied, ()) = tokio::join!(ring.find(&unknown, 0), async {
            ring.look_wanted().await;
            ring.lose_sight();
        });
        assert_eq!(denied.unwrap_err(), Denied::CannotTell);
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_waits_for_ever_for_a_look() {
        let ring = KeyRing::default();
        ring.looked(ring.begin_look());
        assert_eq!(
            ring.find(&digest(b"unknown"), 0).await.unwrap_err(),
            Denied::CannotTell
        );
    }

    #[tokio::test]
    async fn replacing_drops_what_is_no_longer_listed() {
        let ring = KeyRing::default();
        ring.replace(
            |_| true,
            vec![(digest(b"a"), key(None)), (digest(b"b"), key(None))],
        );
        ring.replace(|_| true, vec![(digest(b"b"), key(None))]);
        assert_eq!(ring.len(), 1);
        assert!(ring.find(&digest(b"b"), 0).await.is_ok());
    }

    #[tokio::test]
    async fn replacing_among_some_leaves_the_others() {
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
        assert_eq!(
            ring.find(&digest(b"older"), 0).await.unwrap_err(),
            Denied::Unknown
        );
        assert_eq!(
            ring.find(&digest(b"old"), 0).await.unwrap().expires_at,
            Some(1_000)
        );
        assert!(ring.find(&digest(b"other"), 0).await.is_ok());
        ring.replace(rotated, Vec::new());
        assert_eq!(ring.len(), 1);
    }
}
