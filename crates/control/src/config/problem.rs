//! What is wrong with a configuration, for people and for programs: where, what, and what to write instead.

use std::fmt;
use std::path::PathBuf;

use serde::Serialize;

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read at all.
    #[error("cannot read {}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The file was read and refused.
    #[error("{0}")]
    Refused(Problems),
}

/// Everything that is wrong with one text, in its order. As JSON: `{"file", "problems": [...]}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problems {
    /// The file's name, or what the text was called.
    pub file: String,
    /// At least one.
    pub problems: Vec<Problem>,
}

/// One mistake.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// Where by names, as in `deployments.gpt-4.1.blue.model`; empty for the whole text.
    pub path: String,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// What is wrong, in one sentence without an end.
    pub message: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// Valid names that are spelt like the one that was found, the nearest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub nearest: Vec<String>,
    /// The line itself, credentials blotted out.
    #[serde(skip)]
    pub(super) snippet: Option<String>,
    /// Where in the snippet, from 0: not the column where a credential before it was shortened.
    #[serde(skip)]
    pub(super) indent: usize,
    /// How many characters of the snippet are meant.
    #[serde(skip)]
    pub(super) width: usize,
}

impl Problem {
    pub(super) fn help(mut self, help: impl Into<String>) -> Problem {
        self.help = Some(help.into());
        self
    }

    pub(super) fn nearest(mut self, nearest: Vec<String>) -> Problem {
        self.nearest = nearest;
        self
    }

    /// "did you mean" with the nearest names, else the help.
    fn hint(&self) -> Option<String> {
        let names: Vec<String> = self.nearest.iter().map(|name| format!("`{name}`")).collect();
        match names.as_slice() {
            [] => None,
            [only] => Some(format!("did you mean {only}?")),
            [first @ .., last] => Some(format!("did you mean {} or {last}?", first.join(", "))),
        }
    }
}

/// Terminal colours, or nothing.
struct Paint {
    error: &'static str,
    frame: &'static str,
    mark: &'static str,
    end: &'static str,
}

const PLAIN: Paint = Paint {
    error: "",
    frame: "",
    mark: "",
    end: "",
};
const COLOURED: Paint = Paint {
    error: "\x1b[1;31m",
    frame: "\x1b[1;34m",
    mark: "\x1b[31m",
    end: "\x1b[0m",
};

impl Problems {
    /// For people, each with its line: without colour unless it is asked for.
    pub fn render(&self, colour: bool) -> String {
        let paint = if colour { COLOURED } else { PLAIN };
        let mut out = String::new();
        for problem in &self.problems {
            render_one(&mut out, &self.file, problem, &paint);
            out.push('\n');
        }
        let count = self.problems.len();
        out.push_str(&format!(
            "{}: {count} problem{}\n",
            self.file,
            if count == 1 { "" } else { "s" }
        ));
        out
    }
}

fn render_one(out: &mut String, file: &str, problem: &Problem, paint: &Paint) {
    let Paint {
        error,
        frame,
        mark,
        end,
    } = paint;
    let Problem {
        path,
        line,
        column,
        message,
        ..
    } = problem;
    let number = line.to_string();
    let gutter = " ".repeat(number.len());
    out.push_str(&format!("{error}error{end}: {message}\n"));
    let at = if path.is_empty() {
        String::new()
    } else {
        format!("  {path}")
    };
    out.push_str(&format!("{gutter}{frame}-->{end} {file}:{line}:{column}{at}\n"));
    let hint = problem.hint();
    if let Some(snippet) = &problem.snippet {
        let before = " ".repeat(problem.indent);
        let carets = "^".repeat(problem.width.max(1));
        let beside = hint.as_deref().map(|hint| format!(" {hint}")).unwrap_or_default();
        out.push_str(&format!(
            "{gutter} {frame}|{end}\n{frame}{number} |{end} {snippet}\n"
        ));
        out.push_str(&format!(
            "{gutter} {frame}|{end} {before}{mark}{carets}{beside}{end}\n"
        ));
    } else if let Some(hint) = hint {
        out.push_str(&format!("{gutter} {frame}={end} {hint}\n"));
    }
    if let Some(help) = &problem.help {
        out.push_str(&format!("{gutter} {frame}={end} help: {help}\n"));
    }
}

impl fmt::Display for Problems {
    /// One line a problem, for logs.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.problems.iter().enumerate() {
            let Problem {
                path,
                line,
                column,
                message,
                ..
            } = problem;
            let separator = if index == 0 { "" } else { "; " };
            let at = if path.is_empty() {
                String::new()
            } else {
                format!(" {path}:")
            };
            write!(out, "{separator}{}:{line}:{column}:{at} {message}", self.file)?;
            if let Some(hint) = problem.hint() {
                write!(out, ", {hint}")?;
            }
        }
        Ok(())
    }
}
