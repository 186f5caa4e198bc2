//! Without a file: each vendor whose key is in the environment. Enough to try crossfade with one variable set.

use super::secret::Secret;
use super::text::BadValue;
use super::{Config, Dialect, HttpUrl, Provider};

/// A vendor that is known by its variable.
struct Vendor {
    variable: &'static str,
    name: &'static str,
    dialect: Dialect,
    /// Where its own API is not the dialect's inventor's.
    base_url: Option<&'static str>,
}

const VENDORS: [Vendor; 4] = [
    Vendor {
        variable: "OPENAI_API_KEY",
        name: "openai",
        dialect: Dialect::Openai,
        base_url: None,
    },
    Vendor {
        variable: "ANTHROPIC_API_KEY",
        name: "anthropic",
        dialect: Dialect::Anthropic,
        base_url: None,
    },
    Vendor {
        variable: "GEMINI_API_KEY",
        name: "gemini",
        dialect: Dialect::Gemini,
        base_url: None,
    },
    Vendor {
        variable: "DEEPSEEK_API_KEY",
        name: "deepseek",
        dialect: Dialect::Openai,
        base_url: Some("https://api.deepseek.com/v1"),
    },
];

/// The variable that names the admin token, as the command line reads it.
const ADMIN_TOKEN: &str = "CROSSFADE_ADMIN_TOKEN";

/// A configuration that was found in the environment, and where.
#[derive(Debug, Clone)]
pub struct FromEnvironment {
    /// Providers without deployments: their models are called `provider/model`.
    pub config: Config,
    /// The vendors that were found, as `(provider, variable)`.
    pub found: Vec<(&'static str, &'static str)>,
    /// Variables that are set to something that cannot be a key, with the reason; they are left out.
    pub unusable: Vec<(&'static str, BadValue)>,
}

impl FromEnvironment {
    /// The variables that are looked at for vendors' keys.
    pub const VARIABLES: [&'static str; 4] = [
        "OPENAI_API_KEY",
        "ANTHROPIC_API_KEY",
        "GEMINI_API_KEY",
        "DEEPSEEK_API_KEY",
    ];
}

impl Config {
    /// The configuration of the process's own environment. Without any vendor in it, `found` is empty.
    pub fn from_environment() -> FromEnvironment {
        Config::from_variables(&|name| std::env::var(name).ok())
    }

    /// The same for a table of variables.
    pub fn from_variables(variables: &dyn Fn(&str) -> Option<String>) -> FromEnvironment {
        let mut result = FromEnvironment {
            config: Config::default(),
            found: Vec::new(),
            unusable: Vec::new(),
        };
        for vendor in &VENDORS {
            // An empty variable is how people unset one in a compose file.
            let Some(value) = variables(vendor.variable).filter(|value| !value.trim().is_empty()) else {
                continue;
            };
            match provider(vendor, &value) {
                Ok(provider) => {
                    result.config.providers.insert(vendor.name.to_owned(), provider);
                    result.found.push((vendor.name, vendor.variable));
                }
                Err(reason) => result.unusable.push((vendor.variable, reason)),
            }
        }
        if let Some(token) = variables(ADMIN_TOKEN).filter(|value| !value.is_empty()) {
            match admin_token(&token) {
                Ok(token) => result.config.admin_token = Some(token),
                Err(reason) => result.unusable.push((ADMIN_TOKEN, reason)),
            }
        }
        result
    }
}

fn provider(vendor: &Vendor, value: &str) -> Result<Provider, BadValue> {
    let mut provider = Provider::of_vendor(vendor.dialect, Some(value.trim().parse::<Secret>()?));
    provider.base_url = vendor.base_url.map(str::parse::<HttpUrl>).transpose()?;
    Ok(provider)
}

fn admin_token(text: &str) -> Result<Secret, BadValue> {
    if text.chars().count() < super::checks::SHORTEST_ADMIN_TOKEN {
        return Err(BadValue::new(
            "the admin token is too short",
            "give it at least 16 characters",
        ));
    }
    text.parse()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn from(variables: &[(&str, &str)]) -> FromEnvironment {
        Config::from_variables(&|name| {
            variables
                .iter()
                .find(|(key, _)| *key == name)
                .map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn each_vendor_whose_key_is_set_becomes_a_provider() {
        let all = from(&VENDORS.map(|vendor| (vendor.variable, "k-1")));
        let urls: Vec<String> = all
            .config
            .providers
            .iter()
            .map(|(name, p)| format!("{name} {}", p.effective_base_url()))
            .collect();
        assert_eq!(
            urls,
            [
                "anthropic https://api.anthropic.com",
                "deepseek https://api.deepseek.com/v1",
                "gemini https://generativelanguage.googleapis.com",
                "openai https://api.openai.com/v1"
            ]
        );
        assert_eq!(
            all.found
                .iter()
                .map(|(_, variable)| *variable)
                .collect::<Vec<_>>(),
            FromEnvironment::VARIABLES
        );
    }

    #[test]
    fn an_empty_environment_finds_nothing_and_an_empty_variable_is_none() {
        let none = from(&[("OPENAI_API_KEY", " "), ("UNRELATED", "x")]);
        assert!(none.found.is_empty() && none.unusable.is_empty() && none.config.providers.is_empty());
    }

    #[test]
    fn a_variable_that_cannot_be_a_key_is_told_and_left_out() {
        let odd = from(&[("OPENAI_API_KEY", "a\nb"), ("CROSSFADE_ADMIN_TOKEN", "short")]);
        assert_eq!(
            odd.unusable.iter().map(|(name, _)| *name).collect::<Vec<_>>(),
            ["OPENAI_API_KEY", ADMIN_TOKEN]
        );
        assert!(odd.found.is_empty() && odd.config.admin_token.is_none());
    }
}
