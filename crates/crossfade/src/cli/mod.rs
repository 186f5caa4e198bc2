//! The command line: one file a verb. A verb reads its flags, does one thing and shows it through `output`; those
//! that talk to a running gateway do so through `client`, as any other client of the admin API could.

mod accounts;
mod check;
mod demo;
mod deployments;
mod explain;
mod failure;
mod finalize;
mod keys;
mod ledger;
mod prices;
mod promote;
mod release;
mod report;
mod rollback;
mod rollout;
mod schema;
mod serve;
mod simulate;
mod split;
mod stop;
mod ticket;
mod topups;
mod usage;
mod written;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::output::Output;

pub(crate) use demo::DemoArgs;
pub(crate) use failure::Failure;
pub(crate) use serve::ServeArgs;
pub(crate) use stop::Stop;

const EXAMPLES: &str = "\
Examples:
  crossfade demo                                a newcomer's tour: no key, no network, no files
  crossfade check && crossfade serve            a gateway from ./crossfade.yaml
  crossfade split gpt-4.1 --green 10            10 % of the traffic to the candidate
  crossfade rollout start gpt-4.1 --watch       step by step to all of it, judged on the way
  crossfade rollback gpt-4.1                    all of it back to blue

Exit codes: 0 done, 1 failed or refused, 2 wrong usage; of `rollout wait` also 3 rolled back, 4 timed out.";

/// An AI gateway that deploys models blue-green: split, judge, promote, roll back
#[derive(Parser)]
#[command(name = "crossfade", version, arg_required_else_help = true, after_help = EXAMPLES)]
struct CommandLine {
    #[command(subcommand)]
    verb: Verb,
    /// Print JSON instead of text
    #[arg(long, global = true)]
    json: bool,
}

/// In the order in which one meets them.
#[derive(Subcommand)]
enum Verb {
    Demo(DemoArgs),
    Serve(ServeArgs),
    Check(check::CheckArgs),
    Simulate(simulate::SimulateArgs),
    Deployments(deployments::DeploymentsArgs),
    Split(split::SplitArgs),
    Rollout(rollout::RolloutArgs),
    Promote(promote::PromoteArgs),
    Rollback(rollback::RollbackArgs),
    Finalize(finalize::FinalizeArgs),
    Report(report::ReportArgs),
    Keys(keys::KeysArgs),
    Accounts(accounts::AccountsArgs),
    Topups(topups::TopupsArgs),
    Ledger(ledger::LedgerArgs),
    Prices(prices::PricesArgs),
    Usage(usage::UsageArgs),
    Explain(explain::ExplainArgs),
    Schema(schema::SchemaArgs),
}

/// Does what the process was called for.
pub(crate) fn run() -> ExitCode {
    let command_line = CommandLine::parse();
    let output = Output::of_process(command_line.json);
    match command_line.verb.run(&output) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.show(&output),
    }
}

impl Verb {
    fn run(self, output: &Output) -> Result<(), Failure> {
        match self {
            Verb::Demo(args) => crate::demo::run(&args, output),
            Verb::Serve(args) => Ok(crate::serve::run(&args, output.json)?),
            Verb::Check(args) => wait_for(check::run(&args, output)),
            Verb::Simulate(args) => simulate::run(&args, output),
            Verb::Deployments(args) => wait_for(deployments::run(&args, output)),
            Verb::Split(args) => wait_for(split::run(&args, output)),
            Verb::Rollout(args) => wait_for(rollout::run(&args, output)),
            Verb::Promote(args) => wait_for(promote::run(&args, output)),
            Verb::Rollback(args) => wait_for(rollback::run(&args, output)),
            Verb::Finalize(args) => wait_for(finalize::run(&args, output)),
            Verb::Report(args) => wait_for(report::run(&args, output)),
            Verb::Keys(args) => wait_for(keys::run(&args, output)),
            Verb::Accounts(args) => wait_for(accounts::run(&args, output)),
            Verb::Topups(args) => wait_for(topups::run(&args, output)),
            Verb::Ledger(args) => wait_for(ledger::run(&args, output)),
            Verb::Prices(args) => wait_for(prices::run(&args, output)),
            Verb::Usage(args) => wait_for(usage::run(&args, output)),
            Verb::Explain(args) => wait_for(explain::run(&args, output)),
            Verb::Schema(args) => schema::run(&args, output),
        }
    }
}

/// One thread is enough for a verb that asks and waits.
fn wait_for(verb: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(anyhow::Error::from)?;
    runtime.block_on(verb)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_contradicts_itself_nowhere() {
        CommandLine::command().debug_assert();
    }

    #[test]
    fn every_verb_shows_an_example() {
        for verb in CommandLine::command().get_subcommands() {
            assert!(
                verb.get_after_help().is_some(),
                "{} has no example",
                verb.get_name()
            );
        }
    }
}
