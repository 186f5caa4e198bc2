//! The book: who has how much, by double entry.
//!
//! Every transfer debits one book account and credits another, so the sum over all of them is 0 at every
//! moment. Entries are only ever appended; a balance is the sum of the entries, kept beside them so that it need
//! not be added up again. A balance is credits less debits: what a customer has is positive, what the operator
//! spent is negative.
//!
//! An [`Operation`] says what happened, [`Leaf::apply`] decides what it does to the book. A leaf holds only what a
//! batch of operations touches; whoever keeps the book loads it, applies, and writes down what changed, all in one
//! transaction. Ids are made by the caller: an operation that comes again changes nothing and answers the same.
//!
//! A request's life: `Hold` sets its greatest possible cost aside, `Mark` notes what it has cost so far, `Settle`
//! charges what it did cost and gives the rest back. Without a hold (an account that pays later) `Settle` alone
//! does the same.
//!
//! A `Reserve` sets a larger amount aside for many requests to come, so that none of them has to wait for a hold of its
//! own. Requests draw on it in their gateway's memory; the book hears of them when they are marked or settled. It is a
//! charge like any other: if its gateway is gone, what was not used goes back.

mod account;
mod apply;
mod charge;
mod entry;
mod leaf;
mod operation;

pub use account::{BadBookAccount, BookAccount};
pub use charge::{Charge, Mark, State};
pub use entry::Entry;
pub use leaf::{Billing, Leaf, Spent};
pub use operation::{
    Allowance, Applied, Billed, Drawn, GiveBack, Hold, Move, Operation, Payer, Progress, Refused, Reserve,
    Settlement, Touched,
};

/// Thousand-millionths of a US dollar, signed.
pub type Nanos = i64;
