//! Where the show is seen. On a terminal it is one live picture, redrawn in place; anywhere else plain lines; with
//! `--json` a JSON object a line. All three are told the same moments and decide nothing about the show.

mod bars;
mod json_lines;
mod line;
mod picture;
mod plain_lines;
mod recap;
mod terminal;
mod try_it;

use std::io;

use super::figures::Figures;
use super::scenes::Scene;
use super::stage::Addresses;
use crate::output::Output;
use json_lines::JsonLines;
use plain_lines::PlainLines;
use terminal::Terminal;

pub(super) enum Screen {
    Terminal(Terminal),
    PlainLines(PlainLines),
    JsonLines(JsonLines),
}

/// A scene with its place in the show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Billing {
    pub(super) scene: Scene,
    /// From 1.
    pub(super) number: usize,
    pub(super) of: usize,
}

/// What there is to be seen. Seconds count from the first request.
pub(super) enum Moment<'a> {
    Opens {
        addresses: &'a Addresses,
    },
    SceneBegins {
        seconds: f64,
        billing: Billing,
    },
    Happened {
        seconds: f64,
        text: &'a str,
    },
    /// Several times a second; without a scene, the show is over and the gateway just serves.
    Now {
        billing: Option<Billing>,
        figures: &'a Figures,
    },
    SceneEnds {
        billing: Billing,
        outcome: &'a str,
        figures: &'a Figures,
    },
    /// Everybody may try it now.
    Serving {
        addresses: &'a Addresses,
        ends_by_itself: bool,
    },
    Ends {
        /// The last that were taken; none if it ended before there were any.
        figures: Option<&'a Figures>,
        broken_promises: &'a [String],
    },
}

impl Screen {
    pub(super) fn of(output: &Output) -> Screen {
        if output.json {
            Screen::JsonLines(JsonLines::default())
        } else if io::IsTerminal::is_terminal(&io::stdout()) {
            Screen::Terminal(Terminal::new(output.paint))
        } else {
            Screen::PlainLines(PlainLines)
        }
    }

    /// # Errors
    /// When nobody takes what is written.
    pub(super) fn show(&mut self, moment: &Moment<'_>) -> io::Result<()> {
        match self {
            Screen::Terminal(terminal) => terminal.show(moment),
            Screen::PlainLines(lines) => lines.show(moment),
            Screen::JsonLines(lines) => lines.show(moment),
        }
    }
}

/// `0:07`
fn clock(seconds: f64) -> String {
    let whole = seconds.max(0.0) as u64;
    format!("{}:{:02}", whole / 60, whole % 60)
}
