//! Collects the problems of one text. Nothing stops at the first.

use std::collections::BTreeSet;

use super::path::Path;
use super::problem::{Problem, Problems};

/// Where a node of the text begins and how many characters of its first line it takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) line: usize,
    pub(super) column: usize,
    pub(super) width: usize,
    /// Last line of a scalar that takes several.
    pub(super) last_line: usize,
}

impl Place {
    /// The beginning of the text.
    pub(super) const START: Place = Place {
        line: 1,
        column: 1,
        width: 1,
        last_line: 1,
    };

    /// Whether a character of the text belongs to this node, as far as a place knows.
    fn covers(self, line: usize, column: usize) -> bool {
        if line == self.line {
            return column >= self.column && (self.last_line > line || column < self.column + self.width);
        }
        line > self.line && line <= self.last_line
    }
}

/// More mistakes than anybody makes: each is kept with its line, and a hostile text has a long one.
const MOST_PROBLEMS: usize = 1_000;
/// Names that are offered for a misspelt one.
const MOST_NEAREST: usize = 3;
/// Similarity from which a name is offered: the share of letters that stay, swaps counted once. `bodi` has 0.75 with
/// `body`, `blue` 0.2 with `green`.
const SIMILAR: f64 = 0.6;
/// Names this much less similar than the best are no help beside it.
const FALLS_BEHIND: f64 = 0.1;

/// The problems that were found so far.
#[derive(Debug, Default)]
pub(super) struct Report {
    problems: Vec<Problem>,
    secrets: Vec<Place>,
    /// Set when the text is no YAML: then nobody knows where its secrets are,
    /// and no line is shown.
    unparsed: bool,
}

impl Report {
    /// Notes a problem.
    pub(super) fn add(&mut self, problem: Problem) {
        self.problems.push(problem);
    }

    /// Notes that a credential stands here, which no message may show.
    pub(super) fn hide(&mut self, place: Place) {
        self.secrets.push(place);
    }

    /// Notes that the text is no YAML.
    pub(super) fn unparsed(&mut self, problem: Problem) {
        self.unparsed = true;
        self.problems.push(problem);
    }

    pub(super) fn count(&self) -> usize {
        self.problems.len()
    }

    /// Takes back what was noted after there were `count` problems.
    pub(super) fn forget_after(&mut self, count: usize) {
        self.problems.truncate(count);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.problems.is_empty()
    }

    /// The problems in the text's order, each with its line.
    pub(super) fn finish(mut self, file: &str, text: &str) -> Problems {
        self.problems
            .sort_by_key(|problem| (problem.line, problem.column));
        self.problems.dedup();
        self.problems.truncate(MOST_PROBLEMS);
        let lines: Vec<&str> = text.lines().collect();
        for problem in &mut self.problems {
            let line = problem.line.checked_sub(1).and_then(|index| lines.get(index));
            let Some(line) = line.filter(|_| !self.unparsed) else {
                continue;
            };
            show(problem, line, &self.secrets);
        }
        Problems {
            file: file.to_owned(),
            problems: self.problems,
        }
    }
}

/// A problem at a place of the text.
pub(super) fn problem(place: Place, path: &Path, message: impl Into<String>) -> Problem {
    Problem {
        path: path.to_string(),
        line: place.line,
        column: place.column,
        message: message.into(),
        help: None,
        nearest: Vec::new(),
        snippet: None,
        indent: 0,
        width: place.width,
    }
}

/// The known names that are spelt most like this one, the nearest first.
pub(super) fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let known: BTreeSet<&str> = known.into_iter().collect();
    let name = name.to_lowercase();
    let mut similar: Vec<(f64, &str)> = known
        .into_iter()
        .map(|other| (similarity(&name, other), other))
        .collect();
    similar.retain(|(score, _)| *score >= SIMILAR);
    // Stable: equally near names stay in the order of the alphabet.
    similar.sort_by(|(left, _), (right, _)| right.total_cmp(left));
    let best = similar.first().map_or(0.0, |(score, _)| *score);
    let near = similar
        .into_iter()
        .filter(|(score, _)| best - score <= FALLS_BEHIND);
    near.take(MOST_NEAREST).map(|(_, name)| name.to_owned()).collect()
}

/// 1 for the same name; a name that holds the other counts as just similar enough.
fn similarity(name: &str, other: &str) -> f64 {
    let other = other.to_lowercase();
    let (short, long) = if name.len() < other.len() {
        (name, other.as_str())
    } else {
        (other.as_str(), name)
    };
    let is_part = short.len() > 2 && long.contains(short);
    strsim::normalized_damerau_levenshtein(name, &other).max(if is_part { SIMILAR } else { 0.0 })
}

/// Gives a problem its line: tabs as one space so that carets stand where they should, credentials as stars, whose
/// number is not the credential's.
fn show(problem: &mut Problem, line: &str, secrets: &[Place]) {
    const STARS: &str = "***";
    let from = problem.column.saturating_sub(1);
    let mut shown: Vec<char> = Vec::new();
    let mut is_inside = false;
    (problem.indent, problem.width) = (0, problem.width.max(1));
    let to = from.saturating_add(problem.width);
    let mut width = 0;
    for (column, character) in line.chars().enumerate() {
        let is_secret = secrets
            .iter()
            .any(|secret| secret.covers(problem.line, column + 1));
        let before = shown.len();
        match (is_secret, is_inside) {
            (true, false) => shown.extend(STARS.chars()),
            (true, true) => {}
            (false, _) => shown.push(if character == '\t' { ' ' } else { character }),
        }
        is_inside = is_secret;
        if column < from {
            problem.indent = shown.len();
        } else if column < to {
            width += shown.len() - before;
        }
    }
    problem.width = width.max(1);
    problem.snippet = Some(shown.into_iter().collect());
}
