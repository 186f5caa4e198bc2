//! Why a text is not taken.

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlawKind {
    NotUtf8,
    Syntax,
    TooDeep,
    Duplicate,
}

/// Why a text is not taken. One pointer wide: every step of a walk returns a result, nearly none an error.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{} at byte {}", self.0.what, self.0.at)]
pub struct Flaw(Box<Detail>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Detail {
    kind: FlawKind,
    what: &'static str,
    at: usize,
    key: Option<String>,
}

impl Flaw {
    /// A text that is not UTF-8 is told to be that, wherever else it is wrong.
    #[cold]
    pub(super) fn in_text(
        bytes: &[u8],
        kind: FlawKind,
        what: &'static str,
        at: usize,
        key: Option<String>,
    ) -> Flaw {
        utf8(bytes)
            .err()
            .unwrap_or_else(|| Flaw(Box::new(Detail { kind, what, at, key })))
    }

    pub fn kind(&self) -> FlawKind {
        self.0.kind
    }

    /// For a field that is given twice, which.
    pub fn key(&self) -> Option<&str> {
        self.0.key.as_deref()
    }
}

/// The text, if it is UTF-8.
pub(crate) fn utf8(bytes: &[u8]) -> Result<&str, Flaw> {
    std::str::from_utf8(bytes).map_err(|error| {
        Flaw(Box::new(Detail {
            kind: FlawKind::NotUtf8,
            what: "the text is not UTF-8",
            at: error.valid_up_to(),
            key: None,
        }))
    })
}
