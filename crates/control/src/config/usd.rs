//! Amounts of US dollars. Integers of a thousand-millionth dollar (nano-USD), never floats: they end in a ledger.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::text::{BadValue, Format, Text};

const HELP: &str = "write dollars with at most 9 decimals, as in 2.00";
const NANO_PER_USD: i64 = 1_000_000_000;

/// An amount of US dollars that is not negative, with at most 9 decimals.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize, JsonSchema)]
#[serde(try_from = "Text", into = "String")]
#[schemars(inline, extend("format" = Format::Usd.name(), "examples" = ["2.00", "0.50"]))]
pub struct Usd(i64);

impl Usd {
    /// In nano-USD.
    pub const fn nano(self) -> i64 {
        self.0
    }
}

impl FromStr for Usd {
    type Err = BadValue;

    fn from_str(text: &str) -> Result<Usd, BadValue> {
        let text = text.trim();
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
        if whole.is_empty() || !digits(whole) || !digits(fraction) {
            return Err(BadValue::new(
                format!("`{text}` is not an amount of dollars"),
                HELP,
            ));
        }
        let fraction = fraction.trim_end_matches('0');
        if fraction.len() > 9 {
            return Err(BadValue::new(format!("{text} has more than 9 decimals"), HELP));
        }
        let nano = format!("{fraction:0<9}").parse::<i64>().ok();
        let whole = whole
            .parse::<i64>()
            .ok()
            .and_then(|whole| whole.checked_mul(NANO_PER_USD));
        let total = whole.zip(nano).and_then(|(whole, nano)| whole.checked_add(nano));
        total
            .map(Usd)
            .ok_or_else(|| BadValue::new(format!("{text} dollars are too many"), HELP))
    }
}

impl fmt::Display for Usd {
    /// At least two decimals, no zeros after them: `2.00`, `0.075`.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fraction = format!("{:09}", self.0 % NANO_PER_USD);
        let shown = fraction.trim_end_matches('0');
        write!(out, "{}.{shown:0<2}", self.0 / NANO_PER_USD)
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
