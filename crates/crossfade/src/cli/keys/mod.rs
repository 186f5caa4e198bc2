//! `keys`: the credentials of clients.

mod create;
mod list;
mod revoke;
mod rotate;
mod secret;

use clap::{Args, Subcommand};

use super::Failure;
use crate::output::Output;

const EXAMPLES: &str = "\
Examples:
  crossfade keys create app --models gpt-4.1,claude --rpm 600
  crossfade keys list
  crossfade keys rotate app --grace 24h
  crossfade keys revoke app";

/// Make, list, rotate and revoke the keys of clients
#[derive(Args)]
#[command(after_help = EXAMPLES, arg_required_else_help = true)]
pub(super) struct KeysArgs {
    #[command(subcommand)]
    verb: KeysVerb,
}

#[derive(Subcommand)]
enum KeysVerb {
    Create(create::CreateArgs),
    List(list::ListArgs),
    Rotate(rotate::RotateArgs),
    Revoke(revoke::RevokeArgs),
}

pub(super) async fn run(args: &KeysArgs, output: &Output) -> Result<(), Failure> {
    match &args.verb {
        KeysVerb::Create(args) => create::run(args, output).await,
        KeysVerb::List(args) => list::run(args, output).await,
        KeysVerb::Rotate(args) => rotate::run(args, output).await,
        KeysVerb::Revoke(args) => revoke::run(args, output).await,
    }
}
