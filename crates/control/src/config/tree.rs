//! A text as a tree that knows where everything stands. Scalars keep their text: whether `4.10` is a number or a
//! model's name is the schema's to say.

use super::path::{Path, Step};
use super::report::Place;

/// A value of the text.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Node {
    pub(super) place: Place,
    pub(super) shape: Shape,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Shape {
    /// Text; `plain` without quotes, so that it may be meant as a number, `true` or nothing.
    Scalar {
        text: String,
        plain: bool,
    },
    List(Vec<Node>),
    Map(Vec<Entry>),
}

/// A key and its value, in the order of the text, repeated keys included.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Entry {
    pub(super) key: String,
    pub(super) place: Place,
    pub(super) value: Node,
}

impl Node {
    /// Whether nothing is written here: `green:` and the end of the line, `~` or `null`.
    pub(super) fn is_nothing(&self) -> bool {
        matches!(&self.shape, Shape::Scalar { text, plain: true } if matches!(text.as_str(), "" | "~" | "null" | "Null" | "NULL"))
    }

    /// The value of a key.
    pub(super) fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries().iter().find(|entry| entry.key == key)
    }

    /// The keys below this one.
    pub(super) fn keys(&self) -> impl Iterator<Item = &str> {
        self.entries().iter().map(|entry| entry.key.as_str())
    }

    /// The values of the keys below this one.
    pub(super) fn values(&self) -> impl Iterator<Item = &Node> {
        self.entries().iter().map(|entry| &entry.value)
    }

    /// The scalars in this list.
    pub(super) fn texts(&self) -> impl Iterator<Item = &str> {
        let elements: &[Node] = match &self.shape {
            Shape::List(elements) => elements,
            Shape::Scalar { .. } | Shape::Map(_) => &[],
        };
        elements.iter().filter_map(|element| match &element.shape {
            Shape::Scalar { text, .. } => Some(text.as_str()),
            Shape::List(_) | Shape::Map(_) => None,
        })
    }

    fn entries(&self) -> &[Entry] {
        match &self.shape {
            Shape::Map(entries) => entries,
            Shape::Scalar { .. } | Shape::List(_) => &[],
        }
    }

    /// Where the value of this path stands; the last part that there is, if it was left out.
    pub(super) fn place_of_value(&self, path: &Path) -> Place {
        self.follow(path.steps()).place
    }

    /// Where the key at the end of this path stands.
    pub(super) fn place_of_key(&self, path: &Path) -> Place {
        let Some((Step::Key(key), above)) = path.steps().split_last() else {
            return self.place_of_value(path);
        };
        let above = self.follow(above);
        above.entry(key).map_or(above.place, |entry| entry.place)
    }

    /// Whether something is written at this path, usable or not.
    pub(super) fn has(&self, path: &Path) -> bool {
        let Some((Step::Key(key), above)) = path.steps().split_last() else {
            return true;
        };
        self.follow(above)
            .entry(key)
            .is_some_and(|entry| !entry.value.is_nothing())
    }

    fn follow(&self, steps: &[Step]) -> &Node {
        let Some((step, further)) = steps.split_first() else {
            return self;
        };
        let next = match (step, &self.shape) {
            (Step::Key(key), _) => self.entry(key).map(|entry| &entry.value),
            (Step::Index(index), Shape::List(elements)) => elements.get(*index),
            (Step::Index(_), _) => None,
        };
        next.map_or(self, |next| next.follow(further))
    }
}
