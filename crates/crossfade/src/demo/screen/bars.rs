//! Shares as bars. Blue is drawn full and green shaded, so that they differ without colours too.

use super::line::Line;
use crate::demo::stage::Side;
use crate::output::Tone;

const BLUE: &str = "█";
const GREEN: &str = "▒";
const NOBODY: &str = "·";

/// A whole bar, `width` columns wide, of which green has `green_percent`.
pub(super) fn split_bar(green_percent: f64, width: usize) -> Line {
    let green = columns(green_percent, width);
    Line::of(Tone::Blue, BLUE.repeat(width - green)).and(Tone::Green, GREEN.repeat(green))
}

/// One mark a session, in their own order, so that one that moved would be seen.
pub(super) fn session_marks(sides: &[Option<Side>]) -> Line {
    sides.iter().fold(Line::default(), |line, side| match side {
        Some(Side::Blue) => line.and(Tone::Blue, BLUE),
        Some(Side::Green) => line.and(Tone::Green, GREEN),
        None => line.and(Tone::Quiet, NOBODY),
    })
}

/// Nothing only for nothing, and everything only for everything.
fn columns(percent: f64, width: usize) -> usize {
    let nearest = (percent / 100.0 * width as f64).round() as usize;
    if percent <= 0.0 {
        0
    } else if percent >= 100.0 {
        width
    } else {
        nearest.max(1).min(width.saturating_sub(1))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use crate::output::Paint;

    fn bar(percent: f64) -> String {
        split_bar(percent, 10).painted(Paint::Plain, 80)
    }

    #[test]
    fn a_bar_is_empty_only_at_0_and_full_only_at_100() {
        assert_eq!(bar(0.0), "██████████");
        assert_eq!(bar(0.1), "█████████▒");
        assert_eq!(bar(20.0), "████████▒▒");
        assert_eq!(bar(99.9), "█▒▒▒▒▒▒▒▒▒");
        assert_eq!(bar(100.0), "▒▒▒▒▒▒▒▒▒▒");
    }
}
