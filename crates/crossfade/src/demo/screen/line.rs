//! A line of the picture: pieces with a meaning each, cut to a width before they are coloured.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::output::{Paint, Tone};

#[derive(Clone, Debug, Default)]
pub(super) struct Line(Vec<(Tone, String)>);

impl Line {
    pub(super) fn of(tone: Tone, text: impl Into<String>) -> Line {
        Line::default().and(tone, text)
    }

    pub(super) fn and(mut self, tone: Tone, text: impl Into<String>) -> Line {
        self.0.push((tone, text.into()));
        self
    }

    /// Appends blanks up to a column.
    pub(super) fn up_to(self, column: usize) -> Line {
        let missing = column.saturating_sub(self.width());
        self.and(Tone::Plain, " ".repeat(missing))
    }

    pub(super) fn join(mut self, other: Line) -> Line {
        self.0.extend(other.0);
        self
    }

    /// In columns of a terminal.
    pub(super) fn width(&self) -> usize {
        self.0.iter().map(|(_, text)| text.width()).sum()
    }

    /// Coloured, and never wider than `width`.
    pub(super) fn painted(&self, paint: Paint, width: usize) -> String {
        let mut room = width;
        let mut painted = String::new();
        for (tone, text) in &self.0 {
            let mut kept = String::new();
            for character in text.chars() {
                let Some(rest) = room.checked_sub(character.width().unwrap_or(0)) else {
                    room = 0;
                    break;
                };
                room = rest;
                kept.push(character);
            }
            // Blanks need no colour, and nothing needs none.
            if kept.trim().is_empty() || *tone == Tone::Plain {
                painted.push_str(&kept);
            } else {
                painted.push_str(&paint.paint(*tone, &kept));
            }
        }
        painted
    }
}

/// Breaks a text between words; a word that is wider than a line stands alone.
pub(super) fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.width() + 1 + word.width() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn a_line_is_cut_at_the_width_and_its_colours_end() {
        let line = Line::of(Tone::Blue, "blue").and(Tone::Green, "green");
        assert_eq!(line.painted(Paint::Plain, 6), "bluegr");
        assert_eq!(
            line.painted(Paint::Coloured, 6),
            "\u{1b}[34mblue\u{1b}[0m\u{1b}[32mgr\u{1b}[0m"
        );
        assert_eq!(line.painted(Paint::Plain, 0), "");
    }

    #[test]
    fn text_breaks_between_words() {
        assert_eq!(wrapped("one two three", 7), ["one two", "three"]);
        assert_eq!(wrapped("unbreakable is one", 5), ["unbreakable", "is", "one"]);
    }
}
