//! The table: a row a figure, a column a proxy, and crossfade's ratio to nginx, which can be compared between machines.

use std::fmt::Write;

use crate::proxies::{COMPARED, Proxy};

/// What is written where a figure is not of this proxy.
pub(crate) const NOT_OF_IT: f64 = f64::NAN;

#[derive(Default)]
pub(crate) struct Table {
    rows: String,
    /// Figures of crossfade alone.
    alone: String,
}

impl Table {
    /// Figures in the order of [`Proxy::COMPARED`]; a NaN is left empty.
    pub(crate) fn row(&mut self, figure: &str, figures: [f64; COMPARED]) {
        // Differences of two counts: what else the process does may be more than what was asked of it.
        if figures.iter().any(|figure| *figure < 0.0) {
            return self.missing(
                figure,
                "other work of the process was more than what was measured",
            );
        }
        let [nginx, .., crossfade] = figures;
        let ratio = shown(crossfade / nginx);
        let cells = figures.map(shown).join(" | ");
        // Writing to a string cannot fail.
        let _ = writeln!(self.rows, "| {figure} | {cells} | {ratio} |");
        let told = Proxy::COMPARED.iter().zip(figures);
        let told: Vec<String> = told
            .map(|(proxy, figure)| format!("{} {}", proxy.name(), shown(figure)))
            .collect();
        eprintln!("{figure}: {}, {ratio}", told.join(", "));
    }

    /// A figure of crossfade alone.
    pub(crate) fn alone(&mut self, figure: &str, crossfade: f64) {
        let _ = writeln!(self.alone, "| {figure} | {} |", shown(crossfade));
        eprintln!("{figure}: {}", shown(crossfade));
    }

    /// A figure that could not be had, said aloud.
    pub(crate) fn missing(&mut self, figure: &str, why: &str) {
        let cells = [" not measured |"; COMPARED].concat();
        let _ = writeln!(self.rows, "| {figure} |{cells} |");
        eprintln!("bench: NOT MEASURED: {figure}: {why}");
    }

    pub(crate) fn markdown(&self, machine: &str) -> String {
        let names = Proxy::COMPARED.map(Proxy::name).join(" | ");
        let mut text = format!(
            "Made by `bench/run` on {machine}.\n\n\
             | figure | {names} | crossfade / nginx |\n| --- |{} ---: |\n{}",
            [" ---: |"; COMPARED].concat(),
            self.rows
        );
        if !self.alone.is_empty() {
            let _ = write!(
                text,
                "\n| figure of crossfade alone | |\n| --- | ---: |\n{}",
                self.alone
            );
        }
        text
    }
}

/// Three digits that count, no more than that.
fn shown(number: f64) -> String {
    let size = number.abs();
    if !number.is_finite() {
        String::new()
    } else if size >= 1_000.0 {
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
