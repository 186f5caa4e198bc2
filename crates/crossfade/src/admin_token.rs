//! Where the gateway keeps the admin token that it made itself. `serve` writes the file and the other verbs read it,
//! so both ask here.

use std::path::{Path, PathBuf};

use control::config::{Store, StoreAddress};

/// Beside the store, so that whoever moves the state takes the token along.
const FILE_NAME: &str = "crossfade.admin-token";

/// Beside the SQLite file; beside the configuration file where the store is a server elsewhere.
pub(crate) fn file_beside(store: &StoreAddress, config_directory: &Path) -> PathBuf {
    match store.store() {
        Store::Sqlite(database) => database.with_file_name(FILE_NAME),
        Store::Postgres(_) => config_directory.join(FILE_NAME),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn the_token_lies_beside_the_state() {
        let beside = |store: &str| file_beside(&store.parse().unwrap(), Path::new("/etc/crossfade"));
        assert_eq!(
            beside("sqlite:/var/lib/x.db"),
            Path::new("/var/lib/crossfade.admin-token")
        );
        assert_eq!(beside("sqlite:crossfade.db"), Path::new("crossfade.admin-token"));
        assert_eq!(
            beside("postgres://me@db/x"),
            Path::new("/etc/crossfade/crossfade.admin-token")
        );
    }
}
