//! References to the environment, `${NAME}` and `${NAME:-default}`. YAML ends a plain scalar inside `{...}` at the
//! first brace, so `{api_key: ${KEY}}` would be a syntax error. References are therefore replaced by placeholders of
//! the same number of characters before the text is parsed, and read once their place in the file is known. A value
//! from the environment is never parsed as YAML: a password with a `#` in it stays a password.

use std::borrow::Cow;

/// First placeholder; the one of reference n is n further on. The first of Unicode's two planes of private use,
/// which no configuration file holds for its own sake.
const FIRST: u32 = 0xF_0000;
/// Fills a placeholder up to the length of its reference.
const FILL: char = '\u{10FFFD}';
/// As many references as there are placeholders before the plane ends.
const MOST_REFERENCES: usize = 60_000;

/// A text whose references are out of the YAML parser's way.
pub(super) struct Source {
    /// The text with placeholders: every character stands where it stood.
    pub(super) text: String,
    references: Vec<Reference>,
}

struct Reference {
    /// As written, `${` and `}` included.
    written: String,
    kind: Kind,
}

enum Kind {
    Variable {
        name: String,
        default: Option<String>,
    },
    /// `$${`, which stands for `${` itself.
    Escape,
    Unreadable,
}

/// Why a scalar's references give no text.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unresolved {
    /// The environment has no such variable, and the file no default.
    Missing { name: String },
    /// It does not look like `${NAME}`.
    Unreadable { written: String },
}

/// Where variables come from: the process's environment, or a test's table.
pub(super) type Variables<'a> = &'a dyn Fn(&str) -> Option<String>;

impl Source {
    /// Puts placeholders for the references of a file.
    pub(super) fn with_references(text: &str) -> Source {
        let mut source = Source {
            text: String::with_capacity(text.len()),
            references: Vec::new(),
        };
        let mut rest = text;
        while let Some(start) = rest.find("${") {
            let escaped = rest.get(..start).is_some_and(|before| before.ends_with('$'));
            let (before, from) = rest.split_at(if escaped { start - 1 } else { start });
            source.text.push_str(&neutral(before));
            let length = if escaped { 3 } else { reference_length(from) };
            let (written, after) = from.split_at(length);
            source.push(written, if escaped { Kind::Escape } else { kind(written) });
            rest = after;
        }
        source.text.push_str(&neutral(rest));
        source
    }

    /// Takes a text as it is: a caller of the admin API must not read the gateway's environment.
    pub(super) fn without_references(text: &str) -> Source {
        Source {
            text: neutral(text).into_owned(),
            references: Vec::new(),
        }
    }

    /// The text with its references as they were written.
    pub(super) fn written(&self, text: &str) -> String {
        self.replace(text, |reference| Ok(Cow::Borrowed(reference.written.as_str())))
            .unwrap_or_default()
    }

    /// The text with its references replaced by what they stand for.
    pub(super) fn resolve(&self, text: &str, variables: Variables<'_>) -> Result<String, Unresolved> {
        self.replace(text, |reference| match &reference.kind {
            Kind::Escape => Ok(Cow::Borrowed("${")),
            Kind::Unreadable => Err(Unresolved::Unreadable {
                written: reference.written.clone(),
            }),
            Kind::Variable { name, default } => match (variables(name), default) {
                (Some(value), None) => Ok(Cow::Owned(value)),
                (Some(value), Some(_)) if !value.is_empty() => Ok(Cow::Owned(value)),
                (_, Some(default)) => Ok(Cow::Borrowed(default.as_str())),
                (None, None) => Err(Unresolved::Missing { name: name.clone() }),
            },
        })
    }

    /// Whether a text is `${NAME}` and nothing else, which gives nothing away.
    pub(super) fn is_variable(&self, text: &str) -> bool {
        let first = text.chars().next().and_then(|first| self.reference(first));
        let is_alone = text.chars().skip(1).all(|c| c == FILL);
        is_alone
            && matches!(
                first,
                Some(Reference {
                    kind: Kind::Variable { default: None, .. },
                    ..
                })
            )
    }

    fn replace<'a>(
        &'a self,
        text: &str,
        mut by: impl FnMut(&'a Reference) -> Result<Cow<'a, str>, Unresolved>,
    ) -> Result<String, Unresolved> {
        let mut replaced = String::with_capacity(text.len());
        for character in text.chars() {
            if character == FILL {
                continue;
            }
            match self.reference(character) {
                Some(reference) => replaced.push_str(&by(reference)?),
                None => replaced.push(character),
            }
        }
        Ok(replaced)
    }

    fn reference(&self, placeholder: char) -> Option<&Reference> {
        let index = u32::from(placeholder).checked_sub(FIRST)?;
        self.references.get(usize::try_from(index).ok()?)
    }

    fn push(&mut self, written: &str, kind: Kind) {
        let placeholder = u32::try_from(self.references.len())
            .ok()
            .and_then(|n| char::from_u32(FIRST + n));
        let (Some(placeholder), true) = (placeholder, self.references.len() < MOST_REFERENCES) else {
            self.text.push_str(written);
            return;
        };
        self.text.push(placeholder);
        self.text.extend(std::iter::repeat_n(
            FILL,
            written.chars().count().saturating_sub(1),
        ));
        self.references.push(Reference {
            written: written.to_owned(),
            kind,
        });
    }
}

/// Length in bytes of the reference that begins here. One that does not end is just its `${`, which is refused if it
/// turns out to stand in a value and not in a comment. A quote ends the search, because a reference that was not
/// closed inside quotes must not swallow what follows them; without a default, so do commas and spaces.
fn reference_length(from: &str) -> usize {
    let inside = from.get(2..).unwrap_or_default();
    let name = inside
        .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .unwrap_or(inside.len());
    let has_default = inside.get(name..).is_some_and(|rest| rest.starts_with(":-"));
    let stops =
        |c: char| matches!(c, '}' | '"' | '\'' | '\n') || (!has_default && (c == ',' || c.is_whitespace()));
    match inside.char_indices().find(|(_, c)| stops(*c)) {
        Some((end, '}')) => 2 + end + 1,
        _ => 2,
    }
}

fn kind(written: &str) -> Kind {
    let Some(inside) = written.strip_prefix("${").and_then(|text| text.strip_suffix('}')) else {
        return Kind::Unreadable;
    };
    let (name, default) = match inside.split_once(":-") {
        Some((name, default)) => (name, Some(default.to_owned())),
        None => (inside, None),
    };
    let first_is_letter = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    let rest_is_name = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    let nested = default.as_ref().is_some_and(|text| text.contains("${"));
    if first_is_letter && rest_is_name && !nested {
        Kind::Variable {
            name: name.to_owned(),
            default,
        }
    } else {
        Kind::Unreadable
    }
}

/// The text without characters of private use that were there before, so that none is taken for a placeholder.
fn neutral(text: &str) -> Cow<'_, str> {
    let private = |c: char| u32::from(c) >= FIRST;
    if text.contains(private) {
        Cow::Owned(text.replace(private, "\u{FFFD}"))
    } else {
        Cow::Borrowed(text)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn resolve(text: &str) -> Result<String, Unresolved> {
        let source = Source::with_references(text);
        assert_eq!(
            source.text.chars().count(),
            text.chars().count(),
            "every character keeps its place"
        );
        source.resolve(&source.text, &|name| match name {
            "KEY" => Some("sk-1 # {x}".to_owned()),
            "EMPTY" => Some(String::new()),
            _ => None,
        })
    }

    #[test]
    fn references_are_replaced_and_defaults_stand_in_for_unset_and_empty() {
        for (written, read) in [
            ("a ${KEY} b", "a sk-1 # {x} b"),
            ("${NONE:-http://a:1/b}", "http://a:1/b"),
            ("${EMPTY:-x}${EMPTY}${NONE:-}", "x"),
            ("$${KEY}", "${KEY}"),
            ("$5 and $KEY", "$5 and $KEY"),
        ] {
            assert_eq!(resolve(written).unwrap(), read, "{written}");
        }
    }

    #[test]
    fn a_missing_variable_is_named() {
        assert_eq!(
            resolve("${NONE}"),
            Err(Unresolved::Missing {
                name: "NONE".to_owned()
            })
        );
    }

    #[test]
    fn what_is_no_reference_is_refused() {
        for bad in ["${}", "${1A}", "${A-B}", "${KEY", "${A:-${B}}", "${A B}"] {
            assert!(
                matches!(resolve(bad), Err(Unresolved::Unreadable { .. })),
                "{bad}"
            );
        }
    }
}
