//! The process's own addresses and credential.

use super::super::path::Path;
use super::Checks;

/// Shorter tokens can be guessed.
pub(in super::super) const SHORTEST_ADMIN_TOKEN: usize = 16;

impl Checks<'_> {
    pub(super) fn server(&mut self) {
        let written = if self.tree.entry("admin").is_some() {
            "admin"
        } else {
            "listen"
        };
        let admin = Path::top().key(written);
        if self.config.listen.collides(self.config.admin) {
            let message = format!(
                "`admin` and `listen` are the same address, {}",
                self.config.admin.socket()
            );
            let help = "give the admin API a port of its own, as in 127.0.0.1:8081";
            self.report.add(self.value(&admin, message).help(help));
        }
        let token = Path::top().key("admin_token");
        if self
            .config
            .admin_token
            .as_ref()
            .is_some_and(|token| token.expose().chars().count() < SHORTEST_ADMIN_TOKEN)
        {
            let message = format!("the admin token is shorter than {SHORTEST_ADMIN_TOKEN} characters");
            let help = "make one by `openssl rand -hex 24`, or leave the key out and one is made";
            self.report.add(self.value(&token, message).help(help));
        }
        if self.names.providers.is_empty() && self.config.services.is_empty() {
            let path = Path::top().key("providers");
            let help = "add one, as in `openai: {dialect: openai, api_key: ${OPENAI_API_KEY}}`";
            self.report.add(
                self.value(&path, "there are no providers, so there is nothing to route to")
                    .help(help),
            );
        }
    }
}
