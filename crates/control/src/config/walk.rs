//! Holds a tree against the schema: unknown and repeated keys, missing ones, wrong kinds of values, references that
//! lead nowhere. What is broken is reported and left out, so that the rest can still be judged.

use serde_json::{Map, Value};

use super::path::Path;
use super::report::{Report, nearest, problem};
use super::scalars;
use super::schema::{self, Wanted};
use super::source::{Source, Unresolved, Variables};
use super::text::Format;
use super::tree::{Entry, Node, Shape};

/// Shorter values are hardly credentials, and showing them helps.
const SHORTEST_SECRET: usize = 8;

/// The schema that takes everything.
static ANYTHING: Value = Value::Bool(true);

/// What a walk needs besides the node at hand.
pub(super) struct Walk<'a> {
    pub(super) source: &'a Source,
    pub(super) variables: Variables<'a>,
    pub(super) report: &'a mut Report,
}

impl Walk<'_> {
    /// The value of a node as its schema wants it; none if it is broken, which is then reported.
    pub(super) fn usable(&mut self, node: &Node, schema: &'static Value, path: &Path) -> Option<Value> {
        match schema::wanted(schema) {
            Wanted::Keys { properties, required } => {
                let entries = self.entries(node, path)?;
                self.known_keys(node, entries, properties, &required, path)
            }
            Wanted::Names { value, name } => {
                let entries = self.entries(node, path)?;
                Some(self.named_values(entries, value, name, path))
            }
            Wanted::List { element } => self.list(node, element, path),
            Wanted::Words { words, instead } => self.word(node, &words, instead, path),
            Wanted::Formatted(format) => self.formatted(node, format, path),
            Wanted::Integer { least, most } => {
                let text = self.scalar(node, "a whole number", path)?;
                self.fitting(node, scalars::integer(&text, least, most), path)
            }
            Wanted::Number { least, most } => {
                let text = self.scalar(node, "a number", path)?;
                self.fitting(node, scalars::number(&text, least, most), path)
            }
            Wanted::Boolean => {
                let text = self.scalar(node, "true or false", path)?;
                self.fitting(node, scalars::boolean(&text), path)
            }
            Wanted::Text => self.scalar(node, "text", path).map(Value::String),
            Wanted::Anything => self.anything(node, path),
        }
    }

    /// A mapping's entries, each key once.
    fn entries<'n>(&mut self, node: &'n Node, path: &Path) -> Option<Vec<&'n Entry>> {
        let Shape::Map(entries) = &node.shape else {
            if node.is_nothing() {
                return Some(Vec::new());
            }
            self.hide(node);
            return self.wrong(node, path, format!("expected a mapping, found {}", kind(node)));
        };
        let mut once: Vec<&Entry> = Vec::new();
        for entry in entries {
            match once.iter().find(|earlier| earlier.key == entry.key) {
                None => once.push(entry),
                Some(first) => {
                    let message = format!("the key `{}` stands here twice", entry.key);
                    let help = format!("the first is on line {}; keep one of them", first.place.line);
                    self.hide(&entry.value);
                    self.report
                        .add(problem(entry.place, &path.key(&entry.key), message).help(help));
                }
            }
        }
        Some(once)
    }

    fn known_keys(
        &mut self,
        node: &Node,
        entries: Vec<&Entry>,
        properties: &'static Map<String, Value>,
        required: &[&'static str],
        path: &Path,
    ) -> Option<Value> {
        let mut values = Map::new();
        let mut missing = required.to_vec();
        let mut usable = true;
        let written: Vec<&str> = entries.iter().map(|entry| entry.key.as_str()).collect();
        for entry in entries {
            let Some(key) = self.known_key(entry, properties, &written, path) else {
                continue;
            };
            let Some(schema) = properties.get(key) else {
                continue;
            };
            let is_required = required.contains(&key);
            if entry.value.is_nothing() && !is_required {
                continue;
            }
            missing.retain(|name| *name != key);
            let before = self.report.count();
            match self.usable(&entry.value, schema, &path.key(&entry.key)) {
                Some(value) => {
                    values.insert(key.to_owned(), value);
                }
                // A misspelt key was only a guess: what does not fit the guess is no mistake of its own.
                None if key != entry.key => self.report.forget_after(before),
                None => usable &= !is_required,
            }
        }
        for name in &missing {
            let message = format!("`{name}` is missing");
            let place = node.place;
            let all: Vec<String> = required.iter().map(|name| format!("`{name}`")).collect();
            let help = format!("{} needed here", are(&all));
            self.report
                .add(problem(place, &path.key(name), message).help(help));
        }
        (usable && missing.is_empty()).then_some(Value::Object(values))
    }

    /// The known key that an entry means. A misspelt one is reported, then taken for what it was meant to be.
    fn known_key(
        &mut self,
        entry: &Entry,
        properties: &'static Map<String, Value>,
        written: &[&str],
        path: &Path,
    ) -> Option<&'static str> {
        if let Some((key, _)) = properties.get_key_value(&entry.key) {
            return Some(key);
        }
        let near = nearest(&entry.key, properties.keys().map(String::as_str));
        let message = format!("unknown key `{}`", entry.key);
        let mut found = problem(entry.place, &path.key(&entry.key), message).nearest(near.clone());
        if near.is_empty() {
            let names: Vec<&str> = properties.keys().map(String::as_str).collect();
            found = found.help(format!("known keys here: {}", names.join(", ")));
        }
        self.report.add(found);
        let meant = near.first().filter(|meant| !written.contains(&meant.as_str()));
        let meant = meant
            .and_then(|meant| properties.get_key_value(meant))
            .map(|(key, _)| key.as_str());
        if meant.is_none() {
            self.hide(&entry.value);
        }
        meant
    }

    fn named_values(
        &mut self,
        entries: Vec<&Entry>,
        schema: &'static Value,
        name: Option<&'static Value>,
        path: &Path,
    ) -> Value {
        let mut values = Map::new();
        let name_format = name.map(schema::wanted);
        for entry in entries {
            let path = path.key(&entry.key);
            if let Some(Wanted::Formatted(format)) = name_format
                && let Err(bad) = format.check(&entry.key)
            {
                self.report
                    .add(problem(entry.place, &path, bad.message).help(bad.help));
                continue;
            }
            if let Some(value) = self.usable(&entry.value, schema, &path) {
                values.insert(entry.key.clone(), value);
            }
        }
        Value::Object(values)
    }

    fn list(&mut self, node: &Node, element: &'static Value, path: &Path) -> Option<Value> {
        let Shape::List(elements) = &node.shape else {
            if node.is_nothing() {
                return Some(Value::Array(Vec::new()));
            }
            self.hide(node);
            let message = format!("expected a list, found {}", kind(node));
            self.report
                .add(problem(node.place, path, message).help("write it as [one, another]"));
            return None;
        };
        let values: Vec<Option<Value>> = elements
            .iter()
            .enumerate()
            .map(|(index, node)| self.usable(node, element, &path.index(index)))
            .collect();
        // All or nothing: with one left out, the others would be called by wrong numbers.
        values
            .into_iter()
            .collect::<Option<Vec<Value>>>()
            .map(Value::Array)
    }

    fn word(
        &mut self,
        node: &Node,
        words: &[&'static str],
        instead: Option<&'static Value>,
        path: &Path,
    ) -> Option<Value> {
        if let (Shape::Map(_), Some(schema)) = (&node.shape, instead) {
            return self.usable(node, schema, path);
        }
        let text = self.scalar(node, &format!("one of {}", words.join(", ")), path)?;
        if words.contains(&text.as_str()) {
            return Some(Value::String(text));
        }
        let near = nearest(&text, words.iter().copied());
        let message = format!(
            "expected one of {}, found {}",
            words.join(", "),
            scalars::shown(&text)
        );
        self.report.add(problem(node.place, path, message).nearest(near));
        None
    }

    fn formatted(&mut self, node: &Node, format: Format, path: &Path) -> Option<Value> {
        let is_named = matches!(&node.shape, Shape::Scalar { text, .. } if self.source.is_variable(text));
        if format.is_secret() && !is_named {
            self.report.hide(node.place);
        }
        let value = self
            .scalar(node, "a single value", path)
            .and_then(|text| match format.check(&text) {
                Ok(()) => Some(Value::String(text)),
                Err(bad) => {
                    self.report
                        .add(problem(node.place, path, bad.message).help(bad.help));
                    None
                }
            });
        // A credential that is missing on this machine should not hide the mistakes around it. The stand-in is
        // never used: there is a problem by now.
        let stand_in = || Value::String(format!("no credential at {path}"));
        if format == Format::Secret {
            value.or_else(|| Some(stand_in()))
        } else {
            value
        }
    }

    /// A request field of a vendor: whatever YAML says it is.
    fn anything(&mut self, node: &Node, path: &Path) -> Option<Value> {
        match &node.shape {
            Shape::Scalar { plain, .. } if *plain => {
                self.resolved(node, path).map(|text| scalars::untyped(&text))
            }
            Shape::Scalar { .. } => self.resolved(node, path).map(Value::String),
            Shape::List(_) => self.list(node, &ANYTHING, path),
            Shape::Map(_) => {
                let entries = self.entries(node, path)?;
                Some(self.named_values(entries, &ANYTHING, None, path))
            }
        }
    }

    /// A scalar's text with its references read.
    fn scalar(&mut self, node: &Node, expected: &str, path: &Path) -> Option<String> {
        if node.is_nothing() || !matches!(node.shape, Shape::Scalar { .. }) {
            self.hide(node);
            return self.wrong(node, path, format!("expected {expected}, found {}", kind(node)));
        }
        self.resolved(node, path)
    }

    fn resolved(&mut self, node: &Node, path: &Path) -> Option<String> {
        let Shape::Scalar { text, .. } = &node.shape else {
            return None;
        };
        let (message, help) = match self.source.resolve(text, self.variables) {
            Ok(text) => return Some(text),
            Err(Unresolved::Missing { name }) => (
                format!("the environment variable {name} is not set"),
                format!("set it, or give a default: ${{{name}:-value}}"),
            ),
            Err(Unresolved::Unreadable { written }) => (
                format!("`{written}` is not a reference to an environment variable"),
                "write ${NAME} or ${NAME:-default}; $${ stands for ${ itself".to_owned(),
            ),
        };
        self.report.add(problem(node.place, path, message).help(help));
        None
    }

    /// Keeps values out of the messages' lines that the schema has no place for: nobody knows what they are, and
    /// `token: sk-...` under a wrong key is still a credential.
    fn hide(&mut self, node: &Node) {
        match &node.shape {
            Shape::Scalar { text, .. } if text.chars().count() >= SHORTEST_SECRET => {
                self.report.hide(node.place)
            }
            Shape::Scalar { .. } => {}
            Shape::List(elements) => elements.iter().for_each(|element| self.hide(element)),
            Shape::Map(entries) => entries.iter().for_each(|entry| self.hide(&entry.value)),
        }
    }

    fn fitting(&mut self, node: &Node, read: Result<Value, String>, path: &Path) -> Option<Value> {
        read.map_or_else(|message| self.wrong(node, path, message), Some)
    }

    fn wrong<T>(&mut self, node: &Node, path: &Path, message: String) -> Option<T> {
        self.report.add(problem(node.place, path, message));
        None
    }
}

fn kind(node: &Node) -> &'static str {
    match &node.shape {
        Shape::Scalar { .. } if node.is_nothing() => "nothing",
        Shape::Scalar { .. } => "a single value",
        Shape::List(_) => "a list",
        Shape::Map(_) => "a mapping",
    }
}

/// `a`, `b` and `c` are.
fn are(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [only] => format!("{only} is"),
        [first @ .., last] => format!("{} and {last} are", first.join(", ")),
    }
}
