//! What can happen to the book.

use super::{BookAccount, Charge, Entry, Mark, Nanos};

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operation {
    Hold(Hold),
    Reserve(Reserve),
    Mark(Progress),
    Settle(Settlement),
    GiveBack(GiveBack),
    Move(Move),
}

/// Sets a request's greatest possible cost aside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hold {
    /// The charge's id, unique for each request; a client may use its own request id twice.
    pub charge: String,
    pub payer: Payer,
    pub owner: String,
    pub nanos: Nanos,
}

/// Sets aside for requests to come, where there is plenty: they then need no hold of their own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reserve {
    /// As much as is wanted; less is set aside where that is more than a small part of what the account and the
    /// key's budget have left.
    pub hold: Hold,
    /// Refused below that.
    pub least: Nanos,
}

/// The part of a reserve that stands for one request's hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drawn {
    /// The reserve's charge.
    pub reserve: String,
    pub nanos: Nanos,
}

/// What a request under way has cost so far. From the first one on it has a charge of its own, and what was drawn
/// for it leaves the reserve.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    pub charge: String,
    pub payer: Payer,
    pub owner: String,
    pub drawn: Option<Drawn>,
    pub mark: Mark,
}

/// Of what is set aside, all above `keep` is given back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GiveBack {
    pub charge: String,
    pub keep: Nanos,
}

/// For whose account a request is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payer {
    pub account: String,
    /// The key's name.
    pub key: String,
    /// As the client knows it.
    pub request_id: String,
    /// The key's budget, where it has one.
    pub allowance: Option<Allowance>,
}

impl Payer {
    /// Whether what is set aside for one is for the other too: one account, one key, one period of its budget.
    pub fn shares_with(&self, other: &Payer) -> bool {
        self.account == other.account && self.key == other.key && self.period() == other.period()
    }

    fn period(&self) -> Option<&str> {
        self.allowance.as_ref().map(|allowance| allowance.period.as_str())
    }
}

/// What a key may spend in the period that a request belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Allowance {
    /// The period's name: `2026-11-22`, `2026-11` or `total`.
    pub period: String,
    pub nanos: Nanos,
}

/// What a request came to, once and for all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settlement {
    pub charge: String,
    pub payer: Payer,
    pub owner: String,
    /// Where the request was covered by a reserve: what it does not cost stays there.
    pub drawn: Option<Drawn>,
    /// Each attempt that generated something; none where nothing is owed.
    pub billed: Vec<Billed>,
    /// Tokens were counted here, for want of the vendor's count.
    pub estimated: bool,
}

impl Settlement {
    /// Gives back all that was set aside.
    pub fn of_nothing(hold: Hold) -> Settlement {
        Settlement {
            charge: hold.charge,
            payer: hold.payer,
            owner: hold.owner,
            drawn: None,
            billed: Vec::new(),
            estimated: false,
        }
    }
}

/// One attempt's price.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Billed {
    pub attempt: u32,
    /// The customer's; 0 where the operator bears it.
    pub charge: Nanos,
    /// The vendor's.
    pub cost: Nanos,
    /// Such as `answered`, `rescued` or `probe`.
    pub reason: String,
}

/// Any other transfer: a payment, a gift, a correction, money paid back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Move {
    pub entry: Entry,
    /// Refused where the debited account has less.
    pub covered: bool,
}

/// Why an operation is not done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The account's credit does not cover it.
    #[error("the account's credit does not cover it")]
    NoCredit { available: Nanos, needed: Nanos },
    /// The key's budget does not cover it.
    #[error("the key's budget does not cover it")]
    OverBudget { left: Nanos, needed: Nanos },
    /// An amount that is negative, nothing, or more than the book can hold.
    #[error("the amount is not one that the book can hold")]
    BadAmount,
    /// Another transfer has this id.
    #[error("another transfer has this id")]
    AnotherHasThisId,
    /// There is not so much left that a part could be reserved.
    #[error("too little is left for a reserve")]
    Scarce,
    /// The request is settled, so nothing can be set aside for it.
    #[error("the request is settled already")]
    Settled,
}

/// What an operation came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Applied {
    Done,
    /// So much was set aside for requests to come.
    Reserved(Nanos),
    /// It was done before; nothing has changed.
    Again,
}

/// What must be known before an operation is applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Touched {
    Balance(BookAccount),
    Billing(String),
    Charge(String),
    Budget { key: String, period: String },
    Entry(String),
}

impl Operation {
    /// The account that is charged, the charge itself, the budget it counts to: all that `apply` looks at, but
    /// for what a charge that is known names in turn (see [`Touched::of_charge`]).
    pub fn touches(&self) -> Vec<Touched> {
        match self {
            Operation::Hold(hold) | Operation::Reserve(Reserve { hold, .. }) => {
                Touched::of_request(&hold.charge, &hold.payer)
            }
            Operation::Mark(progress) => {
                let mut touched = vec![Touched::Charge(progress.charge.clone())];
                touched.extend(progress.drawn.as_ref().map(Touched::of_drawn));
                touched
            }
            Operation::GiveBack(back) => vec![Touched::Charge(back.charge.clone())],
            Operation::Settle(settlement) => {
                let mut touched = Touched::of_request(&settlement.charge, &settlement.payer);
                touched.extend(settlement.drawn.as_ref().map(Touched::of_drawn));
                let costs = [
                    BookAccount::Revenue,
                    BookAccount::VendorCost,
                    BookAccount::Vendors,
                ];
                touched.extend(costs.into_iter().map(Touched::Balance));
                touched
            }
            Operation::Move(transfer) => {
                let Entry {
                    id, debit, credit, ..
                } = &transfer.entry;
                vec![
                    Touched::Entry(id.clone()),
                    Touched::Balance(debit.clone()),
                    Touched::Balance(credit.clone()),
                ]
            }
        }
    }
}

impl Touched {
    /// What a known charge is about: it was held for this payer, whatever the operation says now.
    pub fn of_charge(id: &str, charge: &Charge) -> Vec<Touched> {
        Touched::of_request(id, &charge.payer)
    }

    fn of_drawn(drawn: &Drawn) -> Touched {
        Touched::Charge(drawn.reserve.clone())
    }

    fn of_request(charge: &str, payer: &Payer) -> Vec<Touched> {
        let mut touched = vec![
            Touched::Charge(charge.to_owned()),
            Touched::Billing(payer.account.clone()),
            Touched::Balance(BookAccount::Credit(payer.account.clone())),
            Touched::Balance(BookAccount::Holds(payer.account.clone())),
        ];
        touched.extend(payer.allowance.as_ref().map(|allowance| Touched::Budget {
            key: payer.key.clone(),
            period: allowance.period.clone(),
        }));
        touched
    }
}
