//! What a changed file cannot change while the process runs.

use super::{Config, Store, StoreAddress};

impl Config {
    /// Keys whose new value takes effect at the next start only, for the log of a reload.
    pub fn needs_restart(&self, new: &Config) -> Vec<&'static str> {
        let token = |config: &Config| config.admin_token.as_ref().map(|token| token.expose().to_owned());
        let limiter = |config: &Config| config.limiter.as_ref().map(|address| address.expose().to_owned());
        let changes = [
            ("listen", self.listen != new.listen),
            ("admin", self.admin != new.admin),
            ("admin_token", token(self) != token(new)),
            ("store", !same_store(&self.store, &new.store)),
            ("workers", self.workers != new.workers),
            ("limiter", limiter(self) != limiter(new)),
            ("otlp", self.otlp != new.otlp),
            ("log", self.log != new.log),
        ];
        changes
            .into_iter()
            .filter(|(_, changed)| *changed)
            .map(|(key, _)| key)
            .collect()
    }
}

fn same_store(old: &StoreAddress, new: &StoreAddress) -> bool {
    match (old.store(), new.store()) {
        (Store::Sqlite(old), Store::Sqlite(new)) => old == new,
        (Store::Postgres(old), Store::Postgres(new)) => old.expose() == new.expose(),
        (Store::Sqlite(_), Store::Postgres(_)) | (Store::Postgres(_), Store::Sqlite(_)) => false,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn a_moved_listener_needs_a_restart_and_a_new_drain_time_does_not() {
        let old = Config::default();
        let moved = Config {
            listen: "127.0.0.1:9".parse().unwrap(),
            drain: super::super::Period::seconds(1),
            ..old.clone()
        };
        assert_eq!(old.needs_restart(&moved), ["listen"]);
        assert!(old.needs_restart(&old).is_empty());
    }
}
