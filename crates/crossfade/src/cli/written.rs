//! Values on the command line are written and read as in the configuration file.

use std::str::FromStr;

use control::config::BadValue;

/// For clap: the file's own reading, with its refusal as text.
pub(super) fn written<T: FromStr<Err = BadValue>>(text: &str) -> Result<T, String> {
    text.parse().map_err(|reason: BadValue| reason.to_string())
}
