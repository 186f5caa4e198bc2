//! A live line that says what is waited for. On anything but a terminal it does not exist.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// Often enough to look alive.
const TICK: Duration = Duration::from_millis(120);

/// Shows its line until it is dropped.
pub(crate) struct Waiting {
    line: Option<ProgressBar>,
}

impl Waiting {
    pub(super) fn begin(live: bool, what: String) -> Waiting {
        if !live {
            return Waiting { line: None };
        }
        let line = ProgressBar::new_spinner()
            .with_style(ProgressStyle::default_spinner())
            .with_message(what);
        line.enable_steady_tick(TICK);
        Waiting { line: Some(line) }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if let Some(line) = &self.line {
            line.finish_and_clear();
        }
    }
}
