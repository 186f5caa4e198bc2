//! Credentials, in a type that cannot be printed, compared by accident or written back out.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize, Serializer};

use super::text::{BadValue, Format, Text};

/// What stands for a secret wherever it could be seen.
pub(super) const HIDDEN: &str = "***";

/// A credential. `Debug` shows that there is one; only `expose` gives it away.
#[derive(Clone, Deserialize, JsonSchema)]
#[serde(try_from = "Text")]
#[schemars(inline, extend("format" = Format::Secret.name(), "writeOnly" = true, "examples" = ["${OPENAI_API_KEY}"]))]
pub struct Secret(#[schemars(with = "String")] SecretString);

impl Secret {
    /// The credential itself, for the one place that sends or hashes it.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl FromStr for Secret {
    type Err = BadValue;

    fn from_str(text: &str) -> Result<Secret, BadValue> {
        if text.is_empty() {
            return Err(BadValue::new(
                "the secret is empty",
                "give it a value, or leave the key out",
            ));
        }
        if text.starts_with("${") {
            let help = "write it as ${NAME}, with the name of an environment variable";
            return Err(BadValue::new("the secret is still an unread reference", help));
        }
        if text.chars().any(char::is_control) {
            return Err(BadValue::new(
                "the secret holds a line break or a control character",
                "remove it",
            ));
        }
        Ok(Secret(SecretString::from(text)))
    }
}

impl TryFrom<Text> for Secret {
    type Error = BadValue;

    fn try_from(text: Text) -> Result<Secret, BadValue> {
        text.0.parse()
    }
}

/// Written out, a secret only shows that there is one.
impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(HIDDEN)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Secret(***)")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn a_secret_cannot_be_printed() {
        let secret: Secret = "sk-very-secret".parse().unwrap();
        assert_eq!(format!("{secret:?}"), "Secret(***)");
        assert_eq!(secret.expose(), "sk-very-secret");
    }

    #[test]
    fn an_empty_or_unread_secret_is_refused_without_being_repeated() {
        for bad in ["", "${OPENAI_API_KEY", "sk-a\nb"] {
            let reason = bad.parse::<Secret>().unwrap_err().to_string();
            assert!(!reason.contains("OPENAI") && !reason.contains("sk-a"), "{reason}");
        }
    }
}
