//! `split`: by hand, what share of the automatic traffic green gets.

use clap::{ArgGroup, Args};
use control::config::Share;
use serde_json::json;

use super::Failure;
use super::release::{self, ReleaseArgs};
use super::written::written;
use crate::client::{AdminApi, path};
use crate::output::Output;

const EXAMPLES: &str = "\
Examples:
  crossfade split gpt-4.1 --green 10
  crossfade split gpt-4.1 --blue 99.5 --reason 'first look at the candidate'

It holds for every request that starts after the answer. Requests in flight end where they began.";

/// Set the split between blue and green
#[derive(Args)]
#[command(after_help = EXAMPLES, group = ArgGroup::new("share").required(true).multiple(true))]
pub(super) struct SplitArgs {
    /// Green's share in percent, 0 to 100 in steps of 0.01; blue gets the rest
    #[arg(long, value_name = "PERCENT", group = "share", value_parser = written::<Share>)]
    green: Option<Share>,
    /// Blue's share; green gets the rest
    #[arg(long, value_name = "PERCENT", group = "share", value_parser = written::<Share>)]
    blue: Option<Share>,
    #[command(flatten)]
    release: ReleaseArgs,
}

pub(super) async fn run(args: &SplitArgs, output: &Output) -> Result<(), Failure> {
    let mut body = args.release.reason.body();
    match (args.green, args.blue) {
        (Some(green), None) => {
            body.insert("green".to_owned(), json!(green));
        }
        (None, blue) => {
            body.insert("green".to_owned(), json!(blue.unwrap_or(Share::ALL).rest()));
        }
        // Whether the two sum to 100 is the gateway's to judge.
        (Some(green), Some(blue)) => {
            body.insert("blue".to_owned(), json!(blue));
            body.insert("green".to_owned(), json!(green));
        }
    }
    let api = AdminApi::find(&args.release.admin)?;
    let answer = api
        .put(&path(&["deployments", &args.release.name, "split"]), &body.into())
        .await?;
    release::show(&api, &answer, output, release::split)
}
