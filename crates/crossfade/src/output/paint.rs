//! Colours, by what they mean.

use clap::builder::styling::{AnsiColor, Style};

/// Whether to colour at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Paint {
    Coloured,
    Plain,
}

/// What a piece of text is, which decides its colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    Plain,
    Strong,
    Quiet,
    Good,
    Warning,
    Bad,
    /// The environments wear their names.
    Blue,
    Green,
}

impl Paint {
    /// On terminals, unless the environment forbids it: <https://no-color.org>, and terminals that cannot.
    pub(super) fn of(terminal: bool, variable: &dyn Fn(&str) -> Option<String>) -> Paint {
        let forbidden = variable("NO_COLOR").is_some_and(|value| !value.is_empty());
        let incapable = variable("TERM").is_some_and(|value| value == "dumb");
        if terminal && !forbidden && !incapable {
            Paint::Coloured
        } else {
            Paint::Plain
        }
    }

    pub(crate) fn is_coloured(self) -> bool {
        self == Paint::Coloured
    }

    pub(crate) fn paint(self, tone: Tone, text: &str) -> String {
        match self {
            Paint::Coloured if !text.is_empty() => {
                let style = style(tone);
                format!("{style}{text}{style:#}")
            }
            Paint::Coloured | Paint::Plain => text.to_owned(),
        }
    }
}

fn style(tone: Tone) -> Style {
    let coloured = |colour: AnsiColor| Style::new().fg_color(Some(colour.into()));
    match tone {
        Tone::Plain => Style::new(),
        Tone::Strong => Style::new().bold(),
        Tone::Quiet => Style::new().dimmed(),
        Tone::Good | Tone::Green => coloured(AnsiColor::Green),
        Tone::Warning => coloured(AnsiColor::Yellow),
        Tone::Bad => coloured(AnsiColor::Red).bold(),
        Tone::Blue => coloured(AnsiColor::Blue),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn paint_of(terminal: bool, set: &[(&str, &str)]) -> Paint {
        Paint::of(terminal, &|name| {
            set.iter()
                .find(|(key, _)| *key == name)
                .map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn colours_are_for_terminals_that_want_them() {
        assert_eq!(
            paint_of(true, &[("TERM", "xterm"), ("NO_COLOR", "")]),
            Paint::Coloured
        );
        assert_eq!(paint_of(false, &[]), Paint::Plain);
        assert_eq!(paint_of(true, &[("NO_COLOR", "1")]), Paint::Plain);
        assert_eq!(paint_of(true, &[("TERM", "dumb")]), Paint::Plain);
    }

    #[test]
    fn what_is_painted_ends_its_colour() {
        assert_eq!(
            Paint::Coloured.paint(Tone::Good, "healthy"),
            "\u{1b}[32mhealthy\u{1b}[0m"
        );
        assert_eq!(Paint::Plain.paint(Tone::Bad, "error:"), "error:");
    }
}
