//! Why a verb did not do what it was asked for, and what the process says and returns then.

use std::io;
use std::process::ExitCode;

use serde_json::{Value, json};

use crate::client::ClientError;
use crate::output::Output;

/// Exit code of a verb that failed or was refused.
const FAILED: u8 = 1;
/// Exit code of flags that make no sense, as clap itself has it.
const USAGE: u8 = 2;
/// Exit codes of `rollout wait`.
const ROLLED_BACK: u8 = 3;
const TIMED_OUT: u8 = 4;

#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// What is wrong has been shown already: it is what the verb is for.
    #[error("it has been shown")]
    Shown,
    /// The rollout that was waited for was rolled back, which has been shown.
    #[error("it was rolled back")]
    RolledBack,
    /// It has not ended in time, which has been shown.
    #[error("it has not ended yet")]
    TimedOut,
    /// The admin API could not be asked, or refused.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// Nobody takes what is printed.
    #[error("cannot write: {0}")]
    Output(#[from] io::Error),
    /// Anything else that keeps a verb from its work.
    #[error("{0:#}")]
    Other(#[from] anyhow::Error),
}

impl Failure {
    /// Tells it on standard error and gives the exit code.
    pub(crate) fn show(&self, output: &Output) -> ExitCode {
        match self {
            Failure::Shown | Failure::RolledBack | Failure::TimedOut => {}
            // `crossfade deployments | head -1` is over when `head` has its line.
            Failure::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => return ExitCode::SUCCESS,
            Failure::Client(error) => {
                output.error(&error.to_string(), error.help().as_deref(), &error.as_json())
            }
            Failure::Output(_) | Failure::Other(_) => {
                let message = self.to_string();
                output.error(&message, None, &plain(&message));
            }
        }
        ExitCode::from(self.exit_code())
    }

    fn exit_code(&self) -> u8 {
        match self {
            Failure::Client(error) if error.is_usage() => USAGE,
            Failure::RolledBack => ROLLED_BACK,
            Failure::TimedOut => TIMED_OUT,
            Failure::Shown | Failure::Client(_) | Failure::Output(_) | Failure::Other(_) => FAILED,
        }
    }
}

fn plain(message: &str) -> Value {
    json!({"error": {"message": message, "type": "client_error", "param": null, "code": "failed"}})
}
