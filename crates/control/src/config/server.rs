//! The process itself: what it accepts from a socket, how it retries, what it logs and how long it remembers.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::units::{Period, Size};

/// What a client may send. A request over a limit is refused before anything is sent to a vendor.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RequestLimits {
    /// Largest request body; a larger one is answered with 413 `request_too_large`.
    pub body: Size,
    /// Most memory for the bodies of all requests and answers under way together, each of which takes its size
    /// twice; what does not fit is answered with 503 `overloaded`. Half of what the process may use, by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory: Option<Size>,
}

impl Default for RequestLimits {
    fn default() -> RequestLimits {
        RequestLimits {
            body: Size::mib(64),
            memory: None,
        }
    }
}

/// How many second attempts the gateway may make. The budget keeps a vendor's outage from doubling its load.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Retry {
    /// Second attempts as a percentage of first ones.
    #[schemars(range(min = 0, max = 100))]
    pub budget_percent: u8,
    /// Second attempts per second that are always allowed, so that a quiet gateway can retry too.
    pub budget_per_second: u32,
}

impl Default for Retry {
    fn default() -> Retry {
        Retry {
            budget_percent: 20,
            budget_per_second: 10,
        }
    }
}

/// What is written to standard error. Never bodies, keys or prompts.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Log {
    /// Shape of a line.
    pub format: LogFormat,
    /// Least important level that is written.
    pub level: LogLevel,
}

impl Default for Log {
    fn default() -> Log {
        Log {
            format: LogFormat::Auto,
            level: LogLevel::Info,
        }
    }
}

/// Shape of a log line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// `human` on a terminal, `json` otherwise.
    Auto,
    /// Lines for people.
    Human,
    /// One JSON object a line.
    Json,
}

/// How important a log line must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LogLevel {
    /// Somebody must look.
    Error,
    /// Somebody should look.
    Warn,
    /// Every change of what the gateway does.
    Info,
    /// Every request.
    Debug,
    /// Every step of every request.
    Trace,
}

impl LogLevel {
    /// The name in the file.
    pub const fn name(self) -> &'static str {
        match self {
            LogLevel::Error => "error",
            LogLevel::Warn => "warn",
            LogLevel::Info => "info",
            LogLevel::Debug => "debug",
            LogLevel::Trace => "trace",
        }
    }
}

/// How long the store remembers. The ledger is kept for ever.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Retention {
    /// Rows about single requests, for `explain`.
    pub requests: Period,
    /// Finished rollouts with their verdicts and evidence.
    pub rollouts: Period,
    /// Who changed what.
    pub audit: Period,
}

impl Default for Retention {
    fn default() -> Retention {
        let day = 86_400;
        Retention {
            requests: Period::seconds(7 * day),
            rollouts: Period::seconds(365 * day),
            audit: Period::seconds(365 * day),
        }
    }
}
