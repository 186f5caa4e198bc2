//! `docs/translation.md` is what the field tables say, or this fails. `make docs` writes it.
#![allow(clippy::unwrap_used, clippy::disallowed_methods)]

use std::path::Path;

const HEAD: &str = "\
# What becomes of each field

A request that comes through one vendor's API and goes to another vendor is translated field by field: carried,
adapted by a rule (named in the answer's `x-adapted` header), or refused with 400 `unsupported_parameter` and the
field's name. Nothing is dropped in silence. Between the same API, bytes pass through and none of this applies.

";

#[test]
fn documents_of_the_field_tables_are_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/translation.md");
    let text = format!("{HEAD}{}", dialect::field_tables_markdown());
    if std::env::var_os("CROSSFADE_WRITE_DOCUMENTS").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == text,
        "docs/translation.md is out of date: run `make docs`"
    );
}
