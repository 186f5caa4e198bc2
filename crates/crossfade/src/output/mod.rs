//! What verbs print. Results go to standard output, everything about them to standard error, so that a pipe carries
//! results alone. Colours and live lines are for terminals; `NO_COLOR` takes the colours away.

mod figures;
mod paint;
mod table;
mod waiting;

use std::io::{self, IsTerminal, Write};

use serde_json::Value;

pub(crate) use figures::{UNKNOWN, error_rate, milliseconds, plain, scalar};
pub(crate) use paint::{Paint, Tone};
pub(crate) use table::{Cell, Column, Table};
pub(crate) use waiting::Waiting;

/// Where and how this process prints.
pub(crate) struct Output {
    /// Whether programs read it: `--json`.
    pub(crate) json: bool,
    /// Whether a person looks at standard output: it is a terminal.
    pub(crate) for_a_person: bool,
    /// How standard output is painted.
    pub(crate) paint: Paint,
    error_paint: Paint,
    /// Whether a person looks at standard error, so that lines may come and go there.
    live: bool,
}

impl Output {
    pub(crate) fn of_process(json: bool) -> Output {
        let variable = |name: &str| std::env::var(name).ok();
        let live = io::stderr().is_terminal() && !json;
        let for_a_person = io::stdout().is_terminal() && !json;
        Output {
            json,
            for_a_person,
            paint: Paint::of(for_a_person, &variable),
            error_paint: Paint::of(live, &variable),
            live,
        }
    }

    /// One line or several, without the last line break.
    pub(crate) fn text(&self, text: &str) -> io::Result<()> {
        let mut out = io::stdout().lock();
        writeln!(out, "{text}")?;
        out.flush()
    }

    /// A table with its heading.
    pub(crate) fn table(&self, table: &Table) -> io::Result<()> {
        self.text(table.render(self.paint).trim_end())
    }

    /// A whole answer for programs.
    pub(crate) fn json(&self, value: &Value) -> io::Result<()> {
        self.text(&format!("{value:#}"))
    }

    /// One of several answers for programs: a line each.
    pub(crate) fn json_line(&self, value: &Value) -> io::Result<()> {
        self.text(&value.to_string())
    }

    /// Something that a person should know besides the result; programs find it in the result.
    pub(crate) fn note(&self, text: &str) {
        if !self.json {
            self.on_standard_error(text);
        }
    }

    /// Why nothing came of it, and the way out.
    pub(crate) fn error(&self, message: &str, help: Option<&str>, json: &Value) {
        if self.json {
            return self.on_standard_error(&format!("{json:#}"));
        }
        let mut text = format!("{} {message}", self.error_paint.paint(Tone::Bad, "error:"));
        if let Some(help) = help {
            text.push_str(&format!(
                "\n{} {help}",
                self.error_paint.paint(Tone::Strong, "help:")
            ));
        }
        self.on_standard_error(&text);
    }

    /// A line that says what is waited for, on a terminal alone; it goes when it is dropped.
    pub(crate) fn waiting(&self, what: String) -> Waiting {
        Waiting::begin(self.live, what)
    }

    fn on_standard_error(&self, text: &str) {
        // Whoever closed standard error does not want to know.
        let _ = writeln!(io::stderr().lock(), "{text}");
    }
}
