//! The live view of a terminal. The show has a screen of its own, redrawn whole a few times a second, so that
//! nothing can tear it: neither a stray key nor a change of size. What is to be kept, the recap and the lines to
//! copy, is printed as ordinary text afterwards, and below it one status line.

use std::io::{self, Write};

use crossterm::cursor::{Hide, MoveTo, Show};
use crossterm::style::Print;
use crossterm::terminal::{
    self, BeginSynchronizedUpdate, Clear, ClearType, EndSynchronizedUpdate, EnterAlternateScreen,
    LeaveAlternateScreen,
};
use crossterm::{execute, queue};

use super::line::Line;
use super::picture::{Logged, picture, share};
use super::{Billing, Moment, bars, recap, try_it};
use crate::demo::figures::Figures;
use crate::output::{Paint, Tone};

/// Where the terminal does not tell its size.
const USUAL_SIZE: (u16, u16) = (80, 24);
/// The bar of the status line.
const STATUS_BAR: usize = 20;

pub(in crate::demo) struct Terminal {
    paint: Paint,
    /// Whether the show's own screen is up.
    on_stage: bool,
    /// Whether the status line stands below the text.
    has_status: bool,
    log: Vec<Logged>,
    scenes: Vec<(Billing, String)>,
}

impl Terminal {
    pub(super) fn new(paint: Paint) -> Terminal {
        Terminal {
            paint,
            on_stage: false,
            has_status: false,
            log: Vec::new(),
            scenes: Vec::new(),
        }
    }

    pub(super) fn show(&mut self, moment: &Moment<'_>) -> io::Result<()> {
        match moment {
            Moment::Opens { addresses } => self.enter(&addresses.dashboard()),
            Moment::SceneBegins { .. } => Ok(()),
            Moment::Happened { seconds, text } => self.happened(*seconds, text),
            Moment::Now {
                billing: Some(billing),
                figures,
            } => self.draw(*billing, figures),
            Moment::Now {
                billing: None,
                figures,
            } => self.status(figures),
            Moment::SceneEnds {
                billing,
                outcome,
                figures,
            } => {
                let tone = if figures.broken_promises().is_empty() {
                    Tone::Good
                } else {
                    Tone::Bad
                };
                self.log.push(logged(figures.seconds, tone, outcome));
                self.scenes.push((*billing, (*outcome).to_owned()));
                self.draw(*billing, figures)
            }
            Moment::Serving {
                addresses,
                ends_by_itself,
            } => {
                self.leave()?;
                self.print(&recap::of_scenes(&self.scenes, self.paint, size().0))?;
                self.print(&try_it::text(addresses, *ends_by_itself, self.paint))
            }
            Moment::Ends {
                figures,
                broken_promises,
            } => {
                let was_on_stage = self.on_stage;
                self.leave()?;
                if was_on_stage {
                    self.print(&recap::of_scenes(&self.scenes, self.paint, size().0))?;
                }
                self.print(&recap::of_end(*figures, broken_promises, self.paint))
            }
        }
    }

    /// The dashboard's address is in the log from the start, and stays in the text below the show.
    fn enter(&mut self, dashboard: &str) -> io::Result<()> {
        self.log.push(logged(0.0, Tone::Strong, dashboard));
        self.on_stage = true;
        execute!(io::stdout(), EnterAlternateScreen, Hide)
    }

    /// Gives the terminal back as it was, without the status line.
    fn leave(&mut self) -> io::Result<()> {
        if std::mem::take(&mut self.has_status) {
            execute!(io::stdout(), Print("\r"), Clear(ClearType::CurrentLine))?;
        }
        if std::mem::take(&mut self.on_stage) {
            execute!(io::stdout(), LeaveAlternateScreen, Show)?;
        }
        Ok(())
    }

    fn happened(&mut self, seconds: f64, text: &str) -> io::Result<()> {
        if self.on_stage {
            self.log.push(logged(seconds, Tone::Plain, text));
            return Ok(());
        }
        self.leave()?;
        self.print(
            &self
                .paint
                .paint(Tone::Quiet, &format!("{}  {text}", super::clock(seconds))),
        )
    }

    fn draw(&self, billing: Billing, figures: &Figures) -> io::Result<()> {
        let (width, height) = size();
        let lines = picture(billing, figures, &self.log, width, height);
        let mut out = io::stdout().lock();
        queue!(out, BeginSynchronizedUpdate)?;
        for (row, line) in (0_u16..).zip(&lines) {
            let text = line.painted(self.paint, width);
            // Cleared first: behind a full line, the cursor still stands on its last column.
            queue!(out, MoveTo(0, row), Clear(ClearType::CurrentLine), Print(text))?;
        }
        if lines.len() < height {
            let below = u16::try_from(lines.len()).unwrap_or(u16::MAX);
            queue!(out, MoveTo(0, below), Clear(ClearType::FromCursorDown))?;
        }
        queue!(out, EndSynchronizedUpdate)?;
        out.flush()
    }

    fn status(&mut self, figures: &Figures) -> io::Result<()> {
        let (width, _) = size();
        // A full last column would wrap.
        let text = status_line(figures).painted(self.paint, width.saturating_sub(1));
        self.has_status = true;
        execute!(
            io::stdout(),
            Print("\r"),
            Clear(ClearType::CurrentLine),
            Print(text)
        )
    }

    fn print(&self, text: &str) -> io::Result<()> {
        let mut out = io::stdout().lock();
        writeln!(out, "{text}")?;
        out.flush()
    }
}

/// Whatever happens, the terminal is given back.
impl Drop for Terminal {
    fn drop(&mut self) {
        // Who took the terminal away does not miss it.
        let _ = self.leave();
    }
}

fn status_line(figures: &Figures) -> Line {
    let tone = if figures.errors == 0 {
        Tone::Good
    } else {
        Tone::Bad
    };
    bars::split_bar(figures.target_green, STATUS_BAR)
        .and(Tone::Green, format!(" {} % green", share(figures.target_green)))
        .and(
            Tone::Plain,
            format!("  {:.0} requests/s", figures.users.requests_per_second),
        )
        .and(tone, format!("  users saw {} errors", figures.errors))
        .and(Tone::Quiet, format!(" in {}", figures.answers))
}

fn logged(seconds: f64, tone: Tone, text: &str) -> Logged {
    Logged {
        seconds,
        tone,
        text: text.to_owned(),
    }
}

fn size() -> (usize, usize) {
    let (width, height) = match terminal::size() {
        Ok((width, height)) if width > 0 && height > 0 => (width, height),
        _ => USUAL_SIZE,
    };
    (usize::from(width), usize::from(height))
}
