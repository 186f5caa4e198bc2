//! Amounts of US dollars in a file or a request: the integers of `decide::money`, none of them negative.

use std::fmt;
use std::str::FromStr;

use decide::money::{Nano, NoAmount};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::text::{BadValue, Format, Text};

const HELP: &str = "write dollars with at most 9 decimals, as in 2.00";

/// An amount of US dollars that is not negative, with at most 9 decimals.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize, JsonSchema)]
#[serde(try_from = "Text", into = "String")]
#[schemars(inline, extend("format" = Format::Usd.name(), "examples" = ["2.00", "0.50"]))]
pub struct Usd(#[schemars(with = "String")] Nano);

impl Usd {
    /// In nano-USD.
    pub const fn nano(self) -> i64 {
        self.0.get()
    }

    /// The same amount where amounts may be negative.
    pub const fn amount(self) -> Nano {
        self.0
    }
}

impl FromStr for Usd {
    type Err = BadValue;

    fn from_str(text: &str) -> Result<Usd, BadValue> {
        let text = text.trim();
        let amount = text
            .parse::<Nano>()
            .and_then(|amount| match amount.is_negative() {
                true => Err(NoAmount::Syntax),
                false => Ok(amount),
            });
        amount.map(Usd).map_err(|reason| {
            let message = match reason {
                NoAmount::Syntax => format!("`{text}` is not an amount of dollars"),
                NoAmount::TooFine => format!("{text} has more than 9 decimals"),
                NoAmount::TooLarge => format!("{text} dollars are too many"),
            };
            BadValue::new(message, HELP)
        })
    }
}

impl fmt::Display for Usd {
    /// At least two decimals, no zeros after them: `2.00`, `0.075`.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

impl TryFrom<Text> for Usd {
    type Error = BadValue;

    fn try_from(text: Text) -> Result<Usd, BadValue> {
        text.0.parse()
    }
}

impl From<Usd> for String {
    fn from(amount: Usd) -> String {
        amount.to_string()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn dollars_are_exact() {
        for (written, nano, shown) in [
            ("2", 2_000_000_000, "2.00"),
            ("0.075", 75_000_000, "0.075"),
            ("0.000000001", 1, "0.000000001"),
        ] {
            let amount: Usd = written.parse().unwrap();
            assert_eq!((amount.nano(), amount.to_string().as_str()), (nano, shown));
        }
    }

    #[test]
    fn what_is_no_amount_is_refused() {
        for bad in ["", "-1", "1e3", "$2", "0.0000000001", "9999999999999"] {
            assert!(bad.parse::<Usd>().is_err(), "{bad}");
        }
    }
}
