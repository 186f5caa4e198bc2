//! `serve`: the flags of the gateway itself.

use std::path::PathBuf;

use clap::Args;

const EXAMPLES: &str = "\
Examples:
  crossfade serve                               with ./crossfade.yaml
  crossfade serve -c /etc/crossfade/crossfade.yaml
  OPENAI_API_KEY=sk-... crossfade serve         without a file: the vendors whose keys are set

SIGHUP or a changed file: read again. SIGTERM or Ctrl-C: finish what is in flight, then end;
a second one: at once. SIGUSR2: start the program again from its file, hand the sockets over once
the new one serves, then end as with SIGTERM.";

/// Run the gateway
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ServeArgs {
    /// Configuration file [default: ./crossfade.yaml if there is one]
    #[arg(short, long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Threads that carry requests, instead of the file's `workers`
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) workers: Option<u16>,
}
