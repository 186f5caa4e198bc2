//! Reads single values as the schema wants them, and shows in a refusal what was found instead.

use serde_json::{Number, Value};

/// A whole number within its limits.
pub(super) fn integer(text: &str, least: Option<i64>, most: Option<i64>) -> Result<Value, String> {
    let number = text.parse::<i64>().ok();
    let fits = number.filter(|n| least.is_none_or(|l| *n >= l) && most.is_none_or(|m| *n <= m));
    // A limit that only the type sets is told to those who met it.
    let is_telling = |most: &i64| *most < i64::from(u32::MAX) || number.is_some_and(|number| number > *most);
    let found = number.map_or_else(|| shown(text), |number| number.to_string());
    let range = range(least, most.filter(is_telling));
    fits.map(Value::from)
        .ok_or_else(|| format!("expected a whole number{range}, found {found}"))
}

/// A number within its limits.
pub(super) fn number(text: &str, least: Option<f64>, most: Option<f64>) -> Result<Value, String> {
    let number = text.parse::<f64>().ok().filter(|number| number.is_finite());
    let fits = number.filter(|n| least.is_none_or(|l| *n >= l) && most.is_none_or(|m| *n <= m));
    let refusal = || format!("expected a number{}, found {}", range(least, most), shown(text));
    fits.and_then(Number::from_f64)
        .map(Value::Number)
        .ok_or_else(refusal)
}

/// `true` or `false`, and none of the other words that YAML once took for them.
pub(super) fn boolean(text: &str) -> Result<Value, String> {
    let refusal = |_| format!("expected true or false, found {}", shown(text));
    text.parse::<bool>().map(Value::Bool).map_err(refusal)
}

/// What YAML's core schema makes of a scalar without quotes.
pub(super) fn untyped(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "true" | "True" | "TRUE" => return Value::Bool(true),
        "false" | "False" | "FALSE" => return Value::Bool(false),
        _ => {}
    }
    if let Ok(number) = text.parse::<i64>() {
        return Value::from(number);
    }
    let looks_like_number = text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '-' | '+' | '.'));
    let number = text
        .parse::<f64>()
        .ok()
        .filter(|_| looks_like_number)
        .and_then(Number::from_f64);
    number.map_or_else(|| Value::String(text.to_owned()), Value::Number)
}

/// A value in a message: short, and as one word.
pub(super) fn shown(text: &str) -> String {
    /// Longer values fill the line and tell no more.
    const LONGEST: usize = 60;
    if text.chars().count() <= LONGEST {
        return format!("`{text}`");
    }
    let start: String = text.chars().take(LONGEST).collect();
    format!("`{start}...`")
}

fn range<T: std::fmt::Display>(least: Option<T>, most: Option<T>) -> String {
    match (least, most) {
        (Some(least), Some(most)) => format!(" from {least} to {most}"),
        (Some(least), None) => format!(" from {least}"),
        (None, Some(most)) => format!(" up to {most}"),
        (None, None) => String::new(),
    }
}
