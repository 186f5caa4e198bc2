//! `schema`: the configuration file for editors, and its reference for people. Both are made from the types that
//! read the file, so they cannot say anything else.

use clap::Args;
use control::config;

use super::Failure;
use crate::output::Output;

const EXAMPLES: &str = "\
Examples:
  crossfade schema > crossfade.schema.json
  crossfade schema --reference > configuration.md

Editors with YAML language support complete and check the file when its first line is
  # yaml-language-server: $schema=crossfade.schema.json";

/// Print the JSON Schema of the configuration file, for editors
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct SchemaArgs {
    /// Print the reference of every key as Markdown instead
    #[arg(long, conflicts_with = "json")]
    reference: bool,
}

pub(super) fn run(args: &SchemaArgs, output: &Output) -> Result<(), Failure> {
    if args.reference {
        output.text(config::reference().trim_end())?;
    } else {
        output.json(&config::schema())?;
    }
    Ok(())
}
