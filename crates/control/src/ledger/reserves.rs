//! Credit set aside in advance, so that a request need not wait for the disk.
//!
//! Where an account and a key's budget have plenty left, the gateway has a part of it reserved (`decide::book::Reserve`),
//! which is on the disk before anything is drawn on it. A request is then covered by a look at memory, and the reserve is
//! filled up in the background before it runs out. Where little is left nothing is reserved, and each request is held
//! for by itself: the last request that credit covers is as exact as the first.
//!
//! A hold that is refused while something is reserved is asked for again after that was given back, so no request is
//! refused for credit that nobody uses. Only where one gateway has the store for itself: another one could not know.
//!
//! Whatever is decided here is handed to the writer under the same lock, so the book hears of it in that order.

use std::collections::HashMap;
use std::future::ready;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use decide::book::{
    Allowance, Applied, Drawn, GiveBack, Hold, Nanos, Operation, Payer, Refused, Reserve, Settlement,
};
use futures_util::future::Either;
use store::ledger::{Answer, Scribe, Unwritten};
use tokio::runtime::Handle;
use tokio::time::{Duration, Instant};

/// Requests, at the greatest possible cost of the one that asks, that are reserved for at once: a second of a busy key,
/// since most requests cost a fraction of that.
const REQUESTS: Nanos = 256;
/// For fewer it is not worth it.
const LEAST_REQUESTS: Nanos = 8;
/// Where there was too little left, it is asked for again after that time.
const SCARCE_FOR: Duration = Duration::from_secs(1);
/// What nobody drew on for that long is given back.
const IDLE: Duration = Duration::from_secs(2);

/// The reserves of this gateway.
pub(super) struct Reserves {
    scribe: Scribe,
    owner: String,
    /// Where the writer's answers are awaited; requests come from other threads.
    runtime: Handle,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Nothing is reserved any more.
    closed: bool,
    lines: HashMap<Line, Filled>,
    /// Given up, but requests under way still draw on it; by the reserve's charge.
    leaving: HashMap<Arc<str>, Drawings>,
    /// Requests under way that are covered by a reserve, by their charge.
    drawn: HashMap<Box<str>, Covered>,
    /// Counts what was given up: a hold that was refused before is worth another try.
    given_up: u64,
    number: u64,
}

/// For whom something is reserved: a payer without its request.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Line {
    account: String,
    key: String,
    allowance: Option<Allowance>,
}

struct Filled {
    used_at: Instant,
    not_before: Option<Instant>,
    /// The charge of the reserve that is being written.
    asked: Option<Arc<str>>,
    open: Option<Open>,
}

struct Open {
    charge: Arc<str>,
    whole: Nanos,
    /// Not drawn on.
    rest: Nanos,
    drawings: Drawings,
}

/// Requests that draw on a reserve, and how much all of them do.
#[derive(Clone, Copy, Default)]
struct Drawings {
    requests: u32,
    nanos: Nanos,
}

struct Covered {
    line: Line,
    reserve: Arc<str>,
    nanos: Nanos,
    /// It has a charge of its own by now.
    marked: bool,
}

impl Reserves {
    /// `is_alone`: no other gateway uses this store. Must be called on a runtime.
    pub(super) fn new(scribe: Scribe, owner: String, is_alone: bool) -> Arc<Reserves> {
        let state = State {
            closed: !is_alone,
            ..State::default()
        };
        Arc::new(Reserves {
            scribe,
            owner,
            runtime: Handle::current(),
            state: Mutex::new(state),
        })
    }

    /// Covers a request: out of a reserve, or by a hold of its own.
    pub(super) fn cover(
        self: &Arc<Self>,
        charge: &str,
        payer: Payer,
        needed: Nanos,
    ) -> impl Future<Output = Answer> + Send + use<> {
        let mut state = self.state();
        let line = Line::of(&payer);
        let is_drawn = state.draw(charge, &line, needed);
        if let Some(reserve) = self.wish(&mut state, &payer, &line, needed) {
            self.fill(line, reserve);
        }
        if is_drawn {
            return Either::Left(ready(Ok(Applied::Done)));
        }
        let hold = Hold {
            charge: charge.to_owned(),
            payer,
            owner: self.owner.clone(),
            nanos: needed,
        };
        let (before, answered) = (state.given_up, self.scribe.hold(hold.clone()));
        drop(state);
        let reserves = Arc::clone(self);
        Either::Right(async move {
            let answer = answered.await;
            let Err(Unwritten::Refused(Refused::NoCredit { .. } | Refused::OverBudget { .. })) = answer
            else {
                return answer;
            };
            match reserves.again(before, hold) {
                Some(answered) => answered.await,
                None => answer,
            }
        })
    }

    /// A hold was refused. If something was reserved when it was asked for, or is now, that is given back and the hold
    /// asked for once more; `None` if that would change nothing.
    fn again(&self, given_up_before: u64, hold: Hold) -> Option<impl Future<Output = Answer> + Send + use<>> {
        let mut state = self.state();
        self.give_up(&mut state, |line, _| line.account == hold.payer.account);
        (state.given_up != given_up_before).then(|| self.scribe.hold(hold))
    }

    /// What the book is told of a request that is marked.
    pub(super) fn mark(&self, charge: &str, mark: impl FnOnce(Option<Drawn>) -> Operation) {
        let mut state = self.state();
        let drawn = state.drawn.get_mut(charge).map(|covered| {
            let first = !std::mem::replace(&mut covered.marked, true);
            let left = first.then(|| (covered.line.clone(), Arc::clone(&covered.reserve), covered.nanos));
            (covered.drawn(), left)
        });
        let (drawn, left) = drawn.unzip();
        self.scribe.send(mark(drawn));
        if let Some((line, reserve, nanos)) = left.flatten() {
            self.leave(&mut state, &line, &reserve, nanos, 0);
        }
    }

    /// A request is over: `settlement` is told what it drew.
    pub(super) fn settle(&self, mut settlement: Settlement) {
        let mut state = self.state();
        let covered = state.drawn.remove(settlement.charge.as_str());
        settlement.drawn = covered.as_ref().map(Covered::drawn);
        let charged = settlement.billed.iter().map(|billed| billed.charge);
        let charged = charged.fold(0, Nanos::saturating_add);
        self.scribe.send(Operation::Settle(settlement));
        if let Some(covered) = covered.filter(|covered| !covered.marked) {
            let unused = covered.nanos.saturating_sub(charged).max(0);
            self.leave(&mut state, &covered.line, &covered.reserve, covered.nanos, unused);
        }
    }

    /// Reserved for this account, and not drawn on.
    pub(super) fn idle(&self, account: &str) -> Nanos {
        let state = self.state();
        let of_account = state.lines.iter().filter(|(line, _)| line.account == account);
        let open = of_account.filter_map(|(_, filled)| filled.open.as_ref());
        open.map(|open| open.rest).fold(0, Nanos::saturating_add)
    }

    /// Gives back what is reserved for this account.
    pub(super) fn release(&self, account: &str) {
        let mut state = self.state();
        self.give_up(&mut state, |line, _| line.account == account);
    }

    /// Gives back what nobody has drawn on for a while.
    pub(super) fn sweep(&self, now: Instant) {
        let mut state = self.state();
        let is_idle = |filled: &Filled| filled.asked.is_none() && now.duration_since(filled.used_at) >= IDLE;
        self.give_up(&mut state, |_, filled| is_idle(filled));
        state.lines.retain(|_, filled| !is_idle(filled));
    }

    /// Gives everything back, and reserves nothing any more.
    pub(super) fn close(&self) {
        let mut state = self.state();
        state.closed = true;
        self.give_up(&mut state, |_, _| true);
    }

    /// What is to be reserved now, if anything.
    fn wish(&self, state: &mut State, payer: &Payer, line: &Line, needed: Nanos) -> Option<Reserve> {
        if state.closed {
            return None;
        }
        let now = Instant::now();
        let number = state.number;
        let filled = state
            .lines
            .entry(line.clone())
            .or_insert_with(|| Filled::new(now));
        filled.used_at = now;
        let is_low = filled.open.as_ref().is_none_or(|open| open.rest < open.whole / 2);
        let may_ask = filled.asked.is_none() && filled.not_before.is_none_or(|at| at <= now);
        if !is_low || !may_ask {
            return None;
        }
        state.number = number + 1;
        let charge: Arc<str> = format!("reserve.{}.{number}", self.owner).into();
        filled.asked = Some(Arc::clone(&charge));
        let most = needed.max(1);
        Some(Reserve {
            hold: self.reserve_of(&charge, payer.clone(), most.saturating_mul(REQUESTS)),
            least: most.saturating_mul(LEAST_REQUESTS),
        })
    }

    /// Has a reserve written; requests draw on it as soon as it is.
    fn fill(self: &Arc<Self>, line: Line, reserve: Reserve) {
        let charge: Arc<str> = reserve.hold.charge.as_str().into();
        let answered = self.scribe.reserve(reserve);
        let reserves = Arc::clone(self);
        self.runtime.spawn(async move {
            let answer = answered.await;
            let mut state = reserves.state();
            let Some(filled) = state.lines.get_mut(&line) else {
                return;
            };
            if filled.asked.as_ref() != Some(&charge) {
                // It was given up meanwhile.
                return;
            }
            filled.asked = None;
            let Ok(Applied::Reserved(whole)) = answer else {
                filled.not_before = Some(Instant::now() + SCARCE_FOR);
                return;
            };
            let before = filled.open.replace(Open::new(charge, whole));
            if let Some(before) = before {
                reserves.let_go(&mut state, &line, before.charge, before.drawings);
            }
        });
    }

    /// A request is covered by a reserve no more, and leaves so much in it.
    fn leave(&self, state: &mut State, line: &Line, reserve: &Arc<str>, nanos: Nanos, unused: Nanos) {
        let open = state.lines.get_mut(line).and_then(|filled| filled.open.as_mut());
        if let Some(open) = open.filter(|open| open.charge == *reserve) {
            open.drawings.remove(nanos);
            open.rest += unused;
        } else if let Some(mut left) = state.leaving.remove(reserve) {
            left.remove(nanos);
            self.let_go(state, line, Arc::clone(reserve), left);
        }
    }

    /// Gives back what these lines have reserved.
    fn give_up(&self, state: &mut State, which: impl Fn(&Line, &Filled) -> bool) {
        let mut open = Vec::new();
        for (line, filled) in &mut state.lines {
            if !which(line, filled) {
                continue;
            }
            if let Some(asked) = filled.asked.take() {
                state.given_up += 1;
                self.end(line, &asked);
            }
            open.extend(filled.open.take().map(|open| (line.clone(), open)));
        }
        for (line, open) in open {
            state.given_up += 1;
            self.let_go(state, &line, open.charge, open.drawings);
        }
    }

    /// Gives back what is not drawn on, and the last of it with the last request.
    fn let_go(&self, state: &mut State, line: &Line, charge: Arc<str>, drawings: Drawings) {
        if drawings.requests == 0 {
            return self.end(line, &charge);
        }
        self.scribe.send(Operation::GiveBack(GiveBack {
            charge: charge.to_string(),
            keep: drawings.nanos,
        }));
        state.leaving.insert(charge, drawings);
    }

    fn end(&self, line: &Line, charge: &str) {
        let hold = self.reserve_of(charge, line.payer(charge), 0);
        self.scribe.send(Operation::Settle(Settlement::of_nothing(hold)));
    }

    fn reserve_of(&self, charge: &str, payer: Payer, nanos: Nanos) -> Hold {
        Hold {
            charge: charge.to_owned(),
            payer: Payer {
                request_id: charge.to_owned(),
                ..payer
            },
            owner: self.owner.clone(),
            nanos,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Covers a request out of what is reserved, if that is enough.
    fn draw(&mut self, charge: &str, line: &Line, nanos: Nanos) -> bool {
        let open = self.lines.get_mut(line).and_then(|filled| filled.open.as_mut());
        let Some(open) = open.filter(|open| open.rest >= nanos) else {
            return false;
        };
        open.rest -= nanos;
        open.drawings.requests += 1;
        open.drawings.nanos += nanos;
        let covered = Covered {
            line: line.clone(),
            reserve: Arc::clone(&open.charge),
            nanos,
            marked: false,
        };
        self.drawn.insert(charge.into(), covered);
        true
    }
}

impl Line {
    fn of(payer: &Payer) -> Line {
        Line {
            account: payer.account.clone(),
            key: payer.key.clone(),
            allowance: payer.allowance.clone(),
        }
    }

    fn payer(&self, request_id: &str) -> Payer {
        Payer {
            account: self.account.clone(),
            key: self.key.clone(),
            request_id: request_id.to_owned(),
            allowance: self.allowance.clone(),
        }
    }
}

impl Filled {
    const fn new(now: Instant) -> Filled {
        Filled {
            used_at: now,
            not_before: None,
            asked: None,
            open: None,
        }
    }
}

impl Open {
    fn new(charge: Arc<str>, whole: Nanos) -> Open {
        Open {
            charge,
            whole,
            rest: whole,
            drawings: Drawings::default(),
        }
    }
}

impl Drawings {
    fn remove(&mut self, nanos: Nanos) {
        self.requests -= 1;
        self.nanos -= nanos;
    }
}

impl Covered {
    fn drawn(&self) -> Drawn {
        Drawn {
            reserve: self.reserve.to_string(),
            nanos: self.nanos,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use decide::book::{Billed, Billing, BookAccount, Entry, Mark, Move, Progress};
    use futures_util::FutureExt;
    use store::Store;
    use store::accounts::Account;
    use store::ledger::Standing;

    use super::*;

    struct Till {
        store: Store,
        scribe: Scribe,
        reserves: Arc<Reserves>,
    }

    fn payer() -> Payer {
        Payer {
            account: "acme".into(),
            key: "app".into(),
            request_id: "req_1".into(),
            allowance: None,
        }
    }

    async fn till(credit: Nanos) -> Till {
        let store = Store::open(&"sqlite::memory:".parse().unwrap()).await.unwrap();
        let account = Account {
            name: "acme".into(),
            billing: Billing::Prepaid,
            markup: 0,
            created_at: 1,
        };
        store::accounts::create(&store, &account, 0).await.unwrap();
        let entry = Entry {
            id: "start".into(),
            debit: BookAccount::PaymentsReceived,
            credit: BookAccount::Credit("acme".into()),
            nanos: credit,
            request_id: None,
            reason: "top-up".into(),
        };
        let paid = Operation::Move(Move {
            entry,
            covered: false,
        });
        store::ledger::write(&store, &[paid], 1).await.unwrap()[0]
            .clone()
            .unwrap();
        let scribe = Scribe::start(store.clone(), || 1, |charge, error| panic!("{charge}: {error}"));
        let reserves = Reserves::new(scribe.clone(), "g1".into(), true);
        Till {
            store,
            scribe,
            reserves,
        }
    }

    impl Till {
        async fn cover(&self, charge: &str, nanos: Nanos) -> Answer {
            self.reserves.cover(charge, payer(), nanos).await
        }

        fn mark(&self, charge: &str, nanos: Nanos) {
            self.reserves.mark(charge, |drawn| {
                let mark = Mark {
                    charge: nanos,
                    cost: 0,
                };
                Operation::Mark(Progress {
                    charge: charge.into(),
                    payer: payer(),
                    owner: "g1".into(),
                    drawn,
                    mark,
                })
            });
        }

        fn settle(&self, charge: &str, charged: Nanos) {
            self.reserves.settle(Settlement {
                charge: charge.into(),
                payer: payer(),
                owner: "g1".into(),
                drawn: None,
                billed: vec![Billed {
                    attempt: 1,
                    charge: charged,
                    cost: 0,
                    reason: "answered".into(),
                }],
                estimated: false,
            });
        }

        /// A first request, after which something is reserved.
        async fn begin(&self) {
            self.cover("first", 1).await.unwrap();
            self.settle("first", 0);
            while self.reserves.idle("acme") == 0 {
                tokio::task::yield_now().await;
            }
        }

        async fn standing(&self) -> (Nanos, Nanos) {
            self.scribe.flush().await;
            let Standing { available, held } = store::ledger::standing(&self.store, "acme").await.unwrap();
            let checked = store::ledger::check(&self.store).await.unwrap();
            assert_eq!((checked.sum, checked.wrong), (0, vec![]));
            (available, held)
        }
    }

    #[tokio::test]
    async fn where_there_is_plenty_only_the_first_request_waits_for_the_disk() {
        let till = till(1_000_000).await;
        till.begin().await;
        let covered = till.reserves.cover("second", payer(), 1).now_or_never();
        assert_eq!(covered, Some(Ok(Applied::Done)));
        assert_eq!(till.standing().await, (1_000_000 - REQUESTS, REQUESTS));
        till.settle("second", 1);
        assert_eq!(till.standing().await, (1_000_000 - REQUESTS, REQUESTS - 1));
        till.reserves.sweep(Instant::now());
        assert_eq!(till.standing().await.1, REQUESTS - 1);
        till.reserves.sweep(Instant::now() + IDLE);
        assert_eq!(till.standing().await, (999_999, 0));
    }

    #[tokio::test]
    async fn a_request_that_needs_what_is_reserved_gets_it() {
        let till = till(10_000).await;
        till.begin().await;
        till.cover("drawn", 10).await.unwrap();
        till.cover("the rest", 9_990).await.unwrap();
        assert!(till.cover("one more", 1).await.is_err());
        assert_eq!(till.standing().await, (0, 10_000));
        till.settle("the rest", 9_000);
        till.settle("drawn", 12);
        assert_eq!(till.standing().await, (988, 0));
    }

    #[tokio::test]
    async fn whoever_is_to_take_over_finds_nothing_reserved() {
        let till = till(1_000_000).await;
        till.begin().await;
        till.reserves.close();
        assert_eq!(till.standing().await, (1_000_000, 0));
        till.cover("later", 5).await.unwrap();
        assert_eq!(till.standing().await, (999_995, 5));
    }

    /// SplitMix64.
    struct Dice(u64);

    impl Dice {
        fn below(&mut self, n: u64) -> u64 {
            self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut z = self.0;
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            (z ^ (z >> 31)) % n
        }
    }

    #[tokio::test]
    async fn whatever_happens_in_whatever_order_no_request_is_paid_for_by_another_and_nothing_is_lost() {
        let mut dice = Dice(7);
        let start = 60_000;
        let till = till(start).await;
        let (mut under_way, mut charged, mut refused) = (Vec::new(), 0, 0);
        for number in 0..3_000_u64 {
            let charge = format!("c{number}");
            match dice.below(10) {
                0..5 => {
                    let most = if dice.below(4) == 0 { 30_000 } else { 20 };
                    let needed = dice.below(most) as Nanos;
                    match till.cover(&charge, needed).await {
                        Ok(_) => under_way.push((charge, needed)),
                        Err(Unwritten::Refused(Refused::NoCredit { .. })) => {
                            let held: Nanos = under_way.iter().map(|(_, held)| *held).sum();
                            assert!(start - charged - held < needed, "refused what was there");
                            refused += 1;
                        }
                        Err(other) => panic!("{other}"),
                    }
                }
                5..8 if !under_way.is_empty() => {
                    let (charge, held) = under_way.swap_remove(dice.below(under_way.len() as u64) as usize);
                    let cost = dice.below(held.max(1) as u64 / 4 + 1) as Nanos;
                    till.settle(&charge, cost);
                    charged += cost;
                }
                8 if !under_way.is_empty() => {
                    let (charge, _) = &under_way[dice.below(under_way.len() as u64) as usize];
                    till.mark(charge, dice.below(10) as Nanos);
                }
                9 if dice.below(10) == 0 => till.reserves.release("acme"),
                _ => tokio::task::yield_now().await,
            }
        }
        let held: Nanos = under_way.iter().map(|(_, held)| *held).sum();
        till.reserves.close();
        assert_eq!(till.standing().await, (start - charged - held, held));
        for (charge, _) in under_way {
            till.settle(&charge, 0);
        }
        assert_eq!(till.standing().await, (start - charged, 0));
        assert!(refused > 0, "credit was never scarce");
    }
}
