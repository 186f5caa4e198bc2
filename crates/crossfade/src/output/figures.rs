//! Numbers and foreign text as people read them.

use serde_json::Value;

/// Stands where nothing is known.
pub(crate) const UNKNOWN: &str = "-";

/// Milliseconds to three digits, seconds from ten thousand on.
pub(crate) fn milliseconds(milliseconds: Option<f64>) -> String {
    match milliseconds {
        None => UNKNOWN.to_owned(),
        Some(long) if long >= 10_000.0 => format!("{:.1} s", long / 1000.0),
        Some(middle) if middle >= 100.0 => format!("{middle:.0} ms"),
        Some(short) => format!("{} ms", without_zeros(format!("{short:.1}"))),
    }
}

/// A share of requests, 0 to 1, as a percentage.
pub(crate) fn error_rate(rate: f64) -> String {
    format!("{}%", without_zeros(format!("{:.2}", rate * 100.0)))
}

/// A JSON value on one line: text without its quotes, the rest as JSON.
pub(crate) fn scalar(value: &Value) -> String {
    match value {
        Value::Null => UNKNOWN.to_owned(),
        Value::String(text) => plain(text),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => plain(&value.to_string()),
    }
}

/// Text from elsewhere with its control characters made visible: names and reasons must not command a terminal.
pub(crate) fn plain(text: &str) -> String {
    text.chars()
        .fold(String::with_capacity(text.len()), |mut out, character| {
            if character.is_control() {
                out.extend(character.escape_default());
            } else {
                out.push(character);
            }
            out
        })
}

fn without_zeros(number: String) -> String {
    match number.split_once('.') {
        Some(_) => number.trim_end_matches('0').trim_end_matches('.').to_owned(),
        None => number,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn times_keep_the_digits_that_matter() {
        let shown = [
            Some(0.12),
            Some(7.0),
            Some(152.1),
            Some(9_999.0),
            Some(61_500.0),
            None,
        ]
        .map(milliseconds);
        assert_eq!(shown, ["0.1 ms", "7 ms", "152 ms", "9999 ms", "61.5 s", "-"]);
    }

    #[test]
    fn percentages_have_no_trailing_zeros() {
        assert_eq!(
            [0.0, 0.0049, 0.875, 1.0].map(error_rate),
            ["0%", "0.49%", "87.5%", "100%"]
        );
    }
}
