//! Google streams events only to callers who ask for them (`alt=sse`); the others get one JSON array whose
//! elements come one after the other.

#[derive(Default)]
pub(crate) struct ArrayWriter {
    opened: bool,
    closed: bool,
}

impl ArrayWriter {
    pub(super) fn element(&mut self, json: &[u8], out: &mut Vec<u8>) {
        out.extend_from_slice(self.separator().as_bytes());
        out.extend_from_slice(json);
        self.opened = true;
    }

    /// What must stand before the next element.
    pub(super) fn separator(&self) -> &'static str {
        if self.opened { "\n,\n" } else { "[" }
    }

    pub(super) fn close(&mut self, out: &mut Vec<u8>) {
        if !self.closed {
            out.extend_from_slice(if self.opened { b"\n]" } else { b"[]" });
        }
        self.closed = true;
    }
}
