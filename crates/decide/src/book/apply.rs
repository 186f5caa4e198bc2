//! What each operation does to the book.

use super::operation::{
    Applied, Billed, Drawn, GiveBack, Hold, Move, Operation, Payer, Progress, Refused, Reserve, Settlement,
};
use super::{Billing, BookAccount, Charge, Entry, Leaf, Nanos, State};

/// A reserve takes at most one part in so many of what is left: the rest stays for whoever else asks, on this gateway
/// or another.
const SHARE: Nanos = 8;

impl Leaf {
    /// Applies one operation, whole or not at all.
    ///
    /// # Errors
    /// Why it is refused; the leaf is as it was.
    pub fn apply(&mut self, operation: &Operation) -> Result<Applied, Refused> {
        match operation {
            Operation::Hold(hold) => self.hold(hold),
            Operation::Reserve(reserve) => self.reserve(reserve),
            Operation::Mark(progress) => Ok(self.mark(progress)),
            Operation::Settle(settlement) => self.whole(|leaf| leaf.settle(settlement)),
            Operation::GiveBack(back) => self.whole(|leaf| leaf.give_back(back)),
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
        if let Some(available) = self.available(payer)
            && available < needed
        {
            return Err(Refused::NoCredit { available, needed });
        }
        let spent = self.within_budget(payer, needed)?;
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

    fn reserve(&mut self, reserve: &Reserve) -> Result<Applied, Refused> {
        let payer = &reserve.hold.payer;
        let left = [self.available(payer), self.left_of_budget(payer)];
        let plenty = left.into_iter().flatten().min().map(|left| left / SHARE);
        let nanos = plenty.map_or(reserve.hold.nanos, |plenty| plenty.min(reserve.hold.nanos));
        if nanos < reserve.least {
            return Err(Refused::Scarce);
        }
        let hold = Hold {
            nanos,
            ..reserve.hold.clone()
        };
        Ok(match self.hold(&hold)? {
            Applied::Done => Applied::Reserved(nanos),
            other => other,
        })
    }

    /// What an account that pays before can spend; `None` for one that pays afterwards.
    fn available(&self, payer: &Payer) -> Option<Nanos> {
        let before = self.billing.get(&payer.account) == Some(&Billing::Prepaid);
        before.then(|| self.balance(&BookAccount::Credit(payer.account.clone())))
    }

    /// What the key may still spend, holds taken off; `None` without a budget.
    fn left_of_budget(&self, payer: &Payer) -> Option<Nanos> {
        let allowance = payer.allowance.as_ref()?;
        let spent = self.spent(&payer.key, &allowance.period);
        let left = i128::from(allowance.nanos) - i128::from(spent.held) - i128::from(spent.spent);
        Some(Nanos::try_from(left.max(0)).unwrap_or(Nanos::MAX))
    }

    /// The key's budget with a hold on it.
    fn within_budget(&self, payer: &Payer, needed: Nanos) -> Result<Option<super::Spent>, Refused> {
        let Some((allowance, left)) = payer.allowance.as_ref().zip(self.left_of_budget(payer)) else {
            return Ok(None);
        };
        if left < needed {
            return Err(Refused::OverBudget { left, needed });
        }
        let mut spent = self.spent(&payer.key, &allowance.period);
        spent.held = spent.held.checked_add(needed).ok_or(Refused::BadAmount)?;
        Ok(Some(spent))
    }

    fn mark(&mut self, progress: &Progress) -> Applied {
        let id = &progress.charge;
        let state = match self.charges.get(id).map(|charge| charge.state) {
            Some(State::Held { nanos, mark }) if mark != Some(progress.mark) => State::Held {
                nanos,
                mark: Some(progress.mark),
            },
            Some(_) => return Applied::Again,
            None => {
                let nanos = self.drawable(&progress.payer, progress.drawn.as_ref());
                self.draw(progress.drawn.as_ref(), nanos);
                State::Held {
                    nanos,
                    mark: Some(progress.mark),
                }
            }
        };
        let known = self.charges.get(id);
        let (payer, owner) = known.map_or((&progress.payer, &progress.owner), |known| {
            (&known.payer, &known.owner)
        });
        let charge = Charge {
            payer: payer.clone(),
            owner: owner.clone(),
            state,
        };
        self.put_charge(id, charge);
        Applied::Done
    }

    /// What the reserve still has for a request of this payer: nothing once it was settled, as when its gateway was
    /// taken for gone.
    fn drawable(&self, payer: &Payer, drawn: Option<&Drawn>) -> Nanos {
        let Some(drawn) = drawn else { return 0 };
        match self.charges.get(&drawn.reserve) {
            Some(Charge {
                payer: reserved_for,
                state: State::Held { nanos, .. },
                ..
            }) if payer.shares_with(reserved_for) => (*nanos).min(drawn.nanos),
            _ => 0,
        }
    }

    /// Takes out of the reserve what a request used, or takes along.
    fn draw(&mut self, drawn: Option<&Drawn>, used: Nanos) {
        let Some(drawn) = drawn.filter(|_| used > 0) else {
            return;
        };
        if let Some(Charge {
            state: State::Held { nanos, .. },
            ..
        }) = self.charges.get_mut(&drawn.reserve)
        {
            *nanos -= used;
            self.changed_charges.insert(drawn.reserve.clone());
        }
    }

    fn give_back(&mut self, back: &GiveBack) -> Result<Applied, Refused> {
        let (id, keep) = (&back.charge, back.keep.max(0));
        let Some(charge) = self.charges.get(id).cloned() else {
            return Ok(Applied::Again);
        };
        let State::Held { nanos, mark } = charge.state else {
            return Ok(Applied::Again);
        };
        if nanos <= keep {
            return Ok(Applied::Again);
        }
        let payer = &charge.payer;
        let accounts = (
            BookAccount::Holds(payer.account.clone()),
            BookAccount::Credit(payer.account.clone()),
        );
        // What is kept only ever gets less, so the id is used once.
        self.write(entry(
            format!("{id}/back/{keep}"),
            accounts,
            nanos - keep,
            payer,
            "release",
        ))?;
        self.book_budget(payer, nanos - keep, 0)?;
        let state = State::Held { nanos: keep, mark };
        self.put_charge(id, Charge { state, ..charge });
        Ok(Applied::Done)
    }

    /// So much less is held of the key's budget, and so much more is spent.
    fn book_budget(&mut self, payer: &Payer, freed: Nanos, charged: Nanos) -> Result<(), Refused> {
        let Some(allowance) = &payer.allowance else {
            return Ok(());
        };
        let mut spent = self.spent(&payer.key, &allowance.period);
        spent.held = spent.held.checked_sub(freed).ok_or(Refused::BadAmount)?;
        spent.spent = spent.spent.checked_add(charged).ok_or(Refused::BadAmount)?;
        self.put_spent(&payer.key, &allowance.period, spent);
        Ok(())
    }

    fn settle(&mut self, settlement: &Settlement) -> Result<Applied, Refused> {
        let id = &settlement.charge;
        let known = self.charges.get(id).cloned();
        let (payer, mut held, drawn) = match &known {
            Some(charge) => match charge.state {
                State::Settled { .. } => return Ok(Applied::Again),
                // It is the one that was held for who pays.
                State::Held { nanos, .. } => (&charge.payer, nanos, None),
            },
            None => {
                let drawn = settlement.drawn.as_ref();
                (&settlement.payer, self.drawable(&settlement.payer, drawn), drawn)
            }
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
        // The rest of what was drawn stays in the reserve, any other goes back.
        let freed = if drawn.is_some() {
            set_aside - held
        } else {
            set_aside
        };
        if drawn.is_none() {
            let credit = BookAccount::Credit(payer.account.clone());
            let holds = BookAccount::Holds(payer.account.clone());
            let release = format!("{id}/release");
            self.write(entry(release, (holds, credit), held, payer, "release"))?;
        }
        self.book_budget(payer, freed, charged)?;
        self.draw(drawn, freed);
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
