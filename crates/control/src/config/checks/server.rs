//! The process's own addresses and credentials.

use std::collections::{BTreeMap, BTreeSet};

use super::super::path::Path;
use super::super::secret::Secret;
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
        self.admin_token();
        self.tokens();
        self.admin_hosts();
        if self.names.providers.is_empty() && self.config.services.is_empty() {
            let path = Path::top().key("providers");
            let help = "add one, as in `openai: {dialect: openai, api_key: ${OPENAI_API_KEY}}`";
            self.report.add(
                self.value(&path, "there are no providers, so there is nothing to route to")
                    .help(help),
            );
        }
    }

    fn admin_token(&mut self) {
        let token = Path::top().key("admin_token");
        if self.config.admin_token.as_ref().is_some_and(is_short) {
            let message = format!("the admin token is shorter than {SHORTEST_ADMIN_TOKEN} characters");
            let help = "make one by `openssl rand -hex 24`, or leave the key out and one is made";
            self.report.add(self.value(&token, message).help(help));
        }
    }

    /// A token tells who it was: by a name of its own, and by a secret that nobody else has.
    fn tokens(&mut self) {
        let config = self.config;
        let mut names = BTreeSet::from(["admin"]);
        let mut secrets = BTreeMap::new();
        secrets.extend(config.admin_token.iter().map(|token| (token.expose(), "admin")));
        for (index, token) in config.tokens.iter().enumerate() {
            let path = Path::top().key("tokens").index(index);
            let (name, secret) = (path.key("name"), path.key("secret"));
            if token.name.trim().is_empty() || !names.insert(&token.name) {
                let message = format!("the token name `{}` is empty or taken", token.name);
                let help = "give each token a name of its own; `admin` is whoever holds `admin_token`";
                self.report.add(self.value(&name, message).help(help));
            }
            if is_short(&token.secret) {
                let message = format!(
                    "the secret of the token `{}` is shorter than {SHORTEST_ADMIN_TOKEN} characters",
                    token.name
                );
                let help = "make one by `openssl rand -hex 24`";
                self.report.add(self.value(&secret, message).help(help));
            }
            if let Some(other) = secrets.insert(token.secret.expose(), &token.name) {
                let message = format!("the tokens `{other}` and `{}` have the same secret", token.name);
                let help = "give each token a secret of its own: it is how one is told from another";
                self.report.add(self.value(&secret, message).help(help));
            }
        }
    }

    fn admin_hosts(&mut self) {
        let config = self.config;
        for (index, host) in config.admin_hosts.iter().enumerate() {
            let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
            if host.is_empty() || !host.chars().all(is_name) {
                let path = Path::top().key("admin_hosts").index(index);
                let message = format!("`{host}` is not the name of a host");
                let help = "write the name alone, without scheme and port, as in gateway.example.com";
                self.report.add(self.value(&path, message).help(help));
            }
        }
    }
}

fn is_short(token: &Secret) -> bool {
    token.expose().chars().count() < SHORTEST_ADMIN_TOKEN
}
