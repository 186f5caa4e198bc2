//! Where the admin API is and by which token. Flags come first, then the environment, then what this machine's own
//! gateway left in its configuration file and beside its store.

use std::path::{Path, PathBuf};

use clap::Args;
use control::config::{HttpUrl, Secret};

use super::ClientError;
use super::local_gateway::LocalGateway;

/// The flags of every verb that asks a running gateway.
#[derive(Args)]
#[command(next_help_heading = "The gateway to ask (on its own machine it is found without these)")]
pub(crate) struct AdminArgs {
    /// URL of its admin API
    #[arg(long, value_name = "URL", env = "CROSSFADE_ADMIN_URL", hide_env_values = true)]
    admin: Option<String>,
    /// Admin token; the variable keeps it out of the list of processes
    #[arg(
        long,
        value_name = "TOKEN",
        env = "CROSSFADE_ADMIN_TOKEN",
        hide_env_values = true
    )]
    token: Option<String>,
    /// Its configuration file [default: ./crossfade.yaml if there is one]
    #[arg(short, long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// What is needed to ask.
pub(crate) struct Access {
    /// Without a path.
    pub(super) url: String,
    pub(super) token: Secret,
    /// For the message when it is refused.
    pub(super) source_of_token: String,
    /// Where clients of this gateway call.
    pub(super) client_url: String,
}

/// `listen` where nobody says anything else.
const DEFAULT_CLIENT_PORT: u16 = 8080;

impl AdminArgs {
    /// The gateway that runs by this file, without any flags.
    pub(crate) fn of_file(file: &Path) -> AdminArgs {
        AdminArgs {
            admin: None,
            token: None,
            config: Some(file.to_owned()),
        }
    }

    /// # Errors
    /// When something is given that cannot be used, or not enough can be found.
    pub(super) fn access(&self) -> Result<Access, ClientError> {
        let url = given(self.admin.as_deref()).map(admin_url).transpose()?;
        let token = given(self.token.as_deref()).map(admin_token).transpose()?;
        let elsewhere = url.as_ref().is_some_and(|url| !is_this_machine(url)) && self.config.is_none();
        if elsewhere {
            return access_elsewhere(url, token);
        }
        let local = match (&url, &token) {
            // There is nothing that must be found; a file that nobody named is no reason to fail.
            (Some(_), Some(_)) if self.config.is_none() => {
                LocalGateway::find(self.config.as_deref()).unwrap_or_default()
            }
            _ => LocalGateway::find(self.config.as_deref())?,
        };
        let (token, source_of_token) = match token {
            Some(token) => (token, GIVEN.to_owned()),
            None => local.token()?,
        };
        let client_url = local.client_url();
        let url = url.map_or_else(|| local.admin_url(), Ok)?;
        Ok(Access {
            url,
            token,
            source_of_token,
            client_url,
        })
    }
}

impl Access {
    /// To a gateway that is in this very process, whose addresses nobody has to find.
    pub(crate) fn known(url: String, token: Secret, client_url: String) -> Access {
        Access {
            url,
            token,
            source_of_token: "this process".to_owned(),
            client_url,
        }
    }
}

const GIVEN: &str = "--token or CROSSFADE_ADMIN_TOKEN";

/// This machine's token stays on this machine: a URL that leads away needs a token of its own, or the file that
/// holds it named.
fn access_elsewhere(url: Option<String>, token: Option<Secret>) -> Result<Access, ClientError> {
    let url = url.unwrap_or_default();
    let Some(token) = token else {
        return Err(ClientError::NoToken { url });
    };
    let host = url
        .parse::<http::Uri>()
        .ok()
        .and_then(|uri| uri.host().map(str::to_owned))
        .unwrap_or_default();
    let client_url = format!("http://{host}:{DEFAULT_CLIENT_PORT}");
    Ok(Access {
        url,
        token,
        source_of_token: GIVEN.to_owned(),
        client_url,
    })
}

/// An empty variable is how people unset one in a compose file.
fn given(text: Option<&str>) -> Option<&str> {
    text.map(str::trim).filter(|text| !text.is_empty())
}

/// Tolerates what people paste: no scheme, and the API's own path at the end.
fn admin_url(text: &str) -> Result<String, ClientError> {
    let with_scheme = if text.contains("://") {
        text.to_owned()
    } else {
        format!("http://{text}")
    };
    let url = with_scheme.parse::<HttpUrl>();
    let url = url.map_err(|reason| ClientError::Unusable {
        what: "the admin URL",
        reason: reason.to_string(),
    })?;
    let url = url.as_str();
    Ok(url
        .strip_suffix("/admin/v1")
        .unwrap_or(url)
        .trim_end_matches('/')
        .to_owned())
}

fn admin_token(text: &str) -> Result<Secret, ClientError> {
    let token = text.parse::<Secret>();
    token.map_err(|reason| ClientError::Unusable {
        what: "the admin token",
        reason: reason.to_string(),
    })
}

fn is_this_machine(url: &str) -> bool {
    let uri = url.parse::<http::Uri>().ok();
    let host = uri.as_ref().and_then(http::Uri::host).unwrap_or_default();
    let numeric = host
        .trim_start_matches('[')
        .trim_end_matches(']')
        .parse::<std::net::IpAddr>();
    host.eq_ignore_ascii_case("localhost") || numeric.is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn an_admin_url_is_read_as_people_paste_it() {
        for pasted in [
            "127.0.0.1:8081",
            "http://127.0.0.1:8081/",
            "http://127.0.0.1:8081/admin/v1/",
        ] {
            assert_eq!(admin_url(pasted).unwrap(), "http://127.0.0.1:8081", "{pasted}");
        }
        assert_eq!(
            admin_url("https://gw.example/crossfade").unwrap(),
            "https://gw.example/crossfade"
        );
        assert!(admin_url("ftp://gw.example").unwrap_err().is_usage());
    }

    #[test]
    fn only_loopback_is_this_machine() {
        for (url, here) in [
            ("http://127.0.0.1:8081", true),
            ("http://localhost", true),
            ("http://[::1]:8081", true),
            ("http://10.0.0.1:8081", false),
            ("https://localhost.example", false),
        ] {
            assert_eq!(is_this_machine(url), here, "{url}");
        }
    }
}
