//! The store's address as it stands in the configuration: `sqlite:PATH`, `sqlite::memory:` or `postgres://...`.
//!
//! What is not understood is refused here: the driver ignores unknown parameters of a Postgres address and logs them,
//! value included, which would print a mistyped password.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use sqlx::postgres::PgConnectOptions;

use crate::StoreError;

/// A checked address. Printing it never shows a password.
#[derive(Clone)]
pub struct StoreUrl(pub(crate) Location);

#[derive(Clone)]
pub(crate) enum Location {
    Memory,
    File(PathBuf),
    Postgres(Box<PgConnectOptions>),
}

impl StoreUrl {
    /// The same address with a relative SQLite path taken as relative to `directory` (the configuration file's).
    #[must_use]
    pub fn relative_to(self, directory: &Path) -> Self {
        match self.0 {
            Location::File(path) => Self(Location::File(directory.join(path))),
            Location::Memory | Location::Postgres(_) => self,
        }
    }

    /// The SQLite file, for those who keep something beside it; `None` for memory and Postgres.
    #[must_use]
    pub fn file(&self) -> Option<&Path> {
        match &self.0 {
            Location::File(path) => Some(path),
            Location::Memory | Location::Postgres(_) => None,
        }
    }

    /// Whether several gateways can share this store.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        matches!(self.0, Location::Postgres(_))
    }
}

impl FromStr for StoreUrl {
    type Err = StoreError;

    fn from_str(url: &str) -> Result<Self, StoreError> {
        let Some((scheme, rest)) = url.split_once(':') else {
            return Err(bad("it has to begin with sqlite: or postgres:"));
        };
        match scheme {
            "sqlite" => sqlite_location(rest.strip_prefix("//").unwrap_or(rest)).map(Self),
            "postgres" | "postgresql" => postgres_location(url).map(Self),
            _ => Err(bad("it has to begin with sqlite: or postgres:")),
        }
    }
}

impl fmt::Display for StoreUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Location::Memory => formatter.write_str("sqlite::memory:"),
            Location::File(path) => write!(formatter, "sqlite:{}", path.display()),
            Location::Postgres(options) => {
                let database = options.get_database().unwrap_or(options.get_username());
                let (user, port) = (options.get_username(), options.get_port());
                match options.get_socket() {
                    Some(socket) => write!(formatter, "postgres://{user}@{}/{database}", socket.display()),
                    None => write!(
                        formatter,
                        "postgres://{user}@{}:{port}/{database}",
                        options.get_host()
                    ),
                }
            }
        }
    }
}

impl fmt::Debug for StoreUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

fn sqlite_location(path: &str) -> Result<Location, StoreError> {
    match path {
        "" => Err(bad("sqlite: needs a path, for example sqlite:crossfade.db")),
        ":memory:" => Ok(Location::Memory),
        // SQLite itself would take such a path for a URI, and `?mode=...` is a habit from elsewhere.
        path if path.contains('?') => Err(bad(
            "a sqlite path takes no parameters: leave out the '?' and all after it",
        )),
        path => Ok(Location::File(PathBuf::from(path))),
    }
}

/// What the driver understands, in the spelling that Postgres documents.
const POSTGRES_PARAMETERS: [&str; 11] = [
    "sslmode",
    "sslrootcert",
    "sslcert",
    "sslkey",
    "host",
    "hostaddr",
    "port",
    "dbname",
    "user",
    "application_name",
    "options",
];

fn postgres_location(url: &str) -> Result<Location, StoreError> {
    let query = url.split_once('?').map_or("", |(_, query)| query);
    if query.contains('@') {
        // Most likely a part of the password, so none of it is repeated.
        return Err(bad(
            "an '@' after the '?': inside a password both have to be written as %40 and %3F",
        ));
    }
    for parameter in query.split('&').filter(|parameter| !parameter.is_empty()) {
        let name = parameter.split_once('=').map_or(parameter, |(name, _)| name);
        // `options[name]=value` sets one server option.
        let known =
            POSTGRES_PARAMETERS.contains(&name) || (name.starts_with("options[") && name.ends_with(']'));
        if !known {
            let known_names = POSTGRES_PARAMETERS.join(", ");
            return Err(bad(&format!("unknown parameter '{name}' (known: {known_names})")));
        }
    }
    // The driver's own error names the wrong part, never the whole address.
    let options = url.parse::<PgConnectOptions>()?;
    Ok(Location::Postgres(Box::new(options)))
}

fn bad(why: &str) -> StoreError {
    StoreError::BadUrl(why.to_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn shown(url: &str) -> String {
        match url.parse::<StoreUrl>() {
            Ok(url) => url.to_string(),
            Err(error) => format!("{error:?}"),
        }
    }

    #[test]
    fn every_form_of_the_address_is_understood() {
        assert_eq!(shown("sqlite:crossfade.db"), "sqlite:crossfade.db");
        assert_eq!(shown("sqlite://crossfade.db"), "sqlite:crossfade.db");
        assert_eq!(
            shown("sqlite:///var/lib/crossfade.db"),
            "sqlite:/var/lib/crossfade.db"
        );
        assert_eq!(shown("sqlite::memory:"), "sqlite::memory:");
        assert_eq!(
            shown("postgres://me@host:5433/gate"),
            "postgres://me@host:5433/gate"
        );
        assert_eq!(
            shown("postgresql://me@host/gate?sslmode=require"),
            "postgres://me@host:5432/gate"
        );
    }

    #[test]
    fn a_relative_path_is_taken_from_the_directory_given_and_an_absolute_one_is_kept() {
        let moved = |url: &str| {
            url.parse::<StoreUrl>()
                .unwrap()
                .relative_to(Path::new("/etc/crossfade"))
        };
        assert_eq!(
            moved("sqlite:a.db").file(),
            Some(Path::new("/etc/crossfade/a.db"))
        );
        assert_eq!(moved("sqlite:/srv/a.db").file(), Some(Path::new("/srv/a.db")));
        assert_eq!(moved("sqlite::memory:").to_string(), "sqlite::memory:");
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for url in [
            "crossfade.db",
            "mysql://host/db",
            "sqlite:",
            "sqlite:a.db?mode=rwc",
            "postgres://h/db?sslmod=on",
        ] {
            assert!(
                matches!(url.parse::<StoreUrl>(), Err(StoreError::BadUrl(_))),
                "{url}"
            );
        }
    }

    #[test]
    fn a_password_is_never_shown() {
        let secret = "hunter2secret";
        for url in [
            format!("postgres://me:{secret}@host/db"),
            format!("postgres://me:{secret}@host:notaport/db"),
            format!("postgres://me:{secret}@host/db?sslmode=nonsense"),
            format!("postgres://me@host/db?password={secret}"),
            format!("postgres://me@host/db?pasword={secret}"),
            format!("postgres://me:half?{secret}@host/db"),
            format!("postgres://me:half?{secret}&rest@host/db"),
            format!("postgres://me:half#{secret}@host/db"),
        ] {
            let parsed = url.parse::<StoreUrl>();
            assert!(!format!("{parsed:?}").contains(secret), "{parsed:?}");
        }
    }
}
