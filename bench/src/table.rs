//! The table: a row a figure, both proxies, and the ratio that can be compared between machines.

use std::fmt::Write;

#[derive(Default)]
pub(crate) struct Table {
    rows: String,
}

impl Table {
    pub(crate) fn row(&mut self, figure: &str, nginx: f64, crossfade: f64) {
        // Differences of two counts: what else the process does may be more than what was asked of it.
        if nginx < 0.0 || crossfade < 0.0 {
            return self.missing(
                figure,
                "other work of the process was more than what was measured",
            );
        }
        let ratio = if nginx > 0.0 {
            format!("{:.2}", crossfade / nginx)
        } else {
            "".to_owned()
        };
        // Writing to a string cannot fail.
        let _ = writeln!(
            self.rows,
            "| {figure} | {} | {} | {ratio} |",
            shown(nginx),
            shown(crossfade)
        );
        eprintln!(
            "{figure}: nginx {}, crossfade {}, {ratio}",
            shown(nginx),
            shown(crossfade)
        );
    }

    /// A figure that could not be had, said aloud.
    pub(crate) fn missing(&mut self, figure: &str, why: &str) {
        let _ = writeln!(self.rows, "| {figure} | not measured | not measured | |");
        eprintln!("bench: NOT MEASURED: {figure}: {why}");
    }

    pub(crate) fn markdown(&self, machine: &str) -> String {
        format!(
            "Made by `bench/run` on {machine}.\n\n\
             | figure | nginx | crossfade | ratio |\n| --- | ---: | ---: | ---: |\n{}",
            self.rows
        )
    }
}

/// Three digits that count, no more than that.
fn shown(number: f64) -> String {
    let size = number.abs();
    if size >= 1_000.0 {
        let thousands = (number / 1_000.0) as u64;
        format!("{thousands},{:03}", number.round() as u64 % 1_000)
    } else if size >= 100.0 {
        format!("{number:.0}")
    } else if size >= 10.0 {
        format!("{number:.1}")
    } else {
        format!("{number:.2}")
    }
}
