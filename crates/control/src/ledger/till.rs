//! The gateway's till: what requests are held for, marked and settled by.
//!
//! What the customer pays and what the operator bears is decided here, once, from what a request came to. The
//! customer pays for the attempt whose answer it got; attempts that were made in vain, probes, and the difference
//! between cost and list price are the operator's.

use decide::book::{Allowance, Billed, Billing, Mark, Operation, Payer, Progress, Settlement};
use decide::money::Nano;
use gateway::{Answered, Attempt, Cost, Key, Outcome, Payment, Period, Till, Uncovered, Wanted};
use store::ledger::Unwritten;

use super::Ledger;

/// How the accounts of keys without an account begin.
pub const KEY_ACCOUNT: &str = "key:";

impl Till for Ledger {
    fn payment(&self, key: &Key) -> Payment {
        if key.budget.is_some() {
            return Payment::Before;
        }
        if !key.has_account {
            return Payment::Nobody;
        }
        match self.terms(&key.account) {
            Some(terms) if terms.billing == Billing::Prepaid => Payment::Before,
            _ => Payment::Afterwards,
        }
    }

    fn markup(&self, key: &Key) -> i64 {
        let terms = self.terms(&key.account).filter(|_| key.has_account);
        terms.map_or(0, |terms| terms.markup)
    }

    fn is_open(&self) -> bool {
        self.scribe.is_open()
    }

    fn hold(&self, wanted: Wanted<'_>) -> Answered {
        let payer = payer(wanted.key, wanted.request_id, wanted.at);
        let Some(greatest) = with_markup(wanted.greatest, wanted.markup) else {
            return Box::pin(async { Err(Uncovered::Refused(decide::book::Refused::BadAmount)) });
        };
        let held = self.reserves.cover(wanted.charge, payer, greatest.get());
        Box::pin(async move {
            match held.await {
                Ok(_) => Ok(()),
                Err(Unwritten::Refused(refused)) => Err(Uncovered::Refused(refused)),
                Err(Unwritten::Unavailable) => Err(Uncovered::Unavailable),
            }
        })
    }

    fn mark(&self, charge: &str, so_far: &Outcome) {
        let Some(key) = so_far.key.as_deref() else { return };
        let billed = billed(so_far);
        let sum = |part: fn(&Billed) -> i64| billed.iter().map(part).fold(0, i64::saturating_add);
        let mark = Mark {
            charge: sum(|billed| billed.charge),
            cost: sum(|billed| billed.cost),
        };
        self.reserves.mark(charge, |drawn| {
            Operation::Mark(Progress {
                charge: charge.to_owned(),
                payer: payer(key, &so_far.request_id, so_far.at),
                owner: self.owner.clone(),
                drawn,
                mark,
            })
        });
    }

    fn settle(&self, charge: Option<Box<str>>, outcome: &Outcome) {
        let Some(key) = outcome.key.as_deref() else { return };
        if charge.is_none() && (outcome.attempts.is_empty() || self.payment(key) == Payment::Nobody) {
            return;
        }
        let own_id = || format!("{}.{:016x}", outcome.request_id, fastrand::u64(..));
        let settlement = Settlement {
            charge: charge.map_or_else(own_id, String::from),
            payer: payer(key, &outcome.request_id, outcome.at),
            owner: self.owner.clone(),
            drawn: None,
            billed: billed(outcome),
            estimated: outcome.attempts.last().is_some_and(|attempt| attempt.estimated),
        };
        self.reserves.settle(settlement);
    }
}

/// What a request that nobody pays for would be sold at; `None` if it is paid for, or has no price.
pub(crate) fn unbooked(outcome: &Outcome) -> Option<Nano> {
    let key = outcome.key.as_deref()?;
    if key.has_account || key.budget.is_some() {
        return None;
    }
    let unpriced = |attempt: &Attempt| outcome.listed(attempt) == Cost::Unpriced;
    if outcome.attempts.is_empty() || outcome.attempts.iter().any(unpriced) {
        return None;
    }
    let charges = billed(outcome);
    Nano::sum(charges.iter().map(|billed| Nano::new(billed.charge)))
}

/// Every attempt that used something, with who bears it.
fn billed(outcome: &Outcome) -> Vec<Billed> {
    let last = outcome.attempts.len();
    let numbered = (1_u32..).zip(&outcome.attempts);
    let billed = numbered.filter_map(|(number, attempt)| {
        attempt.usage?;
        let borne = if number as usize != last {
            Some("in vain")
        } else if brought_nothing(attempt) {
            Some("failed")
        } else {
            None
        };
        let charge = match borne {
            Some(_) => Nano::ZERO,
            None => outcome.sold(attempt).known().unwrap_or_default(),
        };
        let cost = attempt.cost(outcome.at).known().unwrap_or_default();
        Some(Billed {
            attempt: number,
            charge: charge.get(),
            cost: cost.get(),
            reason: borne.unwrap_or("answered").to_owned(),
        })
    });
    billed.collect()
}

/// What covers a price with its markup, however both are rounded; `None` if that is more than can be booked.
fn with_markup(greatest: Nano, markup: i64) -> Option<Nano> {
    const WHOLE: i64 = 10_000;
    if markup == 0 {
        return Some(greatest);
    }
    let share = u64::try_from(WHOLE.checked_add(markup)?).ok()?;
    let one = Nano::new(1);
    greatest.plus(one)?.share(share, WHOLE.unsigned_abs())?.plus(one)
}

/// An error instead of an answer: whatever the vendor takes for it, the customer pays nothing.
fn brought_nothing(attempt: &Attempt) -> bool {
    attempt.failure.is_some() && attempt.usage.is_none_or(|usage| usage.output_tokens == 0)
}

fn payer(key: &Key, request_id: &str, at: u64) -> Payer {
    Payer {
        account: account(key),
        key: key.name.to_string(),
        request_id: request_id.to_owned(),
        allowance: key.budget.map(|budget| Allowance {
            period: period(budget.per, at),
            nanos: budget.most.get(),
        }),
    }
}

/// A key with a budget, but without an account, has one of its own in the book; no account can be made by that name,
/// so it is never somebody else's.
fn account(key: &Key) -> String {
    if key.has_account {
        key.account.to_string()
    } else {
        format!("{KEY_ACCOUNT}{}", key.name)
    }
}

/// The name of the period in which a request arrived, by UTC.
pub(super) fn period(per: Period, at: u64) -> String {
    let millis = i64::try_from(at).unwrap_or(i64::MAX);
    let at = jiff::Timestamp::from_millisecond(millis).unwrap_or(jiff::Timestamp::MAX);
    match per {
        Period::Day => at.strftime("%Y-%m-%d").to_string(),
        Period::Month => at.strftime("%Y-%m").to_string(),
        Period::Total => "total".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_is_of_the_day_or_month_in_utc() {
        let last_second = 1_767_225_599_000;
        assert_eq!(period(Period::Day, last_second), "2025-12-31");
        assert_eq!(period(Period::Month, last_second), "2025-12");
        assert_eq!(period(Period::Day, last_second + 1_000), "2026-01-01");
        assert_eq!(period(Period::Total, last_second), "total");
    }
}
