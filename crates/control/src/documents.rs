//! The generated documents in docs/ are what the code says, or a test fails. Set
//! `CROSSFADE_WRITE_DOCUMENTS` to have them written instead of compared.

use std::path::Path;

const WRITE: &str = "CROSSFADE_WRITE_DOCUMENTS";

fn current(file: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../docs")
        .join(file);
    if std::env::var_os(WRITE).is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(committed == text, "docs/{file} is out of date: run `make docs`");
}

#[test]
fn the_configuration_reference_is_current() {
    current("configuration.md", &crate::config::reference());
}

#[test]
fn the_configuration_schema_is_current() {
    let schema = serde_json::to_string_pretty(&crate::config::schema()).unwrap();
    current("crossfade.schema.json", &(schema + "\n"));
}

#[test]
fn the_admin_api_document_is_current() {
    current("openapi.json", &(crate::api::openapi_document() + "\n"));
}
