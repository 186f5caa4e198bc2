//! Shares of traffic in percent. They are integers of a hundredth percent, so that 0.1 + 0.2 is 0.3 and "exactly
//! 100" is a comparison and not a hope.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize, Serializer};

use super::text::{BadValue, Format, Text};

const HELP: &str = "write a percentage from 0 to 100 in steps of 0.01";

/// A percentage from 0 to 100 in steps of 0.01.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize, JsonSchema)]
#[serde(try_from = "Text")]
#[schemars(inline, extend("format" = Format::Share.name(), "examples" = [0, 10, 12.25]))]
pub struct Share(u16);

impl Share {
    /// No traffic at all.
    pub const NONE: Share = Share(0);
    /// All of it.
    pub const ALL: Share = Share(10_000);

    /// A whole percentage; anything over 100 is 100.
    pub const fn percent(percent: u16) -> Share {
        if percent > 100 {
            Share::ALL
        } else {
            Share(percent * 100)
        }
    }

    /// In hundredths of a percent: 0 to 10,000.
    pub const fn hundredths(self) -> u16 {
        self.0
    }

    /// What is left for the other side.
    pub const fn rest(self) -> Share {
        Share(Share::ALL.0 - self.0)
    }
}

impl FromStr for Share {
    type Err = BadValue;

    fn from_str(text: &str) -> Result<Share, BadValue> {
        let text = text.trim().trim_end_matches('%');
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
        let unsigned = whole.strip_prefix('-').unwrap_or(whole);
        if unsigned.is_empty() || !digits(unsigned) || !digits(fraction) {
            return Err(BadValue::new(format!("`{text}` is not a percentage"), HELP));
        }
        let fraction = fraction.trim_end_matches('0');
        if fraction.len() > 2 {
            return Err(BadValue::new(format!("{text} is not a step of 0.01"), HELP));
        }
        let whole = whole.parse::<u16>().ok().filter(|percent| *percent <= 100);
        let part = format!("{fraction:0<2}").parse::<u16>().ok();
        let hundredths = whole.zip(part).map(|(whole, part)| whole * 100 + part);
        let hundredths = hundredths.filter(|hundredths| *hundredths <= Share::ALL.0);
        hundredths
            .map(Share)
            .ok_or_else(|| BadValue::new(format!("{text} is not between 0 and 100"), HELP))
    }
}

impl fmt::Display for Share {
    /// Without trailing zeros: `10`, `87.5`.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.0 / 100, self.0 % 100) {
            (whole, 0) => write!(out, "{whole}"),
            (whole, part) if part % 10 == 0 => write!(out, "{whole}.{}", part / 10),
            (whole, part) => write!(out, "{whole}.{part:02}"),
        }
    }
}

impl TryFrom<Text> for Share {
    type Error = BadValue;

    fn try_from(text: Text) -> Result<Share, BadValue> {
        text.0.parse()
    }
}

impl Serialize for Share {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match (self.0 / 100, self.0 % 100) {
            (whole, 0) => serializer.serialize_u16(whole),
            _ => serializer.serialize_f64(f64::from(self.0) / 100.0),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn every_step_survives_being_shown_and_read_again() {
        for hundredths in 0..=10_000 {
            let share = Share(hundredths);
            assert_eq!(share.to_string().parse::<Share>().unwrap(), share);
            let json = serde_json::to_string(&share).unwrap();
            assert_eq!(serde_json::from_str::<Share>(&json).unwrap(), share);
        }
    }

    #[test]
    fn the_reason_tells_a_wrong_step_from_a_wrong_range() {
        let reason = |text: &str| text.parse::<Share>().unwrap_err().message;
        assert_eq!(reason("12.345"), "12.345 is not a step of 0.01");
        assert_eq!(reason("100.01"), "100.01 is not between 0 and 100");
        assert_eq!(reason("-1"), "-1 is not between 0 and 100");
        assert_eq!(reason("ten"), "`ten` is not a percentage");
    }
}
