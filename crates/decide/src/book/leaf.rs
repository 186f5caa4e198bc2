//! The part of the book that a batch of operations touches.

use std::collections::{BTreeMap, BTreeSet};

use super::{BookAccount, Charge, Entry, Nanos, Refused};

/// What is known, and what was changed since it was loaded. What is not in it is taken to be nothing: a balance of
/// 0, no charge, no entry of that id. So whoever loads it must load all that the operations touch.
#[derive(Clone, Debug, Default)]
pub struct Leaf {
    pub(super) balances: BTreeMap<BookAccount, Nanos>,
    pub(super) billing: BTreeMap<String, Billing>,
    pub(super) charges: BTreeMap<String, Charge>,
    pub(super) budgets: BTreeMap<(String, String), Spent>,
    pub(super) known_entries: BTreeMap<String, Entry>,
    /// Written since, in order.
    pub(super) entries: Vec<Entry>,
    pub(super) changed_balances: BTreeSet<BookAccount>,
    pub(super) changed_charges: BTreeSet<String>,
    pub(super) changed_budgets: BTreeSet<(String, String)>,
}

/// When an account pays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Billing {
    /// Before: a request is sent only if credit covers it.
    Prepaid,
    /// Afterwards: credit may be negative.
    Postpaid,
}

/// What a key has spent in one period.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spent {
    /// For requests under way.
    pub held: Nanos,
    pub spent: Nanos,
}

impl Leaf {
    pub fn know_balance(&mut self, account: BookAccount, nanos: Nanos) {
        self.balances.insert(account, nanos);
    }

    pub fn know_billing(&mut self, account: String, billing: Billing) {
        self.billing.insert(account, billing);
    }

    pub fn know_charge(&mut self, id: String, charge: Charge) {
        self.charges.insert(id, charge);
    }

    pub fn know_budget(&mut self, key: String, period: String, spent: Spent) {
        self.budgets.insert((key, period), spent);
    }

    pub fn know_entry(&mut self, entry: Entry) {
        self.known_entries.insert(entry.id.clone(), entry);
    }

    pub fn balance(&self, account: &BookAccount) -> Nanos {
        self.balances.get(account).copied().unwrap_or_default()
    }

    pub fn charge(&self, id: &str) -> Option<&Charge> {
        self.charges.get(id)
    }

    pub fn charges(&self) -> impl Iterator<Item = (&String, &Charge)> {
        self.charges.iter()
    }

    pub fn spent(&self, key: &str, period: &str) -> Spent {
        let key = (key.to_owned(), period.to_owned());
        self.budgets.get(&key).copied().unwrap_or_default()
    }

    pub fn balances(&self) -> impl Iterator<Item = (&BookAccount, Nanos)> {
        self.balances.iter().map(|(account, nanos)| (account, *nanos))
    }

    /// Entries written since it was loaded, in order.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    pub fn changed_balances(&self) -> impl Iterator<Item = (&BookAccount, Nanos)> {
        self.changed_balances
            .iter()
            .map(|account| (account, self.balance(account)))
    }

    pub fn changed_charges(&self) -> impl Iterator<Item = (&String, &Charge)> {
        self.changed_charges
            .iter()
            .filter_map(|id| Some((id, self.charges.get(id)?)))
    }

    pub fn changed_budgets(&self) -> impl Iterator<Item = (&str, &str, Spent)> {
        self.changed_budgets
            .iter()
            .map(|(key, period)| (key.as_str(), period.as_str(), self.spent(key, period)))
    }

    /// 0 unless the book is wrong.
    pub fn sum(&self) -> i128 {
        self.balances.values().map(|nanos| i128::from(*nanos)).sum()
    }

    /// Writes an entry and moves the balances with it; an amount of nothing is no entry.
    pub(super) fn write(&mut self, entry: Entry) -> Result<(), Refused> {
        if entry.nanos == 0 {
            return Ok(());
        }
        if entry.nanos < 0 || entry.debit == entry.credit {
            return Err(Refused::BadAmount);
        }
        let debited = self.balance(&entry.debit).checked_sub(entry.nanos);
        let credited = self.balance(&entry.credit).checked_add(entry.nanos);
        let (Some(debited), Some(credited)) = (debited, credited) else {
            return Err(Refused::BadAmount);
        };
        self.set_balance(&entry.debit, debited);
        self.set_balance(&entry.credit, credited);
        self.known_entries.insert(entry.id.clone(), entry.clone());
        self.entries.push(entry);
        Ok(())
    }

    fn set_balance(&mut self, account: &BookAccount, nanos: Nanos) {
        self.balances.insert(account.clone(), nanos);
        self.changed_balances.insert(account.clone());
    }

    pub(super) fn put_charge(&mut self, id: &str, charge: Charge) {
        self.charges.insert(id.to_owned(), charge);
        self.changed_charges.insert(id.to_owned());
    }

    pub(super) fn put_spent(&mut self, key: &str, period: &str, spent: Spent) {
        let key = (key.to_owned(), period.to_owned());
        self.budgets.insert(key.clone(), spent);
        self.changed_budgets.insert(key);
    }
}
