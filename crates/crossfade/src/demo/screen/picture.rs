//! The live picture as lines: what is happening and why it matters, the split, the figures, the log. The same
//! figures always give the same picture, and every part keeps its place from scene to scene.

use super::bars::{session_marks, split_bar};
use super::line::{Line, wrapped};
use super::{Billing, clock};
use crate::client::Ended;
use crate::demo::figures::{Figures, Rollback, Row, shown_rate};
use crate::demo::judged::Judged;
use crate::output::{Tone, milliseconds};

/// Wider pictures are no better to read.
const WIDEST: usize = 100;
const MARGIN: &str = "  ";
/// Lines that the explanation has at 80 columns: it keeps them everywhere, so that nothing below it jumps.
const LINES_OF_WHY: usize = 2;
/// Before the bars.
const LABEL: usize = 10;
/// Of a row's name: `green anthropic/claude-opus-4-8`.
const NAME: usize = 31;
/// Behind the bars: `  blue 100.0 %  green 100.0 %`.
const SHARES: usize = 29;

/// A line of the log.
#[derive(Clone, Debug)]
pub(super) struct Logged {
    pub(super) seconds: f64,
    pub(super) tone: Tone,
    pub(super) text: String,
}

/// The whole picture, not higher than `height`.
pub(super) fn picture(
    billing: Billing,
    figures: &Figures,
    log: &[Logged],
    width: usize,
    height: usize,
) -> Vec<Line> {
    let inner = width.min(WIDEST).saturating_sub(2 * MARGIN.len());
    let mut lines = vec![Line::default(), heading(billing, figures, inner), Line::default()];
    lines.extend(story(billing, inner));
    lines.push(Line::default());
    lines.extend(split(figures, inner));
    lines.push(Line::default());
    lines.extend(table(figures));
    lines.push(Line::default());
    lines.extend(promises(figures));
    lines.extend(figures.rollout.iter().flat_map(|judged| rollout(judged, inner)));
    lines.push(Line::default());
    let room = height.saturating_sub(lines.len() + 1);
    lines.extend(last_of(log, inner, room));
    lines.truncate(height);
    let margin = || Line::of(Tone::Plain, MARGIN);
    lines.into_iter().map(|line| margin().join(line)).collect()
}

fn heading(billing: Billing, figures: &Figures, inner: usize) -> Line {
    let place = format!(
        "scene {} of {}   {}   Ctrl-C ends",
        billing.number,
        billing.of,
        clock(figures.seconds)
    );
    Line::of(Tone::Strong, "crossfade demo")
        .up_to(inner.saturating_sub(place.len()))
        .and(Tone::Quiet, place)
}

fn story(billing: Billing, inner: usize) -> Vec<Line> {
    let mut lines = vec![Line::of(Tone::Strong, billing.scene.title())];
    let why = wrapped(billing.scene.why(), inner);
    lines.extend(why.into_iter().map(|text| Line::of(Tone::Plain, text)));
    let height = lines.len().max(1 + LINES_OF_WHY);
    lines.resize(height, Line::default());
    lines
}

fn split(figures: &Figures, inner: usize) -> Vec<Line> {
    let bar = inner.saturating_sub(LABEL + SHARES).max(10);
    let row = |label: &str, green: f64| {
        Line::of(Tone::Quiet, label)
            .up_to(LABEL)
            .join(split_bar(green, bar))
            .and(Tone::Blue, format!("  blue {:>5} %", share(100.0 - green)))
            .and(Tone::Green, format!("  green {:>5} %", share(green)))
    };
    let actual = match figures.actual_green {
        Some(green) => row("actual", green),
        None => Line::of(Tone::Quiet, "actual")
            .up_to(LABEL)
            .and(Tone::Quiet, "no request yet"),
    };
    vec![row("target", figures.target_green), actual]
}

fn table(figures: &Figures) -> Vec<Line> {
    let heading = format!(
        "{:<NAME$}{:>7}{:>8}{:>9}{:>9}{:>12}",
        "last 10 s", "req/s", "errors", "p50", "p95", "first byte"
    );
    vec![
        Line::of(Tone::Quiet, heading),
        row(Tone::Strong, "users", &figures.users, Tone::Bad),
        row(
            Tone::Blue,
            &format!("blue  {}", figures.blue_model),
            &figures.blue,
            Tone::Bad,
        ),
        row(
            Tone::Green,
            &format!("green {}", figures.green_model),
            &figures.green,
            Tone::Warning,
        ),
    ]
}

fn row(tone: Tone, name: &str, row: &Row, failing: Tone) -> Line {
    let idle = row.requests_per_second == 0.0;
    let rate = if idle {
        "-".to_owned()
    } else {
        shown_rate(row.error_rate)
    };
    let rate_tone = if row.error_rate > 0.0 {
        failing
    } else {
        Tone::Plain
    };
    Line::of(tone, format!("{name:<NAME$}"))
        .and(Tone::Plain, format!("{:>7.1}", row.requests_per_second))
        .and(rate_tone, format!("{rate:>8}"))
        .and(
            Tone::Plain,
            format!(
                "{:>9}{:>9}{:>12}",
                whole_ms(row.p50_ms),
                whole_ms(row.p95_ms),
                whole_ms(row.first_byte_p50_ms)
            ),
        )
}

fn promises(figures: &Figures) -> Vec<Line> {
    let (tone, mark) = if figures.errors == 0 {
        (Tone::Good, "✓")
    } else {
        (Tone::Bad, "✗")
    };
    let rescue_tone = if figures.rescues > 0 {
        Tone::Strong
    } else {
        Tone::Quiet
    };
    let errors = if figures.errors == 1 { "error" } else { "errors" };
    let sessions = &figures.sessions;
    let mut lines = vec![
        Line::of(tone, format!("{mark} users saw {} {errors}", figures.errors))
            .and(Tone::Quiet, format!(" in {} checked answers", figures.answers))
            .and(rescue_tone, format!("   {} rescued by blue", figures.rescues)),
        Line::of(Tone::Quiet, "sessions")
            .up_to(LABEL)
            .join(session_marks(&sessions.sides))
            .and(
                Tone::Quiet,
                format!(
                    "  {} blue, {} green, {} moved midway",
                    sessions.blue, sessions.green, sessions.moved
                ),
            ),
    ];
    // Once a rollout is shown, the rollback by hand is history.
    let by_hand = figures.rollback.as_ref().filter(|_| figures.rollout.is_none());
    lines.extend(by_hand.map(after_rollback));
    lines
}

fn after_rollback(rollback: &Rollback) -> Line {
    let tone = if rollback.green_since == 0 {
        Tone::Good
    } else {
        Tone::Bad
    };
    let since = format!("{} requests to green", rollback.green_since);
    let of = format!(" of {} since the rollback", rollback.answers_since);
    Line::of(Tone::Quiet, "rollback")
        .up_to(LABEL)
        .and(tone, since)
        .and(Tone::Quiet, of)
}

/// Where the rollout is, how the evidence stands, and what it waits for or why it ended.
fn rollout(judged: &Judged, inner: usize) -> Vec<Line> {
    let tone = match judged.ended {
        Some(Ended::Succeeded) => Tone::Good,
        Some(Ended::RolledBack | Ended::Cancelled) => Tone::Warning,
        None => Tone::Strong,
    };
    let labelled = |label: &str| Line::of(Tone::Quiet, label).up_to(LABEL);
    let mut lines = vec![
        labelled("rollout")
            .and(tone, judged.state.replace('_', " "))
            .and(Tone::Plain, format!("  {}", judged.place())),
        labelled("evidence").and(Tone::Plain, judged.evidence()),
    ];
    let sentence = wrapped(&judged.sentence, inner.saturating_sub(LABEL));
    lines.extend(sentence.into_iter().map(|text| labelled("").and(tone, text)));
    lines
}

/// The newest lines of the log that fit, the newest last.
fn last_of(log: &[Logged], inner: usize, room: usize) -> Vec<Line> {
    let mut lines = Vec::new();
    for logged in log {
        let mut at = clock(logged.seconds);
        for text in wrapped(&logged.text, inner.saturating_sub(6)) {
            lines.push(
                Line::of(Tone::Quiet, format!("{:<6}", std::mem::take(&mut at))).and(logged.tone, text),
            );
        }
    }
    lines.split_off(lines.len().saturating_sub(room))
}

/// Without a fraction where there is none: `20`, `21.3`.
pub(super) fn share(percent: f64) -> String {
    if percent.fract() == 0.0 {
        format!("{percent:.0}")
    } else {
        format!("{percent:.1}")
    }
}

fn whole_ms(time: Option<f64>) -> String {
    milliseconds(time.map(f64::round))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use crate::demo::scenes::Scene;
    use crate::demo::{figures, judged};
    use crate::output::Paint;

    fn drawn(width: usize, height: usize, paint: Paint) -> String {
        let billing = Billing {
            scene: Scene::GreenDies,
            number: 3,
            of: 4,
        };
        let log = [
            (6.2, Tone::Plain, "split to 20 % green: in force 2.1 ms after the command (revision 2)"),
            (
                16.3,
                Tone::Good,
                "green got 20.3 % of 301 single requests; of 24 sessions, 0 changed sides midway; users saw 0 errors",
            ),
            (16.3, Tone::Plain, "green's vendor is down: half of its requests get 503, the others a reset"),
        ]
        .map(|(seconds, tone, text)| Logged {
            seconds,
            tone,
            text: text.to_owned(),
        });
        let lines = picture(billing, &figures::sample(), &log, width, height);
        let painted: Vec<String> = lines
            .iter()
            .map(|line| line.painted(paint, width).trim_end().to_owned())
            .collect();
        painted.join("\n")
    }

    #[test]
    fn the_picture_fits_80_columns() {
        insta::assert_snapshot!(drawn(80, 40, Paint::Plain));
    }

    #[test]
    fn the_picture_is_calm_on_a_wide_screen() {
        insta::assert_snapshot!(drawn(160, 40, Paint::Plain));
    }

    #[test]
    fn after_a_rollback_it_says_what_still_came_to_green() {
        let rollback = Rollback {
            in_force_ms: 2.0,
            last_green_ms: None,
            answers_since: 171,
            green_since: 0,
        };
        assert_eq!(
            after_rollback(&rollback).painted(Paint::Plain, 80),
            "rollback  0 requests to green of 171 since the rollback"
        );
    }

    #[test]
    fn a_rollout_shows_its_phase_its_evidence_and_what_it_waits_for() {
        let lines = rollout(&judged::sample(), 76);
        let shown = lines.iter().map(|line| line.painted(Paint::Plain, 80));
        assert_eq!(
            shown.collect::<Vec<_>>(),
            [
                "rollout   progressing  phase 2 of 5, 10 % to green",
                "evidence  hard 1.0/333  error 1.2/250",
                "          waiting for 5 of 8 requests to green",
            ]
        );
    }

    #[test]
    fn a_low_screen_keeps_the_figures_and_the_newest_of_the_log() {
        let low = drawn(80, 22, Paint::Plain);
        assert_eq!(low.lines().count(), 21, "{low}");
        assert!(low.ends_with("reset"), "{low}");
    }

    #[test]
    fn no_line_is_wider_than_the_terminal() {
        for width in [0, 1, 20, 79, 80, 120] {
            let widest = drawn(width, 40, Paint::Plain)
                .lines()
                .map(|line| line.chars().count())
                .max();
            assert!(widest.unwrap() <= width, "{width}");
        }
    }

    #[test]
    fn colours_say_which_side_and_how_it_goes() {
        let coloured = drawn(80, 40, Paint::Coloured);
        assert!(coloured.contains("\u{1b}[34mblue  openai/gpt-4.1"), "{coloured}");
        assert!(coloured.contains("\u{1b}[32m✓ users saw 0 errors"), "{coloured}");
    }
}
