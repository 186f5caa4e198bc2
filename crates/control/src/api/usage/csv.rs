//! Usage as a table for spreadsheets (RFC 4180).

use store::usage::By;

use super::view::{NAMES, SumsView, UsageView};

const SUMS: [&str; 13] = [
    "requests",
    "errors",
    "attempts",
    "input_tokens",
    "cached_input_tokens",
    "cache_write_tokens",
    "output_tokens",
    "reasoning_tokens",
    "cost_usd",
    "list_usd",
    "sold_usd",
    "unpriced",
    "estimated",
];

/// A line of titles, then one for each group.
pub(super) fn table(usage: &UsageView, by: &[By]) -> String {
    let titles = by.iter().map(|by| {
        let known = NAMES.iter().find(|(known, _)| known == by);
        known.map_or("", |(_, name)| *name).to_owned()
    });
    let mut text = line(titles.chain(SUMS.map(str::to_owned)));
    for group in &usage.usage {
        let cells = by.iter().map(|by| quoted(group.cell(*by)));
        text += &line(cells.chain(numbers(&group.sums)));
    }
    text
}

fn line(cells: impl Iterator<Item = String>) -> String {
    cells.collect::<Vec<_>>().join(",") + "\r\n"
}

fn numbers(sums: &SumsView) -> [String; 13] {
    [
        sums.requests.to_string(),
        sums.errors.to_string(),
        sums.attempts.to_string(),
        sums.input_tokens.to_string(),
        sums.cached_input_tokens.to_string(),
        sums.cache_write_tokens.to_string(),
        sums.output_tokens.to_string(),
        sums.reasoning_tokens.to_string(),
        sums.cost_usd.clone(),
        sums.list_usd.clone(),
        sums.sold_usd.clone(),
        sums.unpriced.to_string(),
        sums.estimated.to_string(),
    ]
}

/// A name in quotes where it needs them. One that a spreadsheet would take for a formula gets an apostrophe in
/// front, which spreadsheets do not show.
fn quoted(name: &str) -> String {
    let formula = name.starts_with(['=', '+', '-', '@', '\t']);
    let name = if formula {
        format!("'{name}")
    } else {
        name.to_owned()
    };
    if name.contains([',', '"', '\r', '\n']) {
        format!("\"{}\"", name.replace('"', "\"\""))
    } else {
        name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_break_out_of_their_cells() {
        for (name, cell) in [
            ("app", "app"),
            ("a,b", "\"a,b\""),
            ("say \"hi\"", "\"say \"\"hi\"\"\""),
            ("=1+1", "'=1+1"),
        ] {
            assert_eq!(quoted(name), cell);
        }
    }
}
