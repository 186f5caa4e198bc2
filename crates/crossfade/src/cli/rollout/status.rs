//! `rollout status`: once, or as it changes.

use std::io::{self, Write};
use std::time::Duration;

use clap::Args;
use serde_json::Value;

use super::{WhichArgs, show};
use crate::cli::{Failure, Stop};
use crate::client::{AdminApi, RolloutStatus};
use crate::output::Output;

const EXAMPLES: &str = "\
Examples:
  crossfade rollout status gpt-4.1
  crossfade rollout status gpt-4.1 --watch

With --watch a terminal shows it live; elsewhere each change is one line, with --json one object a line.
It ends with the rollout, or with Ctrl-C.";

const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Show the newest rollout
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct StatusArgs {
    #[command(flatten)]
    which: WhichArgs,
    /// Show it until it ends
    #[arg(long)]
    watch: bool,
}

pub(super) async fn run(args: &StatusArgs, output: &Output) -> Result<(), Failure> {
    let api = args.which.api()?;
    if args.watch {
        return watch(&api, &args.which.path(), output).await;
    }
    let answer = api.get(&args.which.path()).await?;
    if output.json {
        return Ok(output.json(&answer)?);
    }
    Ok(output.text(&show::whole(&api.understood(&answer)?, output))?)
}

/// Shows it until it ends, or somebody does.
pub(super) async fn watch(api: &AdminApi, path: &str, output: &Output) -> Result<(), Failure> {
    let mut stop = Stop::listen()?;
    tokio::select! {
        watched = keep_showing(api, path, output) => watched,
        () = stop.asked_for() => Ok(()),
    }
}

async fn keep_showing(api: &AdminApi, path: &str, output: &Output) -> Result<(), Failure> {
    let mut shown = Shown::default();
    loop {
        match api.get(path).await {
            Ok(answer) => {
                let rollout: RolloutStatus = api.understood(&answer)?;
                shown.renew(&answer, &rollout, output)?;
                if rollout.ended().is_some() {
                    return Ok(());
                }
            }
            Err(error) if error.may_pass() => output.note(&format!("{error}; asking again")),
            Err(error) => return Err(error.into()),
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// What stands there now.
#[derive(Default)]
struct Shown {
    line: String,
    lines_on_terminal: usize,
}

impl Shown {
    fn renew(&mut self, answer: &Value, rollout: &RolloutStatus, output: &Output) -> io::Result<()> {
        if output.for_a_person {
            let text = show::whole(rollout, output);
            let mut out = io::stdout().lock();
            if self.lines_on_terminal > 0 {
                // Up to the first line of what stood there, and away with it.
                write!(out, "\u{1b}[{}A\u{1b}[J", self.lines_on_terminal)?;
            }
            self.lines_on_terminal = text.lines().count();
            writeln!(out, "{text}")?;
            return out.flush();
        }
        let line = show::change(rollout);
        if line == self.line {
            return Ok(());
        }
        self.line = line;
        if output.json {
            output.json_line(answer)
        } else {
            output.text(&self.line)
        }
    }
}
