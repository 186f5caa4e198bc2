//! Requests that a coin has sent to a side and that have no byte of an answer yet.
//!
//! A record comes at a request's end, and a vendor that hangs lets none end for a long time. So whoever judges looks
//! here for how old they are. A fixed table of slots: a request takes one by a compare-and-swap and gives it back with a
//! store; a reader that meets a slot in mid-change passes it by. No locks; a full table leaves a request out, whose age
//! is then only seen at its end.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering, fence};
use std::time::Duration;

use decide::Share;
use tokio::time::Instant;
use xxhash_rust::xxh3::xxh3_64;

use crate::flight::Flight;

/// Requests that are watched at most, 160 KiB.
const SLOTS: usize = 4_096;
/// Neighbouring slots that a request tries.
const TRIES: usize = 8;
const FREE: u64 = 0;
const CHANGING: u64 = 1;

/// A request that waits for its first byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// [`token_of`] its id.
    pub token: u64,
    /// Since its head had arrived.
    pub age: Duration,
    /// Green's share of the draw.
    pub share: Share,
    pub unit: Option<u64>,
    environment: u64,
}

impl Waiting {
    /// Whether it waits for this environment.
    pub fn is_for(&self, flight: &Arc<Flight>) -> bool {
        self.environment == address(flight)
    }
}

/// By which a request is known here and in its record.
pub fn token_of(request_id: &str) -> u64 {
    xxh3_64(request_id.as_bytes()).max(CHANGING + 1)
}

#[derive(Debug)]
pub(crate) struct WaitingRoom {
    born: Instant,
    slots: Box<[Slot]>,
}

#[derive(Debug, Default)]
struct Slot {
    token: AtomicU64,
    environment: AtomicU64,
    /// Microseconds since the room was made.
    started: AtomicU64,
    share: AtomicU64,
    /// 0 for none.
    unit: AtomicU64,
}

impl Default for WaitingRoom {
    fn default() -> WaitingRoom {
        WaitingRoom {
            born: Instant::now(),
            slots: (0..SLOTS).map(|_| Slot::default()).collect(),
        }
    }
}

impl WaitingRoom {
    /// Takes a place; `None` if none is free nearby.
    pub(crate) fn enter(
        &self,
        request_id: &str,
        flight: &Arc<Flight>,
        started: Instant,
        share: Share,
        unit: Option<u64>,
    ) -> Option<usize> {
        let token = token_of(request_id);
        let first = token as usize % SLOTS;
        let found = (first..first + TRIES).map(|at| at % SLOTS).find(|at| {
            self.slots.get(*at).is_some_and(|slot| {
                slot.token
                    .compare_exchange(FREE, CHANGING, Ordering::Acquire, Ordering::Relaxed)
                    .is_ok()
            })
        })?;
        let slot = self.slots.get(found)?;
        let micros = started.saturating_duration_since(self.born).as_micros();
        slot.environment.store(address(flight), Ordering::Relaxed);
        slot.started
            .store(u64::try_from(micros).unwrap_or(u64::MAX), Ordering::Relaxed);
        slot.share.store(share.hundredths().into(), Ordering::Relaxed);
        slot.unit.store(unit.unwrap_or(0), Ordering::Relaxed);
        slot.token.store(token, Ordering::Release);
        Some(found)
    }

    pub(crate) fn leave(&self, place: usize) {
        if let Some(slot) = self.slots.get(place) {
            slot.token.store(FREE, Ordering::Release);
        }
    }

    pub(crate) fn all(&self) -> Vec<Waiting> {
        let now = u64::try_from(self.born.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.slots.iter().filter_map(|slot| slot.read(now)).collect()
    }
}

impl Slot {
    fn read(&self, now: u64) -> Option<Waiting> {
        let token = self.token.load(Ordering::Acquire);
        if token <= CHANGING {
            return None;
        }
        let environment = self.environment.load(Ordering::Relaxed);
        let started = self.started.load(Ordering::Relaxed);
        let share = self.share.load(Ordering::Relaxed);
        let unit = self.unit.load(Ordering::Relaxed);
        fence(Ordering::Acquire);
        let unchanged = self.token.load(Ordering::Relaxed) == token;
        let share = Share::from_hundredths(u16::try_from(share).ok()?)?;
        unchanged.then_some(Waiting {
            token,
            age: Duration::from_micros(now.saturating_sub(started)),
            share,
            unit: (unit != 0).then_some(unit),
            environment,
        })
    }
}

/// An environment's count of requests under way is one value for as long as anybody knows it.
fn address(flight: &Arc<Flight>) -> u64 {
    Arc::as_ptr(flight) as usize as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_seen_with_its_draw_until_its_first_byte() {
        let (room, green, blue) = (WaitingRoom::default(), Arc::default(), Arc::default());
        let share = Share::parse("12.5").unwrap();
        let place = room
            .enter("req_1", &green, Instant::now(), share, Some(7))
            .unwrap();
        let seen = room.all();
        let [waiting] = seen.as_slice() else {
            panic!("{seen:?}")
        };
        assert_eq!(
            (waiting.token, waiting.share, waiting.unit),
            (token_of("req_1"), share, Some(7))
        );
        assert!(waiting.is_for(&green) && !waiting.is_for(&blue));
        room.leave(place);
        assert_eq!(room.all(), []);
    }

    #[test]
    fn a_full_neighbourhood_leaves_a_request_out() {
        let (room, flight) = (WaitingRoom::default(), Arc::default());
        let enter = || room.enter("req_1", &flight, Instant::now(), Share::NONE, None);
        let taken: Vec<_> = (0..TRIES).map(|_| enter()).collect();
        assert!(taken.iter().all(Option::is_some));
        assert_eq!(enter(), None);
        taken.into_iter().flatten().for_each(|place| room.leave(place));
        assert!(enter().is_some());
    }
}
