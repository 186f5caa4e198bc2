//! Durations and sizes with their unit, as operators write them: `500ms`, `3s`, `10m`, `24h`; `8KiB`, `64MiB`.
//! A bare number is refused for a duration, because half of all tools mean seconds by it and the other half
//! milliseconds.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::text::{BadValue, Format, Text};

const PERIOD_HELP: &str = "write a number and its unit, as in 500ms, 3s, 10m, 24h or 7d";
const SIZE_HELP: &str = "write a number and its unit, as in 8KiB or 64MiB";

/// Units of time from the longest to the shortest, in milliseconds: the finest step that any setting needs.
const TIME_UNITS: [(&str, u64); 5] = [
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1_000),
    ("ms", 1),
];

/// Units of size in bytes; the decimal ones are read because people write them, the binary ones are shown.
const SIZE_UNITS: [(&str, u64); 7] = [
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
    ("GB", 1_000_000_000),
    ("MB", 1_000_000),
    ("kB", 1_000),
    ("B", 1),
];

/// A length of time, to the millisecond.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize, JsonSchema)]
#[serde(try_from = "Text", into = "String")]
#[schemars(inline, extend("format" = Format::Period.name(), "examples" = ["500ms", "3s", "10m", "24h"]))]
pub struct Period(Duration);

impl Period {
    /// This many milliseconds.
    pub const fn milliseconds(count: u64) -> Period {
        Period(Duration::from_millis(count))
    }

    /// This many seconds.
    pub const fn seconds(count: u64) -> Period {
        Period(Duration::from_secs(count))
    }

    /// As the clocks want it.
    pub const fn duration(self) -> Duration {
        self.0
    }
}

impl FromStr for Period {
    type Err = BadValue;

    /// One or several counts with units: `90s`, `1h30m`.
    fn from_str(text: &str) -> Result<Period, BadValue> {
        let mut rest = text.trim();
        if rest.is_empty() {
            return Err(BadValue::new("a duration is missing here", PERIOD_HELP));
        }
        let mut total: u64 = 0;
        while !rest.is_empty() {
            let (count, unit, after) = count_and_unit(rest);
            let Ok(count) = count.parse::<u64>() else {
                return Err(BadValue::new(format!("`{text}` is not a duration"), PERIOD_HELP));
            };
            if unit.is_empty() {
                return Err(BadValue::new(format!("`{text}` has no unit"), PERIOD_HELP));
            }
            let Some((_, factor)) = TIME_UNITS.iter().find(|(name, _)| *name == unit) else {
                return Err(BadValue::new(
                    format!("`{unit}` is not a unit of time"),
                    PERIOD_HELP,
                ));
            };
            total = count
                .checked_mul(*factor)
                .and_then(|more| total.checked_add(more))
                .ok_or_else(|| BadValue::new(format!("`{text}` is too long"), PERIOD_HELP))?;
            rest = after;
        }
        Ok(Period::milliseconds(total))
    }
}

impl fmt::Display for Period {
    /// The shortest exact form with one unit: `90s`, `1500ms`, `24h`.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let milliseconds = u64::try_from(self.0.as_millis()).unwrap_or(u64::MAX);
        for (name, factor) in TIME_UNITS {
            // A single day is shown as `24h`, as everybody writes it.
            let least = if name == "d" { 2 * factor } else { factor };
            if milliseconds.is_multiple_of(factor) && milliseconds >= least {
                return write!(out, "{}{name}", milliseconds / factor);
            }
        }
        out.write_str("0s")
    }
}

impl TryFrom<Text> for Period {
    type Error = BadValue;

    fn try_from(text: Text) -> Result<Period, BadValue> {
        text.0.parse()
    }
}

impl From<Period> for String {
    fn from(period: Period) -> String {
        period.to_string()
    }
}

/// A number of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize, JsonSchema)]
#[serde(try_from = "Text", into = "String")]
#[schemars(inline, extend("format" = Format::Size.name(), "examples" = ["8KiB", "64MiB"]))]
pub struct Size(u64);

impl Size {
    /// This many KiB.
    pub const fn kib(count: u64) -> Size {
        Size(count << 10)
    }

    /// This many MiB.
    pub const fn mib(count: u64) -> Size {
        Size(count << 20)
    }

    /// In bytes.
    pub const fn bytes(self) -> u64 {
        self.0
    }
}

impl FromStr for Size {
    type Err = BadValue;

    fn from_str(text: &str) -> Result<Size, BadValue> {
        let (count, unit, after) = count_and_unit(text.trim());
        let unit = if unit.is_empty() { "B" } else { unit };
        let factor = SIZE_UNITS
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(unit));
        let (Ok(count), Some((_, factor)), "") = (count.parse::<u64>(), factor, after) else {
            return Err(BadValue::new(format!("`{text}` is not a size"), SIZE_HELP));
        };
        let bytes = count.checked_mul(*factor);
        bytes
            .map(Size)
            .ok_or_else(|| BadValue::new(format!("`{text}` is too big"), SIZE_HELP))
    }
}

impl fmt::Display for Size {
    /// In the largest binary unit that is exact: `64MiB`, `1000000B`.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, factor) in SIZE_UNITS.into_iter().filter(|(name, _)| name.ends_with("iB")) {
            if self.0.is_multiple_of(factor) && self.0 >= factor {
                return write!(out, "{}{name}", self.0 / factor);
            }
        }
        write!(out, "{}B", self.0)
    }
}

impl TryFrom<Text> for Size {
    type Error = BadValue;

    fn try_from(text: Text) -> Result<Size, BadValue> {
        text.0.parse()
    }
}

impl From<Size> for String {
    fn from(size: Size) -> String {
        size.to_string()
    }
}

/// Splits `90s30ms` into `90`, `s` and `30ms`.
fn count_and_unit(text: &str) -> (&str, &str, &str) {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (count, rest) = text.split_at(digits);
    let letters = rest
        .find(|c: char| !c.is_ascii_alphabetic())
        .unwrap_or(rest.len());
    let (unit, after) = rest.split_at(letters);
    (count, unit, after)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn durations_are_read_with_their_unit_and_shown_in_the_shortest_form() {
        let cases = [
            ("500ms", "500ms"),
            ("3s", "3s"),
            ("90s", "90s"),
            ("60s", "1m"),
            ("1h30m", "90m"),
            ("168h", "7d"),
            ("1d", "24h"),
        ];
        for (written, shown) in cases {
            assert_eq!(written.parse::<Period>().unwrap().to_string(), shown, "{written}");
        }
    }

    #[test]
    fn a_duration_without_a_unit_or_with_a_strange_one_is_refused() {
        for bad in [
            "3",
            "",
            "s",
            "3 s",
            "3sec",
            "-3s",
            "1.5s",
            "99999999999999999999s",
            "999999999999999d",
        ] {
            assert!(bad.parse::<Period>().is_err(), "{bad}");
        }
    }

    #[test]
    fn sizes_are_binary_or_decimal_and_shown_in_binary() {
        for (written, bytes, shown) in [
            ("64MiB", 67_108_864, "64MiB"),
            ("1000", 1_000, "1000B"),
            ("1MB", 1_000_000, "1000000B"),
        ] {
            let size: Size = written.parse().unwrap();
            assert_eq!((size.bytes(), size.to_string().as_str()), (bytes, shown));
        }
        for bad in ["", "MiB", "1.5MiB", "64MiBs", "-1", "99999999999GiB"] {
            assert!(bad.parse::<Size>().is_err(), "{bad}");
        }
    }
}
