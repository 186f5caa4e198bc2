//! Header fields as places in the bytes they came in: nothing is copied or hashed.

/// Where a field's name and value stand.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span {
    pub(crate) name: (u32, u32),
    pub(crate) value: (u32, u32),
}

/// The fields of one message.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Headers<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) spans: &'a [Span],
}

/// A field's name as it was sent. It may be in any case, and is only ever compared or passed on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Name<'a>(&'a [u8]);

impl<'a> Name<'a> {
    pub(crate) fn of(name: &'a str) -> Name<'a> {
        Name(name.as_bytes())
    }

    pub(crate) fn len(self) -> usize {
        self.0.len()
    }

    /// Whether this is that field. Nearly always the lengths differ already.
    #[inline]
    pub(crate) fn is(self, name: &str) -> bool {
        self.0.len() == name.len() && self.0.eq_ignore_ascii_case(name.as_bytes())
    }

    pub(crate) fn starts_with(self, prefix: &str) -> bool {
        self.0
            .get(..prefix.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(prefix.as_bytes()))
    }

    pub(crate) fn as_bytes(self) -> &'a [u8] {
        self.0
    }
}

impl<'a> Headers<'a> {
    /// In order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Name<'a>, &'a [u8])> + use<'a> {
        let bytes = self.bytes;
        let part = move |place: (u32, u32)| bytes.get(place.0 as usize..place.1 as usize).unwrap_or_default();
        self.spans
            .iter()
            .map(move |span| (Name(part(span.name)), part(span.value)))
    }

    /// The first field of this name, in any case.
    pub(crate) fn get(&self, name: &str) -> Option<&'a [u8]> {
        self.iter()
            .find(|(found, _)| found.is(name))
            .map(|(_, value)| value)
    }

    pub(crate) fn text(&self, name: &str) -> Option<&'a str> {
        std::str::from_utf8(self.get(name)?).ok()
    }
}

/// Notes where parsed fields stand in `bytes`, which they were parsed from.
pub(crate) fn spans_of(bytes: &[u8], parsed: &[httparse::Header<'_>]) -> Vec<Span> {
    let start = bytes.as_ptr() as usize;
    let place = |part: &[u8]| {
        // An empty value may point anywhere.
        let from = if part.is_empty() {
            0
        } else {
            (part.as_ptr() as usize).saturating_sub(start)
        };
        (from as u32, (from + part.len()) as u32)
    };
    let spans = parsed.iter().map(|header| Span {
        name: place(header.name.as_bytes()),
        value: place(header.value),
    });
    spans.collect()
}
