//! What stays on the terminal when the show is over: each scene and what came of it.

use super::Billing;
use super::line::wrapped;
use crate::demo::figures::Figures;
use crate::output::{Paint, Tone};

/// Before the sentences.
const INDENT: &str = "     ";
/// Longer lines are no better to read.
const WIDEST: usize = 100;

pub(super) fn of_scenes(scenes: &[(Billing, String)], paint: Paint, width: usize) -> String {
    let mut text = format!(
        "\n{}\n\n",
        paint.paint(Tone::Strong, "crossfade demo: what you saw")
    );
    for (billing, outcome) in scenes {
        let title = paint.paint(Tone::Strong, billing.scene.title());
        text.push_str(&format!("  {}  {title}\n", billing.number));
        for line in wrapped(outcome, width.min(WIDEST).saturating_sub(INDENT.len())) {
            text.push_str(&format!("{INDENT}{line}\n"));
        }
    }
    text
}

/// The last line: whether every promise was kept.
pub(super) fn of_end(figures: Option<&Figures>, broken_promises: &[String], paint: Paint) -> String {
    let Some(figures) = figures else {
        return "Ended before the first answer. Nothing is left behind.".to_owned();
    };
    let what = match broken_promises {
        [] => {
            let kept = format!("{} answers checked, users saw 0 errors.", figures.answers);
            paint.paint(Tone::Good, &kept)
        }
        broken => paint.paint(Tone::Bad, &broken.join("; ")),
    };
    format!("{what} Nothing is left behind.")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use crate::demo::figures;

    #[test]
    fn the_last_line_says_whether_promises_were_kept() {
        let figures = figures::sample();
        assert_eq!(
            of_end(Some(&figures), &[], Paint::Plain),
            "853 answers checked, users saw 0 errors. Nothing is left behind."
        );
        let broken = of_end(
            Some(&figures),
            &["errors that users saw: 2".to_owned()],
            Paint::Plain,
        );
        assert!(broken.starts_with("errors that users saw: 2"), "{broken}");
    }
}
