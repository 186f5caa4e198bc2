//! What a request is handled with: things of its worker, and things all workers share.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use arc_swap::ArcSwap;
use decide::retry::{Allowance, Budget};
use foldhash::HashMap;
use tokio::time::Instant;

use crate::descriptors::Lines;
use crate::keys::KeyRing;
use crate::limits::Meters;
use crate::memory::Memory;
use crate::outcome::Observer;
use crate::pins::Pins;
use crate::snapshot::Snapshot;
use crate::till::Till;
use crate::upstream::Pool;
use crate::waiting::{Waiting, WaitingRoom};

/// Shared by all workers and the control plane. The control plane swaps and inserts, requests
/// read: nobody waits for anybody.
pub struct Shared {
    snapshot: ArcSwap<Snapshot>,
    pub keys: KeyRing,
    pub meters: Meters,
    pub(crate) pins: Pins,
    pub(crate) waiting_room: WaitingRoom,
    pub(crate) observer: Arc<dyn Observer>,
    pub(crate) memory: Memory,
    pub(crate) lines: Arc<Lines>,
    /// Without one, nobody pays.
    till: OnceLock<Arc<dyn Till>>,
    draining: AtomicBool,
}

impl Shared {
    pub fn new(snapshot: Snapshot, observer: Arc<dyn Observer>) -> Shared {
        Shared {
            memory: Memory::new(snapshot.settings.memory_limit),
            snapshot: ArcSwap::from_pointee(snapshot),
            keys: KeyRing::default(),
            meters: Meters::default(),
            pins: Pins::default(),
            waiting_room: WaitingRoom::default(),
            observer,
            lines: Lines::of_this_process(),
            till: OnceLock::new(),
            draining: AtomicBool::new(false),
        }
    }

    /// In force for every request whose head arrives after this returns.
    pub fn swap(&self, snapshot: Snapshot) {
        self.memory.allow(snapshot.settings.memory_limit);
        self.snapshot.store(Arc::new(snapshot));
    }

    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.snapshot.load_full()
    }

    /// From now on money is kept here. The first one stays.
    pub fn set_till(&self, till: Arc<dyn Till>) {
        let _ = self.till.set(till);
    }

    pub(crate) fn till(&self) -> Option<&dyn Till> {
        self.till.get().map(|till| &**till)
    }

    /// Requests of split deployments that wait for their first byte now.
    pub fn waiting(&self) -> Vec<Waiting> {
        self.waiting_room.all()
    }

    pub(crate) fn start_draining(&self) {
        self.draining.store(true, Ordering::Relaxed);
    }

    /// Whether the gateway is ending: it takes no further request on any connection.
    pub fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }
}

/// One thread's share: its upstream connections, retry budgets and scratch space.
pub(crate) struct Worker {
    pub(crate) shared: Arc<Shared>,
    pub(crate) pool: Rc<Pool>,
    /// By provider.
    budgets: RefCell<HashMap<Arc<str>, Budget>>,
    /// Where bodies are decoded to, on their way to the reader of their dialect.
    pub(crate) payload: Cell<Vec<u8>>,
    born: Instant,
    /// The constant part of each budget is divided among this many workers.
    workers: u32,
}

impl Worker {
    pub(crate) fn new(shared: Arc<Shared>, workers: u32) -> Worker {
        Worker {
            pool: Rc::new(Pool::new(Arc::clone(&shared.lines))),
            shared,
            budgets: RefCell::default(),
            payload: Cell::default(),
            born: Instant::now(),
            workers,
        }
    }

    /// A first attempt goes to this provider.
    pub(crate) fn count_request(&self, provider: &Arc<str>, allowance: Allowance) {
        self.with_budget(provider, allowance, |budget, now| budget.request(now));
    }

    /// Takes a retry out of the provider's budget, if it has one.
    pub(crate) fn take_retry(&self, provider: &Arc<str>, allowance: Allowance) -> bool {
        self.with_budget(provider, allowance, |budget, now| budget.take(now))
    }

    fn with_budget<T>(
        &self,
        provider: &Arc<str>,
        allowance: Allowance,
        act: impl FnOnce(&mut Budget, u64) -> T,
    ) -> T {
        let now = u64::try_from(self.born.elapsed().as_millis()).unwrap_or(u64::MAX);
        let mut budgets = self.budgets.borrow_mut();
        if let Some(budget) = budgets.get_mut(provider) {
            return act(budget, now);
        }
        let share = Allowance {
            per_second: allowance.per_second.div_ceil(self.workers),
            ..allowance
        };
        act(
            budgets
                .entry(Arc::clone(provider))
                .or_insert_with(|| Budget::new(share, now)),
            now,
        )
    }
}
