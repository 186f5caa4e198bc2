//! Names of HTTP headers, for further places in which clients send their key and for what a vendor wants to be sent.

use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::text::{BadValue, Format, Text};

/// The name of an HTTP header, in small letters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize, JsonSchema)]
#[serde(try_from = "Text", into = "String")]
#[schemars(inline, extend("format" = Format::Header.name(), "examples" = ["X-My-Key"]))]
pub struct HeaderName(String);

impl HeaderName {
    /// In small letters, as HTTP libraries compare them.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for HeaderName {
    type Err = BadValue;

    fn from_str(text: &str) -> Result<HeaderName, BadValue> {
        match text.parse::<http::HeaderName>() {
            Ok(name) => Ok(HeaderName(name.as_str().to_owned())),
            Err(_) => Err(BadValue::new(
                format!("`{text}` is not the name of a header"),
                "write letters, digits and dashes, as in X-My-Key",
            )),
        }
    }
}

impl TryFrom<Text> for HeaderName {
    type Error = BadValue;

    fn try_from(text: Text) -> Result<HeaderName, BadValue> {
        text.0.parse()
    }
}

impl From<HeaderName> for String {
    fn from(name: HeaderName) -> String {
        name.0
    }
}
