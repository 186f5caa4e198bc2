//! `check`: what a gateway would make of the configuration, without starting one. All mistakes at once, or what was
//! found and what somebody may have meant otherwise.

mod found;
mod running;
mod warnings;

use std::path::{Path, PathBuf};

use clap::Args;
use control::config::{Config, ConfigError, FromEnvironment, Problems};
use serde_json::{Value, json};

use super::Failure;
use crate::USUAL_FILE;
use crate::output::{Output, Tone, plain};
use warnings::Warning;

const EXAMPLES: &str = "\
Examples:
  crossfade check
  crossfade check -c /etc/crossfade/crossfade.yaml && systemctl reload crossfade
  crossfade check --json | jq -r '.problems[] | \"\\(.line): \\(.message)\"'

Exit code 1 when the gateway would refuse the file; warnings alone are 0.";

/// Validate the configuration: every mistake, its line and the nearest valid names
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct CheckArgs {
    /// Configuration file [default: ./crossfade.yaml; without one, the vendors' keys in the environment]
    #[arg(short, long, value_name = "FILE")]
    config: Option<PathBuf>,
}

pub(super) async fn run(args: &CheckArgs, output: &Output) -> Result<(), Failure> {
    let usual = Path::new(USUAL_FILE);
    match args.config.as_deref() {
        Some(file) => check_file(file, output).await,
        None if usual.exists() => check_file(usual, output).await,
        None => check_environment(output),
    }
}

async fn check_file(file: &Path, output: &Output) -> Result<(), Failure> {
    let name = file.display().to_string();
    match Config::load(file) {
        Ok(config) => accepted(&name, &config, &running::left_behind(file).await, output),
        Err(ConfigError::Refused(problems)) => refused(&name, &problems, output),
        Err(error @ ConfigError::Unreadable { .. }) => Err(Failure::Other(error.into())),
    }
}

/// What `serve` would do without a file.
fn check_environment(output: &Output) -> Result<(), Failure> {
    let FromEnvironment {
        config,
        found,
        unusable,
    } = Config::from_environment();
    if found.is_empty() {
        let variables = FromEnvironment::VARIABLES.join(", ");
        return Err(Failure::Other(anyhow::anyhow!(
            "there is nothing to check: no {USUAL_FILE} here, and none of {variables} is set; name a file with -c"
        )));
    }
    let unusable: Vec<Warning> = unusable
        .iter()
        .map(|(variable, reason)| Warning::new(*variable, format!("left out: {reason}")))
        .collect();
    accepted("the environment", &config, &unusable, output)
}

fn accepted(name: &str, config: &Config, more: &[Warning], output: &Output) -> Result<(), Failure> {
    let mut warnings = warnings::of(config);
    warnings.extend_from_slice(more);
    if output.json {
        let warnings: Vec<Value> = warnings.iter().map(Warning::json).collect();
        let mut result = json!({"file": name, "valid": true, "problems": []});
        if let Some(result) = result.as_object_mut() {
            result.extend(found::json(config));
            result.insert("warnings".to_owned(), warnings.into());
        }
        return Ok(output.json(&result)?);
    }
    output.text(&format!(
        "{}: {}",
        plain(name),
        output.paint.paint(Tone::Good, "valid")
    ))?;
    for (title, text) in found::lines(config) {
        output.text(&format!(
            "  {}  {}",
            output.paint.paint(Tone::Quiet, &format!("{title:<11}")),
            plain(&text)
        ))?;
    }
    for warning in &warnings {
        let Warning { path, message } = warning;
        output.text(&format!(
            "{} {}: {}",
            output.paint.paint(Tone::Warning, "warning:"),
            plain(path),
            plain(message)
        ))?;
    }
    Ok(())
}

fn refused(name: &str, problems: &Problems, output: &Output) -> Result<(), Failure> {
    if output.json {
        output.json(&json!({"file": name, "valid": false, "problems": problems.problems}))?;
    } else {
        output.text(problems.render(output.paint.is_coloured()).trim_end())?;
    }
    Err(Failure::Shown)
}
