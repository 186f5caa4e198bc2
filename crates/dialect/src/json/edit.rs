//! Changing a few places of a body and leaving every other byte as the client wrote it.

use super::text::Span;

/// Replacements that do not overlap, applied in the order of their places.
#[derive(Default)]
pub struct Edits {
    edits: Vec<(Span, Vec<u8>)>,
}

impl Edits {
    pub fn is_empty(&self) -> bool {
        self.edits.is_empty()
    }

    pub fn replace(&mut self, place: Span, with: impl Into<Vec<u8>>) {
        self.edits.push((place, with.into()));
    }

    /// Adds fields (`"name":value`) at the start of an object. `object` is its span, `empty` whether it has no fields.
    pub fn add_fields<S: AsRef<str>>(&mut self, object: Span, empty: bool, fields: &[(S, S)]) {
        if fields.is_empty() {
            return;
        }
        // Two quotes, a colon and a comma each.
        let written = |(name, value): &(S, S)| name.as_ref().len() + value.as_ref().len() + 4;
        let mut added = Vec::with_capacity(fields.iter().map(written).sum());
        for (position, (name, value)) in fields.iter().enumerate() {
            if position > 0 {
                added.push(b',');
            }
            super::push_text(&mut added, name.as_ref());
            added.push(b':');
            added.extend_from_slice(value.as_ref().as_bytes());
        }
        if !empty {
            added.push(b',');
        }
        let place = object.start + 1;
        self.replace(
            Span {
                start: place,
                end: place,
            },
            added,
        );
    }

    /// Removes a field, from its key to its value, with the one comma that goes with it.
    pub fn remove_field(&mut self, body: &[u8], field: Span) {
        self.replace(Edits::place_of_field(body, field), []);
    }

    /// A field, from its key to its value, and the one comma that goes with it.
    pub(crate) fn place_of_field(body: &[u8], field: Span) -> Span {
        let white = |byte: &&u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r');
        let after = body.get(field.end..).unwrap_or_default();
        let gap = after.iter().take_while(white).count();
        if after.get(gap) == Some(&b',') {
            let gap = gap + 1;
            let indent = after
                .get(gap..)
                .unwrap_or_default()
                .iter()
                .take_while(white)
                .count();
            return Span {
                start: field.start,
                end: field.end + gap + indent,
            };
        }
        let before = body.get(..field.start).unwrap_or_default();
        let gap = before.iter().rev().take_while(white).count();
        let comma = usize::from(before.iter().rev().nth(gap) == Some(&b','));
        let back = if comma == 1 { gap + 1 } else { 0 };
        Span {
            start: field.start - back,
            end: field.end,
        }
    }

    /// The edited body. An edit that overlaps one before it is left out.
    pub fn apply(mut self, body: &[u8]) -> Vec<u8> {
        self.edits.sort_by_key(|(place, _)| (place.start, place.end));
        let grown: usize = self.edits.iter().map(|(_, with)| with.len()).sum();
        let mut out = Vec::with_capacity(body.len() + grown);
        let mut done = 0;
        for (place, with) in &self.edits {
            if place.start < done {
                continue;
            }
            out.extend_from_slice(
                Span {
                    start: done,
                    end: place.start,
                }
                .of(body),
            );
            out.extend_from_slice(with);
            done = place.end;
        }
        out.extend_from_slice(body.get(done..).unwrap_or_default());
        out
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_field_goes_with_one_comma() {
        let table = [
            (r#"{"a":1,"b":2}"#, r#"{"b":2}"#),
            (r#"{ "a" : 1 , "b":2}"#, r#"{ "b":2}"#),
            (r#"{"b":2, "a":1}"#, r#"{"b":2}"#),
            (r#"{"a":1}"#, "{}"),
            (r#"{"b":2,"a":1,"c":3}"#, r#"{"b":2,"c":3}"#),
        ];
        for (body, rest) in table {
            let start = body.find(r#""a""#).unwrap();
            let end = body.find('1').unwrap() + 1;
            let mut edits = Edits::default();
            edits.remove_field(body.as_bytes(), Span { start, end });
            let out = edits.apply(body.as_bytes());
            assert_eq!(String::from_utf8(out).unwrap(), rest, "{body}");
        }
    }
}
