//! Vendor accounts: a dialect, a base URL and a credential. A vendor that speaks a known dialect is configuration
//! only; one with an API of its own is a new dialect.

use std::collections::BTreeMap;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::address::HttpUrl;
use super::header::HeaderName;
use super::secret::Secret;
use super::text::Format;

/// A vendor account.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Provider {
    /// The wire format that the vendor speaks.
    pub dialect: Dialect,
    /// Where the vendor's API is: with its version for `openai` (`https://api.openai.com/v1`), without for
    /// `anthropic` and `gemini`. Defaults to the vendor's own for each dialect.
    #[serde(default)]
    pub base_url: Option<HttpUrl>,
    /// The credential that the vendor wants. Leave it out for servers that want none.
    #[serde(default)]
    pub api_key: Option<Secret>,
    /// Model names that clients may call plainly, without `provider/` and without a deployment.
    #[serde(default)]
    pub models: Vec<String>,
    /// Speak HTTP/2 to the vendor. HTTP/1.1 is the default because it spreads long answers over connections.
    #[serde(default)]
    pub http2: bool,
    /// Further headers for every request to the vendor, such as an organisation or an API version.
    #[serde(default)]
    #[schemars(extend("propertyNames" = {"format": Format::Header.name()}))]
    pub headers: BTreeMap<HeaderName, Secret>,
    /// Of one `openai` provider: it takes the requests that name no model, such as for stored responses, files and
    /// batches. Whatever its account holds is then open to every key that is not limited to certain models.
    #[serde(default)]
    pub takes_no_model: bool,
    /// A PEM file of certificate authorities to trust for this vendor instead of the system's. Relative to the
    /// configuration file.
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
}

impl Provider {
    /// The account of a dialect's own vendor.
    pub fn of_vendor(dialect: Dialect, api_key: Option<Secret>) -> Provider {
        Provider {
            dialect,
            base_url: None,
            api_key,
            models: Vec::new(),
            http2: false,
            headers: BTreeMap::new(),
            takes_no_model: false,
            ca_file: None,
        }
    }

    /// The URL to which the dialect's paths are appended, without a slash at its end. A version that was written
    /// where the dialect brings its own is dropped.
    pub fn effective_base_url(&self) -> &str {
        let written = self
            .base_url
            .as_ref()
            .map_or(self.dialect.vendor_url(), HttpUrl::as_str);
        match self.dialect {
            Dialect::Openai => written,
            Dialect::Anthropic => written.strip_suffix("/v1").unwrap_or(written),
            Dialect::Gemini => written
                .strip_suffix("/v1beta")
                .or_else(|| written.strip_suffix("/v1"))
                .unwrap_or(written),
        }
    }
}

/// A vendor's wire format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Dialect {
    /// OpenAI, DeepSeek, vLLM, llama.cpp, Ollama and everything else that copies their API.
    Openai,
    /// Anthropic's Messages API.
    Anthropic,
    /// Google's Gemini API.
    Gemini,
}

impl Dialect {
    /// The base URL of the vendor who invented the dialect.
    pub const fn vendor_url(self) -> &'static str {
        match self {
            Dialect::Openai => "https://api.openai.com/v1",
            Dialect::Anthropic => "https://api.anthropic.com",
            Dialect::Gemini => "https://generativelanguage.googleapis.com",
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn base_url(dialect: Dialect, written: Option<&str>) -> String {
        let mut provider = Provider::of_vendor(dialect, None);
        provider.base_url = written.map(|url| url.parse().unwrap());
        provider.effective_base_url().to_owned()
    }

    #[test]
    fn a_version_in_the_base_url_is_tolerated_where_the_dialect_brings_its_own() {
        assert_eq!(base_url(Dialect::Anthropic, None), "https://api.anthropic.com");
        assert_eq!(base_url(Dialect::Anthropic, Some("http://a/v1/")), "http://a");
        assert_eq!(base_url(Dialect::Gemini, Some("http://a/v1beta")), "http://a");
        assert_eq!(base_url(Dialect::Openai, Some("http://a/v1/")), "http://a/v1");
        assert_eq!(
            base_url(Dialect::Openai, Some("http://a/openai")),
            "http://a/openai"
        );
    }
}
