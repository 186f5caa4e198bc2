//! Settings that are read and kept, but that this version does not act on yet. Somebody who sets
//! one must be told, or they would rely on it.

use super::Config;

impl Config {
    /// Each such setting that is used, as its path in the file and what does not happen.
    pub fn without_effect(&self) -> Vec<(String, &'static str)> {
        let mut found = Vec::new();
        if !self.services.is_empty() {
            found.push(("services".to_owned(), "HTTP applications are not served yet"));
        }
        if self.otlp.is_some() {
            found.push(("otlp".to_owned(), "nothing is exported by OTLP yet"));
        }
        found
    }
}
