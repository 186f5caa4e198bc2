//! Tables: columns two spaces apart, as wide as their widest cell. No lines and no wrapping, so that `grep`, `awk`
//! and the eye find the same rows.

use unicode_width::UnicodeWidthStr;

use super::figures::plain;
use super::paint::{Paint, Tone};

const GAP: &str = "  ";

pub(crate) struct Table {
    columns: Vec<Column>,
    rows: Vec<Vec<Cell>>,
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Column {
    /// Text.
    Left(&'static str),
    /// Numbers.
    Right(&'static str),
}

pub(crate) struct Cell {
    text: String,
    tone: Tone,
}

impl Cell {
    /// A piece of text; what a terminal would obey in it is made visible.
    pub(crate) fn new(text: impl AsRef<str>) -> Cell {
        Cell::toned(Tone::Plain, text)
    }

    pub(crate) fn toned(tone: Tone, text: impl AsRef<str>) -> Cell {
        Cell {
            text: plain(text.as_ref()),
            tone,
        }
    }
}

impl Table {
    pub(crate) fn new(columns: Vec<Column>) -> Table {
        Table {
            columns,
            rows: Vec::new(),
        }
    }

    /// Appends a row: as many cells as there are columns.
    pub(crate) fn row(&mut self, cells: Vec<Cell>) {
        self.rows.push(cells);
    }

    pub(crate) fn render(&self, paint: Paint) -> String {
        let heading: Vec<Cell> = self
            .columns
            .iter()
            .map(|column| Cell::toned(Tone::Strong, column.title()))
            .collect();
        let lines: Vec<&[Cell]> = std::iter::once(heading.as_slice())
            .chain(self.rows.iter().map(Vec::as_slice))
            .collect();
        let widths: Vec<usize> = (0..self.columns.len())
            .map(|index| {
                lines
                    .iter()
                    .filter_map(|line| line.get(index))
                    .map(|cell| cell.text.width())
                    .max()
            })
            .map(Option::unwrap_or_default)
            .collect();
        let mut out = String::new();
        for line in &lines {
            let mut rendered = String::new();
            for ((cell, column), width) in line.iter().zip(&self.columns).zip(&widths) {
                rendered.push_str(&column.aligned(cell, *width, paint));
                rendered.push_str(GAP);
            }
            out.push_str(rendered.trim_end());
            out.push('\n');
        }
        out
    }
}

impl Column {
    fn title(self) -> &'static str {
        match self {
            Column::Left(title) | Column::Right(title) => title,
        }
    }

    fn aligned(self, cell: &Cell, width: usize, paint: Paint) -> String {
        let padding = " ".repeat(width.saturating_sub(cell.text.width()));
        let text = paint.paint(cell.tone, &cell.text);
        match self {
            Column::Left(_) => text + &padding,
            Column::Right(_) => padding + &text,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn table() -> Table {
        let mut table = Table::new(vec![
            Column::Left("NAME"),
            Column::Right("COUNT"),
            Column::Left("STATE"),
        ]);
        table.row(vec![
            Cell::new("gpt-4.1"),
            Cell::new("7"),
            Cell::toned(Tone::Good, "healthy"),
        ]);
        table.row(vec![Cell::new("漢字"), Cell::new("1200"), Cell::new("")]);
        table
    }

    #[test]
    fn columns_are_aligned_by_what_the_eye_sees() {
        insta::assert_snapshot!(table().render(Paint::Plain), @r"
        NAME     COUNT  STATE
        gpt-4.1      7  healthy
        漢字      1200
        ");
    }

    #[test]
    fn colours_take_no_room() {
        let coloured = table().render(Paint::Coloured);
        assert!(coloured.contains("7  \u{1b}[32mhealthy\u{1b}[0m"), "{coloured:?}");
    }

    #[test]
    fn nothing_in_a_cell_commands_the_terminal() {
        assert_eq!(Cell::new("a\u{1b}[2Jb\nc").text, "a\\u{1b}[2Jb\\nc");
    }
}
