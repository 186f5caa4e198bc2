//! What each operation does to the book.

use super::operation::{Applied, Billed, Hold, Move, Operation, Payer, Refused, Settlement};
use super::{Billing, BookAccount, Charge, Entry, Leaf, Mark, Nanos, State};

impl Leaf {
    /// Applies one operation, whole or not at all.
    ///
    /// # Errors
    /// Why it is refused; the leaf is as it was.
    pub fn apply(&mut self, operation: &Operation) -> Result<Applied, Refused> {
        match operation {
            Operation::Hold(hold) => self.hold(hold),
            Operation::Mark(charge, mark) => Ok(self.mark(charge, *mark)),
            Operation::Settle(settlement) => self.whole(|leaf| leaf.settle(settlement)),
            Operation::Move(transfer) => self.transfer(transfer),
        }
    }

    /// Several entries or none: an amount that the book cannot hold may turn up in the second one.
    fn whole(&mut self, act: impl FnOnce(&mut Leaf) -> Result<Applied, Refused>) -> Result<Applied, Refused> {
        let written = self.entries.len();
        let applied = act(self);
        if applied.is_err() {
            for entry in self.entries.split_off(written) {
                // What went there comes back: these sums were held before, so they fit.
                let debited = self.balance(&entry.debit).saturating_add(entry.nanos);
                let credited = self.balance(&entry.credit).saturating_sub(entry.nanos);
                self.balances.insert(entry.debit, debited);
                self.balances.insert(entry.credit, credited);
                self.known_entries.remove(&entry.id);
            }
        }
        applied
    }

    fn hold(&mut self, hold: &Hold) -> Result<Applied, Refused> {
        if let Some(known) = self.charges.get(&hold.charge) {
            return match known.state {
                State::Held { .. } => Ok(Applied::Again),
                State::Settled { .. } => Err(Refused::Settled),
            };
        }
        let (payer, needed) = (&hold.payer, hold.nanos);
        if needed < 0 {
            return Err(Refused::BadAmount);
        }
        let credit = BookAccount::Credit(payer.account.clone());
        let available = self.balance(&credit);
        if self.billing.get(&payer.account) == Some(&Billing::Prepaid) && available < needed {
            return Err(Refused::NoCredit { available, needed });
        }
        let spent = self.reserve(payer, needed)?;
        self.write(Entry {
            id: format!("{}/hold", hold.charge),
            debit: credit,
            credit: BookAccount::Holds(payer.account.clone()),
            nanos: needed,
            request_id: Some(payer.request_id.clone()),
            reason: "hold".to_owned(),
        })?;
        if let (Some(allowance), Some(spent)) = (&payer.allowance, spent) {
            self.put_spent(&payer.key, &allowance.period, spent);
        }
        let state = State::Held {
            nanos: needed,
            mark: None,
        };
        let charge = Charge {
            payer: payer.clone(),
            owner: hold.owner.clone(),
            state,
        };
        self.put_charge(&hold.charge, charge);
        Ok(Applied::Done)
    }

    /// The key's budget with a hold on it.
    fn reserve(&self, payer: &Payer, needed: Nanos) -> Result<Option<super::Spent>, Refused> {
        let Some(allowance) = &payer.allowance else {
            return Ok(None);
        };
        let mut spent = self.spent(&payer.key, &allowance.period);
        let taken = i128::from(spent.held) + i128::from(spent.spent);
        let left = i128::from(allowance.nanos) - taken;
        if left < i128::from(needed) {
            let left = Nanos::try_from(left.max(0)).unwrap_or(Nanos::MAX);
            return Err(Refused::OverBudget { left, needed });
        }
        spent.held = spent.held.checked_add(needed).ok_or(Refused::BadAmount)?;
        Ok(Some(spent))
    }

    fn mark(&mut self, id: &str, mark: Mark) -> Applied {
        match self.charges.get_mut(id).map(|charge| &mut charge.state) {
            Some(State::Held { mark: noted, .. }) if *noted != Some(mark) => {
                *noted = Some(mark);
                self.changed_charges.insert(id.to_owned());
                Applied::Done
            }
            _ => Applied::Again,
        }
    }

    fn settle(&mut self, settlement: &Settlement) -> Result<Applied, Refused> {
        let id = &settlement.charge;
        let known = self.charges.get(id).cloned();
        let (payer, mut held) = match &known {
            Some(charge) => match charge.state {
                State::Settled { .. } => return Ok(Applied::Again),
                // It is the one that was held for who pays.
                State::Held { nanos, .. } => (&charge.payer, nanos),
            },
            None => (&settlement.payer, 0),
        };
        let set_aside = held;
        let (mut charged, mut cost): (Nanos, Nanos) = (0, 0);
        for billed in &settlement.billed {
            if billed.charge < 0 || billed.cost < 0 {
                return Err(Refused::BadAmount);
            }
            charged = charged.checked_add(billed.charge).ok_or(Refused::BadAmount)?;
            cost = cost.checked_add(billed.cost).ok_or(Refused::BadAmount)?;
            self.bill(id, payer, billed, &mut held)?;
        }
        let credit = BookAccount::Credit(payer.account.clone());
        let holds = BookAccount::Holds(payer.account.clone());
        self.write(entry(
            format!("{id}/release"),
            (holds, credit),
            held,
            payer,
            "release",
        ))?;
        if let Some(allowance) = &payer.allowance {
            let mut spent = self.spent(&payer.key, &allowance.period);
            spent.held = spent.held.checked_sub(set_aside).ok_or(Refused::BadAmount)?;
            spent.spent = spent.spent.checked_add(charged).ok_or(Refused::BadAmount)?;
            self.put_spent(&payer.key, &allowance.period, spent);
        }
        let charge = Charge {
            payer: payer.clone(),
            owner: settlement.owner.clone(),
            state: State::Settled {
                charged,
                cost,
                estimated: settlement.estimated,
            },
        };
        self.put_charge(id, charge);
        Ok(Applied::Done)
    }

    /// One attempt: out of what was set aside as far as that goes, the rest out of credit, which may make it
    /// negative. It was generated, so it is owed.
    fn bill(&mut self, id: &str, payer: &Payer, billed: &Billed, held: &mut Nanos) -> Result<(), Refused> {
        let Billed {
            attempt,
            charge,
            cost,
            reason,
        } = billed;
        let from_hold = (*held).min(*charge);
        *held -= from_hold;
        let credit = BookAccount::Credit(payer.account.clone());
        let holds = BookAccount::Holds(payer.account.clone());
        let beyond = if from_hold > 0 { "excess" } else { "charge" };
        let parts = [
            ("charge", (holds, BookAccount::Revenue), from_hold),
            (beyond, (credit, BookAccount::Revenue), charge - from_hold),
            ("cost", (BookAccount::VendorCost, BookAccount::Vendors), *cost),
        ];
        for (kind, accounts, nanos) in parts {
            self.write(entry(
                format!("{id}/{attempt}/{kind}"),
                accounts,
                nanos,
                payer,
                reason,
            ))?;
        }
        Ok(())
    }

    fn transfer(&mut self, transfer: &Move) -> Result<Applied, Refused> {
        let entry = &transfer.entry;
        if let Some(known) = self.known_entries.get(&entry.id) {
            let same =
                known.debit == entry.debit && known.credit == entry.credit && known.nanos == entry.nanos;
            return if same {
                Ok(Applied::Again)
            } else {
                Err(Refused::AnotherHasThisId)
            };
        }
        if entry.nanos <= 0 {
            return Err(Refused::BadAmount);
        }
        let available = self.balance(&entry.debit);
        if transfer.covered && available < entry.nanos {
            let needed = entry.nanos;
            return Err(Refused::NoCredit { available, needed });
        }
        self.write(entry.clone())?;
        Ok(Applied::Done)
    }
}

fn entry(
    id: String,
    (debit, credit): (BookAccount, BookAccount),
    nanos: Nanos,
    payer: &Payer,
    reason: &str,
) -> Entry {
    Entry {
        id,
        debit,
        credit,
        nanos,
        request_id: Some(payer.request_id.clone()),
        reason: reason.to_owned(),
    }
}
