//! Random operations, repeated and out of order, never break what must always hold.
//!
//! 20,000 operations by default, 1,000,000 with `CROSSFADE_FULL=1`.

// The number of operations is a test's own setting, not a decision's input.
#![allow(clippy::disallowed_methods)]

use std::collections::{BTreeMap, BTreeSet};

use decide::book::{
    Allowance, Applied, Billed, Billing, BookAccount, Drawn, Entry, GiveBack, Hold, Leaf, Mark, Move, Nanos,
    Operation, Payer, Progress, Reserve, Settlement, State,
};

const ACCOUNTS: u64 = 6;
/// The book is looked at whole this many times.
const LOOKS: u64 = 20;

/// SplitMix64: small, and the same everywhere.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % n
    }

    fn nanos(&mut self, most: u64) -> Nanos {
        self.below(most) as Nanos
    }
}

struct Storm {
    dice: Dice,
    leaf: Leaf,
    charges: u64,
    reserves: u64,
    moves: u64,
    done: Vec<Operation>,
}

impl Storm {
    fn new(seed: u64) -> Storm {
        let mut leaf = Leaf::default();
        for account in 0..ACCOUNTS {
            let billing = if account % 3 == 0 {
                Billing::Postpaid
            } else {
                Billing::Prepaid
            };
            leaf.know_billing(format!("a{account}"), billing);
        }
        Storm {
            dice: Dice(seed),
            leaf,
            charges: 0,
            reserves: 0,
            moves: 0,
            done: Vec::new(),
        }
    }

    fn payer(&mut self) -> Payer {
        let account = self.dice.below(ACCOUNTS);
        let allowance = (self.dice.below(2) == 0).then(|| Allowance {
            period: format!("2026-11-{:02}", 1 + self.charges / 5_000),
            nanos: 3_000_000,
        });
        Payer {
            account: format!("a{account}"),
            key: format!("k{account}"),
            // Clients choose these, and choose badly.
            request_id: format!("r{}", self.dice.below(50)),
            allowance,
        }
    }

    fn hold(&mut self) -> Operation {
        self.charges += 1;
        let (charge, payer) = (format!("c{}", self.charges), self.payer());
        Operation::Hold(Hold {
            charge,
            payer,
            owner: format!("g{}", self.charges % 3),
            nanos: self.dice.nanos(100_000),
        })
    }

    fn reserve(&mut self) -> Operation {
        self.reserves += 1;
        Operation::Reserve(Reserve {
            hold: Hold {
                charge: format!("r{}", self.reserves),
                payer: self.payer(),
                owner: format!("g{}", self.reserves % 3),
                nanos: self.dice.nanos(1_000_000),
            },
            least: self.dice.nanos(10_000),
        })
    }

    fn recent_reserve(&mut self) -> String {
        let back = self.dice.below(10);
        format!("r{}", self.reserves.saturating_sub(back))
    }

    /// A request that drew on a reserve, with who pays: mostly whom it is for.
    fn drawn(&mut self) -> (Payer, Option<Drawn>) {
        let reserve = self.recent_reserve();
        let of = self.leaf.charge(&reserve).map(|charge| charge.payer.clone());
        let payer = of.filter(|_| self.dice.below(10) > 0);
        let payer = payer.unwrap_or_else(|| self.payer());
        let nanos = self.dice.nanos(100_000);
        (
            payer,
            (self.dice.below(2) == 0).then_some(Drawn { reserve, nanos }),
        )
    }

    fn settle(&mut self) -> Operation {
        // Mostly one of the last; sometimes one that was never held, or was settled long ago.
        let within = if self.dice.below(10) == 0 { 5_000 } else { 40 };
        let back = self.dice.below(within);
        let billed = (1..=self.dice.below(3) as u32).map(|attempt| Billed {
            attempt,
            charge: self.dice.nanos(70_000),
            cost: self.dice.nanos(50_000),
            reason: "answered".into(),
        });
        let billed = billed.collect();
        let charge = match self.dice.below(3) {
            0 => {
                self.charges += 1;
                self.charges
            }
            _ => self.charges.saturating_sub(back),
        };
        let (payer, drawn) = self.drawn();
        Operation::Settle(Settlement {
            charge: format!("c{charge}"),
            payer,
            owner: "g0".into(),
            drawn,
            billed,
            estimated: self.dice.below(2) == 0,
        })
    }

    fn transfer(&mut self) -> Operation {
        self.moves += 1;
        let credit = BookAccount::Credit(format!("a{}", self.dice.below(ACCOUNTS)));
        let (debit, credit, covered) = match self.dice.below(5) {
            0 => (credit, BookAccount::Refunds, true),
            1 => (BookAccount::Promotions, credit, false),
            2 => (BookAccount::Corrections, credit, false),
            _ => (BookAccount::PaymentsReceived, credit, false),
        };
        Operation::Move(Move {
            entry: Entry {
                id: format!("m{}", self.moves),
                debit,
                credit,
                nanos: self.dice.nanos(800_000),
                request_id: None,
                reason: "storm".into(),
            },
            covered,
        })
    }

    fn any(&mut self) -> Operation {
        match self.dice.below(22) {
            20 => self.reserve(),
            21 => Operation::GiveBack(GiveBack {
                charge: self.recent_reserve(),
                keep: self.dice.nanos(50_000),
            }),
            0..8 => self.hold(),
            8..14 => self.settle(),
            14..16 => {
                let charge = format!("c{}", self.charges.saturating_sub(self.dice.below(40)));
                let mark = Mark {
                    charge: self.dice.nanos(60_000),
                    cost: self.dice.nanos(60_000),
                };
                let (payer, drawn) = self.drawn();
                Operation::Mark(Progress {
                    charge,
                    payer,
                    owner: "g1".into(),
                    drawn,
                    mark,
                })
            }
            16..18 => self.transfer(),
            18 if !self.done.is_empty() => {
                let again = self.dice.below(self.done.len() as u64) as usize;
                self.done[again].clone()
            }
            _ => {
                let id = match self.dice.below(4) {
                    0 => self.recent_reserve(),
                    _ => format!("c{}", self.charges.saturating_sub(self.dice.below(40))),
                };
                match self.leaf.charge(&id).and_then(|charge| charge.orphaned(&id)) {
                    Some(settlement) => Operation::Settle(settlement),
                    None => self.hold(),
                }
            }
        }
    }

    fn step(&mut self) {
        let operation = self.any();
        let written = self.leaf.entries().len();
        let applied = self.leaf.apply(&operation);
        let wrote = self.leaf.entries().len() - written;
        match applied {
            Ok(Applied::Done | Applied::Reserved(_)) => self.done.push(operation),
            Ok(Applied::Again) | Err(_) => assert_eq!(wrote, 0, "{operation:?} {applied:?}"),
        }
        assert_eq!(self.leaf.sum(), 0);
    }

    /// Everything that must hold, from nothing but the entries and the charges.
    fn look(&self) {
        let mut balances: BTreeMap<&BookAccount, i128> = BTreeMap::new();
        let mut ids = BTreeSet::new();
        let mut excess: BTreeMap<&str, i128> = BTreeMap::new();
        for entry in self.leaf.entries() {
            assert!(entry.nanos > 0 && ids.insert(&entry.id), "{entry:?}");
            *balances.entry(&entry.debit).or_default() -= i128::from(entry.nanos);
            *balances.entry(&entry.credit).or_default() += i128::from(entry.nanos);
            if let (BookAccount::Credit(name), BookAccount::Revenue) = (&entry.debit, &entry.credit) {
                *excess.entry(name).or_default() += i128::from(entry.nanos);
            }
        }
        for (account, nanos) in self.leaf.balances() {
            assert_eq!(
                balances.get(account).copied().unwrap_or_default(),
                nanos.into(),
                "{account}"
            );
        }
        self.holds_are_of_requests_under_way(&balances);
        // A customer who pays before owes at most what was generated beyond what was held.
        for account in (0..ACCOUNTS).filter(|account| account % 3 != 0) {
            let name = format!("a{account}");
            let owed = excess.get(name.as_str()).copied().unwrap_or_default();
            let credit = BookAccount::Credit(name);
            assert!(balances.get(&credit).copied().unwrap_or_default() >= -owed);
        }
    }

    fn holds_are_of_requests_under_way(&self, balances: &BTreeMap<&BookAccount, i128>) {
        let mut held: BTreeMap<&str, i128> = BTreeMap::new();
        let mut of_budget: BTreeMap<(&str, &str), (i128, i128)> = BTreeMap::new();
        for (_, charge) in self.leaf.charges() {
            let (now, spent) = match charge.state {
                State::Held { nanos, .. } => (nanos, 0),
                State::Settled { charged, .. } => (0, charged),
            };
            *held.entry(&charge.payer.account).or_default() += i128::from(now);
            if let Some(allowance) = &charge.payer.allowance {
                let of = of_budget
                    .entry((&charge.payer.key, &allowance.period))
                    .or_default();
                *of = (of.0 + i128::from(now), of.1 + i128::from(spent));
            }
        }
        for (account, sum) in held {
            let holds = BookAccount::Holds(account.to_owned());
            assert_eq!(balances.get(&holds).copied().unwrap_or_default(), sum);
        }
        for ((key, period), sums) in of_budget {
            let spent = self.leaf.spent(key, period);
            assert_eq!((i128::from(spent.held), i128::from(spent.spent)), sums);
        }
    }
}

#[test]
fn a_storm_of_operations_keeps_the_book_right() {
    let full = std::env::var_os("CROSSFADE_FULL").is_some_and(|value| value == "1");
    let operations: u64 = if full { 1_000_000 } else { 20_000 };
    let seed = 0x6372_6f73;
    println!("seed {seed:#x}, {operations} operations");
    let mut storm = Storm::new(seed);
    for number in 1..=operations {
        storm.step();
        if number % (operations / LOOKS) == 0 {
            storm.look();
        }
    }
    assert!(storm.done.len() as u64 > operations / 2);
}
