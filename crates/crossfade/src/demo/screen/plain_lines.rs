//! Plain lines, for pipes and logs: one an event, and a summary a scene.

use std::io::{self, Write};

use super::{Moment, clock, recap, try_it};
use crate::output::Paint;

pub(in crate::demo) struct PlainLines;

impl PlainLines {
    pub(super) fn show(&mut self, moment: &Moment<'_>) -> io::Result<()> {
        let mut out = io::stdout().lock();
        match moment {
            Moment::Opens { addresses } => writeln!(
                out,
                "crossfade demo: a gateway, simulated vendors and 40 requests a second in this one process\n\
                 Watch it in the dashboard: {}",
                addresses.dashboard()
            )?,
            Moment::SceneBegins { billing, .. } => writeln!(
                out,
                "\n{}/{}  {}\n      {}",
                billing.number,
                billing.of,
                billing.scene.title(),
                billing.scene.why()
            )?,
            Moment::Happened { seconds, text } => writeln!(out, "{:<5} {text}", clock(*seconds))?,
            Moment::Now { .. } => return Ok(()),
            Moment::SceneEnds { outcome, figures, .. } => {
                writeln!(out, "{:<5} {outcome}", clock(figures.seconds))?
            }
            Moment::Serving {
                addresses,
                ends_by_itself,
            } => writeln!(
                out,
                "\n{}",
                try_it::text(addresses, *ends_by_itself, Paint::Plain)
            )?,
            Moment::Ends {
                figures,
                broken_promises,
            } => writeln!(out, "{}", recap::of_end(*figures, broken_promises, Paint::Plain))?,
        }
        out.flush()
    }
}
