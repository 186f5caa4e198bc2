//! Runs the built binary in a folder of its own, with nothing of the tester's environment.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::gateway::{Gateway, TOKEN};

pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Run {
    /// Standard output, if all went well.
    pub(crate) fn done(self) -> String {
        assert_eq!((self.code, self.stderr.as_str()), (0, ""), "{}", self.stdout);
        self.stdout
    }

    /// Standard error, if it failed with this code and printed no result.
    pub(crate) fn failed(self, code: i32) -> String {
        assert_eq!((self.code, self.stdout.as_str()), (code, ""), "{}", self.stderr);
        self.stderr
    }
}

pub(crate) fn command(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_crossfade"));
    command
        .args(args)
        .current_dir(folder)
        .env_clear()
        .stdin(Stdio::null());
    command
}

pub(crate) fn run_command(mut command: Command) -> Run {
    let output = command.output().unwrap();
    Run {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// In this folder.
pub(crate) fn run_in(folder: &Path, args: &[&str]) -> Run {
    run_command(command(folder, args))
}

/// In an empty folder.
pub(crate) fn run(args: &[&str]) -> Run {
    run_in(tempfile::tempdir().unwrap().path(), args)
}

/// In an empty folder, with the gateway in the environment.
pub(crate) fn ask(gateway: &Gateway, args: &[&str]) -> Run {
    let folder = tempfile::tempdir().unwrap();
    let mut command = command(folder.path(), args);
    command
        .env("CROSSFADE_ADMIN_URL", gateway.url())
        .env("CROSSFADE_ADMIN_TOKEN", TOKEN);
    run_command(command)
}
