//! The accounts of the book, and how they are written.

use std::fmt;
use std::str::FromStr;

/// An account of the book. Customers have two each, the operator has the others.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BookAccount {
    /// What a customer can spend; negative where it owes.
    Credit(String),
    /// What is set aside for a customer's requests under way.
    Holds(String),
    /// What customers were charged.
    Revenue,
    /// What vendors charged, or will.
    VendorCost,
    /// The other side of vendor cost: what vendors are owed.
    Vendors,
    /// Credit that was given away.
    Promotions,
    /// The other side of credit that was paid for.
    PaymentsReceived,
    /// Credit that was paid back.
    Refunds,
    /// The other side of credit that came by voucher.
    Vouchers,
    /// The other side of an operator's corrections.
    Corrections,
}

/// A text that names no account of the book.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is no account of the book")]
pub struct BadBookAccount(String);

const OF_CUSTOMER: &str = "customer/";

impl BookAccount {
    /// The customer whose account it is.
    pub fn customer(&self) -> Option<&str> {
        match self {
            BookAccount::Credit(name) | BookAccount::Holds(name) => Some(name),
            _ => None,
        }
    }

    fn of_operator(text: &str) -> Option<BookAccount> {
        Some(match text {
            "revenue" => BookAccount::Revenue,
            "vendor_cost" => BookAccount::VendorCost,
            "vendors" => BookAccount::Vendors,
            "promotions" => BookAccount::Promotions,
            "payments_received" => BookAccount::PaymentsReceived,
            "refunds" => BookAccount::Refunds,
            "vouchers" => BookAccount::Vouchers,
            "corrections" => BookAccount::Corrections,
            _ => return None,
        })
    }
}

impl fmt::Display for BookAccount {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            BookAccount::Credit(name) => return write!(out, "{OF_CUSTOMER}{name}/credit"),
            BookAccount::Holds(name) => return write!(out, "{OF_CUSTOMER}{name}/holds"),
            BookAccount::Revenue => "revenue",
            BookAccount::VendorCost => "vendor_cost",
            BookAccount::Vendors => "vendors",
            BookAccount::Promotions => "promotions",
            BookAccount::PaymentsReceived => "payments_received",
            BookAccount::Refunds => "refunds",
            BookAccount::Vouchers => "vouchers",
            BookAccount::Corrections => "corrections",
        })
    }
}

impl FromStr for BookAccount {
    type Err = BadBookAccount;

    fn from_str(text: &str) -> Result<BookAccount, BadBookAccount> {
        let bad = || BadBookAccount(text.to_owned());
        let Some(rest) = text.strip_prefix(OF_CUSTOMER) else {
            return BookAccount::of_operator(text).ok_or_else(bad);
        };
        // From the right: a name may hold slashes.
        match rest.rsplit_once('/') {
            Some((name, "credit")) => Ok(BookAccount::Credit(name.to_owned())),
            Some((name, "holds")) => Ok(BookAccount::Holds(name.to_owned())),
            _ => Err(bad()),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn every_account_is_read_as_it_is_written() {
        for account in [
            BookAccount::Credit("acme".into()),
            BookAccount::Holds("a/holds/b".into()),
            BookAccount::Revenue,
            BookAccount::VendorCost,
            BookAccount::Vendors,
            BookAccount::Promotions,
            BookAccount::PaymentsReceived,
            BookAccount::Refunds,
            BookAccount::Vouchers,
            BookAccount::Corrections,
        ] {
            assert_eq!(account.to_string().parse::<BookAccount>().unwrap(), account);
        }
        assert!("customer/acme/debt".parse::<BookAccount>().is_err());
        assert!("acme".parse::<BookAccount>().is_err());
    }
}
