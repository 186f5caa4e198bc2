//! Writing JSON straight into the bytes that go out.

/// Appends `words` as a JSON string, quotes included.
pub fn push_text(out: &mut Vec<u8>, words: &str) {
    out.reserve(words.len() + 2);
    out.push(b'"');
    push_inside(out, words);
    out.push(b'"');
}

/// Appends what stands between the quotes of a JSON string.
fn push_inside(out: &mut Vec<u8>, words: &str) {
    let mut rest = words.as_bytes();
    loop {
        let plain = super::blocks::ordinary_run(rest);
        let (ordinary, from) = rest.split_at_checked(plain).unwrap_or((rest, &[]));
        out.extend_from_slice(ordinary);
        let Some((&special, tail)) = from.split_first() else {
            return;
        };
        match special {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            control => {
                out.extend_from_slice(b"\\u00");
                out.extend([control >> 4, control & 15].map(|digit| match digit {
                    0..=9 => b'0' + digit,
                    _ => b'a' + digit - 10,
                }));
            }
        }
        rest = tail;
    }
}

/// Writes objects and arrays with the commas in the right places. The caller opens and closes; the writer
/// only knows whether the next thing needs a comma before it.
pub struct Writer<'o> {
    out: &'o mut Vec<u8>,
    comma: bool,
}

impl<'o> Writer<'o> {
    pub fn new(out: &'o mut Vec<u8>) -> Self {
        Writer { out, comma: false }
    }

    /// `{ ... }` as the next value.
    pub fn object(&mut self, fields: impl FnOnce(&mut Writer<'_>)) -> &mut Self {
        self.nested(b'{', b'}', fields)
    }

    /// `[ ... ]` as the next value.
    pub fn list(&mut self, items: impl FnOnce(&mut Writer<'_>)) -> &mut Self {
        self.nested(b'[', b']', items)
    }

    /// The name of the next value.
    pub fn key(&mut self, name: &str) -> &mut Self {
        self.separate();
        push_text(self.out, name);
        self.out.push(b':');
        self.comma = false;
        self
    }

    /// A field that holds a string.
    pub fn field(&mut self, name: &str, words: &str) -> &mut Self {
        self.key(name).text(words)
    }

    pub fn text(&mut self, words: &str) -> &mut Self {
        self.separate();
        push_text(self.out, words);
        self
    }

    pub fn integer(&mut self, number: u64) -> &mut Self {
        self.raw(&number.to_string())
    }

    pub fn bool(&mut self, value: bool) -> &mut Self {
        self.raw(if value { "true" } else { "false" })
    }

    pub fn null(&mut self) -> &mut Self {
        self.raw("null")
    }

    /// A value that is JSON already.
    pub fn raw(&mut self, json: &str) -> &mut Self {
        self.separate();
        self.out.extend_from_slice(json.as_bytes());
        self
    }

    pub fn text_or_null(&mut self, words: Option<&str>) -> &mut Self {
        match words {
            Some(words) => self.text(words),
            None => self.null(),
        }
    }

    fn nested(&mut self, open: u8, close: u8, fill: impl FnOnce(&mut Writer<'_>)) -> &mut Self {
        self.separate();
        self.out.push(open);
        fill(&mut Writer {
            out: self.out,
            comma: false,
        });
        self.out.push(close);
        self
    }

    fn separate(&mut self) {
        if self.comma {
            self.out.push(b',');
        }
        self.comma = true;
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_written_reads_back_the_same(words in any::<String>()) {
            let mut out = Vec::new();
            push_text(&mut out, &words);
            prop_assert_eq!(serde_json::from_slice::<String>(&out).unwrap(), words);
        }
    }

    #[test]
    fn commas_stand_between_values_only() {
        let mut out = Vec::new();
        Writer::new(&mut out).object(|top| {
            top.key("a").integer(1).key("b").list(|list| {
                list.text("x").object(|_| {}).null();
            });
            top.key("c").bool(true);
        });
        assert_eq!(
            String::from_utf8(out).unwrap(),
            r#"{"a":1,"b":["x",{},null],"c":true}"#
        );
    }
}
