//! `prices`: what models cost, and for what they are sold.

mod list;
mod set;
mod show;

use clap::{Args, Subcommand};

use super::Failure;
use crate::output::Output;

const EXAMPLES: &str = "\
Examples:
  crossfade prices list
  crossfade prices show gpt-4.1
  crossfade prices set gpt-4.1 --input 2.00 --cached-input 0.50 --output 8.00
  crossfade prices set assistant --kind list --input 3.00 --output 12.00 --from 2027-01-01T00:00:00Z";

/// List, show and set prices, in US dollars per million tokens
#[derive(Args)]
#[command(after_help = EXAMPLES, arg_required_else_help = true)]
pub(super) struct PricesArgs {
    #[command(subcommand)]
    verb: PricesVerb,
}

#[derive(Subcommand)]
enum PricesVerb {
    List(list::ListArgs),
    Show(show::ShowArgs),
    Set(set::SetArgs),
}

pub(super) async fn run(args: &PricesArgs, output: &Output) -> Result<(), Failure> {
    match &args.verb {
        PricesVerb::List(args) => list::run(args, output).await,
        PricesVerb::Show(args) => show::run(args, output).await,
        PricesVerb::Set(args) => set::run(args, output).await,
    }
}
