//! What can happen to the book.

use super::{BookAccount, Charge, Entry, Mark, Nanos};

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operation {
    Hold(Hold),
    /// What a held request has cost so far, by the charge's id.
    Mark(String, Mark),
    Settle(Settlement),
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

/// What a key may spend in the period that a request belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
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
    /// Each attempt that generated something; none where nothing is owed.
    pub billed: Vec<Billed>,
    /// Tokens were counted here, for want of the vendor's count.
    pub estimated: bool,
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
    /// The request is settled, so nothing can be set aside for it.
    #[error("the request is settled already")]
    Settled,
}

/// What an operation came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Applied {
    Done,
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
            Operation::Hold(hold) => Touched::of_request(&hold.charge, &hold.payer),
            Operation::Mark(charge, _) => vec![Touched::Charge(charge.clone())],
            Operation::Settle(settlement) => {
                let mut touched = Touched::of_request(&settlement.charge, &settlement.payer);
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
