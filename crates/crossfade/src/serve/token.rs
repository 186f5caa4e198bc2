//! The admin token: the configured one, else one made at the first start and kept beside the store.

use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use anyhow::Context;
use control::config::Config;

use crate::admin_token::file_beside;

pub(super) fn find_or_make(config: &Config, directory: &Path) -> anyhow::Result<String> {
    if let Some(token) = &config.admin_token {
        return Ok(token.expose().to_owned());
    }
    let file = file_beside(&config.store, directory);
    match std::fs::read_to_string(&file) {
        Ok(token) if token.trim().len() >= 16 => return Ok(token.trim().to_owned()),
        Ok(_) => anyhow::bail!(
            "the admin token in {} is too short; delete the file to get a new one",
            file.display()
        ),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(error).with_context(|| format!("{} cannot be read", file.display())),
    }
    let token = control::desk::new_token()?;
    let mut options = std::fs::OpenOptions::new();
    let written = options.write(true).create_new(true).mode(0o600).open(&file);
    let kept = written.and_then(|mut file| writeln!(file, "{token}"));
    kept.with_context(|| format!("the admin token cannot be kept in {}", file.display()))?;
    tracing::info!(file = %file.display(), "made an admin token; crossfade's verbs find it there by themselves");
    Ok(token)
}
