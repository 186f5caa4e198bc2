//! Why the admin API was not asked or did not do it, with the way out.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use control::config::ConfigError;
use serde_json::{Value, json};

use crate::output::plain;

#[derive(Debug, thiserror::Error)]
pub(crate) enum ClientError {
    /// A flag or variable that cannot be used.
    #[error("{what} cannot be used: {reason}")]
    Unusable { what: &'static str, reason: String },
    /// The configuration file cannot be read.
    #[error("{0}")]
    Config(ConfigError),
    /// The one key of the configuration file that is needed cannot be read.
    #[error("`{key}` of {} cannot be read: {reason}", file.display())]
    ConfigKey {
        file: PathBuf,
        key: &'static str,
        reason: String,
    },
    /// A gateway elsewhere, and no token for it.
    #[error("no admin token for {url}")]
    NoToken { url: String },
    /// The file with the token that the gateway made.
    #[error("the admin token in {} cannot be read: {source}", path.display())]
    TokenUnreadable { path: PathBuf, source: io::Error },
    /// This machine's certificate authorities cannot be used.
    #[error("https cannot be used: {0}")]
    Tls(String),
    /// Nobody answers.
    #[error("no gateway answers at {url}: {reason}")]
    Unreachable { url: String, reason: String },
    /// Connected, and no answer.
    #[error("the gateway at {url} did not answer within {} s", after.as_secs())]
    TimedOut { url: String, after: Duration },
    /// 401.
    #[error("the gateway at {url} does not accept the token from {source_of_token}")]
    TokenRefused { url: String, source_of_token: String },
    /// The gateway says no.
    #[error("{}{}", plain(message), code.as_deref().map(|code| format!(" ({})", plain(code))).unwrap_or_default())]
    Refused {
        status: u16,
        message: String,
        code: Option<String>,
        json: Box<Value>,
    },
    /// Somebody answers, but not as the admin API does.
    #[error("what answers at {url} is not understood: {reason}")]
    NotUnderstood { url: String, reason: String },
}

const WHERE: &str =
    "name the gateway with --admin URL or CROSSFADE_ADMIN_URL, or its configuration file with -c";
const TOKEN: &str = "give the token with CROSSFADE_ADMIN_TOKEN or --token";

impl ClientError {
    /// Whether the command line was wrong.
    pub(crate) fn is_usage(&self) -> bool {
        matches!(self, ClientError::Unusable { .. })
    }

    /// Whether asking again later may help.
    pub(crate) fn may_pass(&self) -> bool {
        let overloaded = matches!(self, ClientError::Refused { status: 500.., .. });
        overloaded
            || matches!(
                self,
                ClientError::Unreachable { .. } | ClientError::TimedOut { .. }
            )
    }

    /// What to do about it.
    pub(crate) fn help(&self) -> Option<String> {
        match self {
            ClientError::Unusable { .. } | ClientError::Refused { .. } | ClientError::Tls(_) => None,
            ClientError::Config(_) => Some(format!(
                "{WHERE}; `crossfade check` shows every mistake in a file"
            )),
            ClientError::ConfigKey { .. } => Some(format!("{WHERE}; {TOKEN}")),
            ClientError::NoToken { .. } => Some(TOKEN.to_owned()),
            ClientError::TokenUnreadable { source, .. } => Some(token_help(source)),
            ClientError::Unreachable { .. } => Some(format!(
                "is `crossfade serve` running? If it is elsewhere, {WHERE}"
            )),
            ClientError::TimedOut { .. } => {
                Some("look at the gateway's log and the machine's load".to_owned())
            }
            ClientError::TokenRefused { .. } => Some(format!(
                "{TOKEN}; the gateway keeps the one it made beside its store"
            )),
            ClientError::NotUnderstood { .. } => Some(
                "the URL must be the gateway's `admin` address, not `listen`, and both of one version"
                    .to_owned(),
            ),
        }
    }

    /// For programs, in the shape of the API's own errors.
    pub(crate) fn as_json(&self) -> Value {
        match self {
            ClientError::Refused { json, .. } => Value::clone(json),
            other => json!({"error": {"message": other.to_string(), "type": "client_error", "param": null,
                                      "code": other.code(), "help": other.help()}}),
        }
    }

    fn code(&self) -> &str {
        match self {
            ClientError::Unusable { .. } => "unusable_argument",
            ClientError::Config(_) | ClientError::ConfigKey { .. } => "configuration_unreadable",
            ClientError::NoToken { .. } | ClientError::TokenUnreadable { .. } => "no_token",
            ClientError::Tls(_) => "tls_unusable",
            ClientError::Unreachable { .. } => "gateway_unreachable",
            ClientError::TimedOut { .. } => "gateway_timeout",
            ClientError::TokenRefused { .. } => "invalid_admin_token",
            ClientError::Refused { code, .. } => code.as_deref().unwrap_or("refused"),
            ClientError::NotUnderstood { .. } => "not_understood",
        }
    }
}

fn token_help(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => {
            format!(
                "the gateway makes it at its first start: start `crossfade serve`, name its configuration file with -c, or {TOKEN}"
            )
        }
        io::ErrorKind::PermissionDenied => {
            format!("only the gateway's user may read it: run this as that user, or {TOKEN}")
        }
        _ => TOKEN.to_owned(),
    }
}
