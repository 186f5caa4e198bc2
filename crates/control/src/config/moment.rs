//! Points in time, for credentials that end.

use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::text::{BadValue, Format, Text};

/// A point in time, written as RFC 3339 with its offset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize, JsonSchema)]
#[serde(try_from = "Text", into = "String")]
#[schemars(inline, extend("format" = Format::Moment.name(), "examples" = ["2027-01-31T00:00:00Z"]))]
pub struct Moment(#[schemars(with = "String")] jiff::Timestamp);

impl Moment {
    /// In seconds since 1970-01-01T00:00:00Z.
    pub fn unix_seconds(self) -> i64 {
        self.0.as_second()
    }

    /// In milliseconds since 1970-01-01T00:00:00Z.
    pub fn unix_milliseconds(self) -> i64 {
        self.0.as_millisecond()
    }

    /// The moment of so many milliseconds since 1970-01-01T00:00:00Z, if a calendar has it.
    pub fn of_unix_milliseconds(at: i64) -> Option<Moment> {
        jiff::Timestamp::from_millisecond(at).ok().map(Moment)
    }
}

impl FromStr for Moment {
    type Err = BadValue;

    fn from_str(text: &str) -> Result<Moment, BadValue> {
        text.parse::<jiff::Timestamp>().map(Moment).map_err(|_| {
            let help = "write a date, a time and an offset, as in 2027-01-31T00:00:00Z";
            BadValue::new(format!("`{text}` is not a point in time"), help)
        })
    }
}

impl TryFrom<Text> for Moment {
    type Error = BadValue;

    fn try_from(text: Text) -> Result<Moment, BadValue> {
        text.0.parse()
    }
}

impl From<Moment> for String {
    fn from(moment: Moment) -> String {
        moment.0.to_string()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn a_moment_needs_its_offset() {
        assert_eq!(
            "1970-01-02T01:00:00+01:00"
                .parse::<Moment>()
                .unwrap()
                .unix_seconds(),
            86_400
        );
        assert!("2027-01-31".parse::<Moment>().is_err());
    }
}
