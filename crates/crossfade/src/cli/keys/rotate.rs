//! `keys rotate`: a new secret for a key, the old one good for a while.

use clap::Args;
use control::config::Period;
use serde_json::json;

use super::secret;
use crate::cli::Failure;
use crate::cli::release::ReasonArgs;
use crate::cli::written::written;
use crate::client::{AdminApi, AdminArgs, path};
use crate::output::Output;

const EXAMPLES: &str = "\
Examples:
  crossfade keys rotate app                     the old secret works for a day
  crossfade keys rotate app --grace 0s          it leaked: the old secret ends at once";

/// Give a key a new secret and show it, once
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct RotateArgs {
    /// The key
    #[arg(value_name = "NAME")]
    name: String,
    /// How long the old secret goes on working
    #[arg(long, value_name = "TIME", default_value = "24h", value_parser = written::<Period>)]
    grace: Period,
    #[command(flatten)]
    reason: ReasonArgs,
    #[command(flatten)]
    admin: AdminArgs,
}

pub(super) async fn run(args: &RotateArgs, output: &Output) -> Result<(), Failure> {
    let api = AdminApi::find(&args.admin)?;
    let mut body = args.reason.body();
    body.insert("grace".to_owned(), json!(args.grace));
    let answer = api
        .post(&path(&["keys", &args.name, "rotate"]), &body.into())
        .await?;
    let said = format!(
        "Key {} has a new secret; the old one works for another {}",
        args.name, args.grace
    );
    secret::show(&api, &answer, &said, output)
}
