//! The gateway of this machine, as its configuration file tells it.
//!
//! The file is the gateway's, not the caller's: the variables with the vendors' keys are usually set for the service
//! alone, and somebody may be in the middle of an edit. Neither may stand in the way of a rollback, so a file that is
//! refused as a whole is read for the few keys that matter here.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};

use control::config::{Config, ConfigError, ListenAddress, Problems, Secret, Store, StoreAddress};

use super::ClientError;
use crate::{USUAL_FILE, admin_token};

/// What reaching the gateway takes. The default is a gateway without a file, in this directory.
pub(super) struct LocalGateway {
    file: PathBuf,
    listen: ListenAddress,
    admin: ListenAddress,
    /// As the file has it; a reference that cannot be read here matters only if the token is wanted.
    admin_token: Result<Option<Secret>, String>,
    store: StoreAddress,
}

impl Default for LocalGateway {
    fn default() -> LocalGateway {
        LocalGateway::of(PathBuf::new(), Config::default())
    }
}

impl LocalGateway {
    /// Reads the file that is named, or the usual one if it is there.
    pub(super) fn find(file: Option<&Path>) -> Result<LocalGateway, ClientError> {
        let usual = Path::new(USUAL_FILE);
        match file {
            Some(file) => LocalGateway::read(file),
            None if usual.exists() => LocalGateway::read(usual),
            None => Ok(LocalGateway::default()),
        }
    }

    fn read(file: &Path) -> Result<LocalGateway, ClientError> {
        match Config::load(file) {
            Ok(config) => Ok(LocalGateway::of(file.to_owned(), config)),
            Err(ConfigError::Refused(problems)) => LocalGateway::read_what_matters(file, problems),
            Err(error) => Err(ClientError::Config(error)),
        }
    }

    fn of(file: PathBuf, config: Config) -> LocalGateway {
        let Config {
            listen,
            admin,
            admin_token,
            store,
            ..
        } = config;
        LocalGateway {
            file,
            listen,
            admin,
            admin_token: Ok(admin_token),
            store,
        }
    }

    fn read_what_matters(file: &Path, problems: Problems) -> Result<LocalGateway, ClientError> {
        let text = fs::read_to_string(file).map_err(|source| {
            ClientError::Config(ConfigError::Unreadable {
                path: file.to_owned(),
                source,
            })
        })?;
        if text.trim_start().starts_with('{') {
            // Written as JSON: no line belongs to one key alone.
            return Err(ClientError::Config(ConfigError::Refused(problems)));
        }
        let part = |key, keys: &[&str]| {
            let part = part(&text, keys);
            part.map_err(|reason| ClientError::ConfigKey {
                file: file.to_owned(),
                key,
                reason,
            })
        };
        let addresses = part("admin", &["listen", "admin"])?;
        let mut store = part("store", &["store"])?.store;
        if let Store::Sqlite(path) = store.store() {
            store = StoreAddress::sqlite(directory(file).join(path));
        }
        let admin_token = self::part(&text, &["admin_token"]).map(|config| config.admin_token);
        Ok(LocalGateway {
            file: file.to_owned(),
            listen: addresses.listen,
            admin: addresses.admin,
            admin_token,
            store,
        })
    }

    /// The token and where it is from.
    pub(super) fn token(&self) -> Result<(Secret, String), ClientError> {
        match &self.admin_token {
            Ok(Some(token)) => Ok((token.clone(), format!("`admin_token` of {}", self.file.display()))),
            Ok(None) => self.token_of_file(),
            Err(reason) => Err(ClientError::ConfigKey {
                file: self.file.clone(),
                key: "admin_token",
                reason: reason.clone(),
            }),
        }
    }

    fn token_of_file(&self) -> Result<(Secret, String), ClientError> {
        let path = admin_token::file_beside(&self.store, directory(&self.file));
        let unreadable = |source| ClientError::TokenUnreadable {
            path: path.clone(),
            source,
        };
        let text = fs::read_to_string(&path).map_err(unreadable)?;
        let token = text.trim().parse::<Secret>();
        let token = token.map_err(|reason| unreadable(std::io::Error::other(reason.to_string())))?;
        Ok((token, path.display().to_string()))
    }

    pub(super) fn admin_url(&self) -> Result<String, ClientError> {
        if self.admin.socket().port() == 0 {
            let reason =
                "port 0 lets the system choose, and only the gateway's log tells which it was".to_owned();
            return Err(ClientError::ConfigKey {
                file: self.file.clone(),
                key: "admin",
                reason,
            });
        }
        Ok(url_on_this_machine(self.admin))
    }

    pub(super) fn client_url(&self) -> String {
        url_on_this_machine(self.listen)
    }
}

/// The defaults, with some keys of a text read by the gateway's own rules; or what is wrong with those.
fn part(text: &str, keys: &[&str]) -> Result<Config, String> {
    // A file without any provider is refused.
    let mut part = "providers: {unused: {dialect: openai}}\n".to_owned();
    keys.iter().flat_map(|key| lines_of(text, key)).for_each(|line| {
        part.push_str(line);
        part.push('\n');
    });
    let variables = |name: &str| std::env::var(name).ok();
    Config::parse("", &part, &variables).map_err(|problems| {
        problems
            .problems
            .iter()
            .map(|problem| problem.message.as_str())
            .collect::<Vec<_>>()
            .join("; ")
    })
}

/// The lines of a top-level key: its own, and those below it that are indented.
fn lines_of<'a>(text: &'a str, key: &str) -> impl Iterator<Item = &'a str> {
    let is_key = move |line: &&str| line.strip_prefix(key).is_some_and(|rest| rest.starts_with(':'));
    let mut lines = text.lines().skip_while(move |line| !is_key(line));
    let first = lines.next();
    first
        .into_iter()
        .chain(lines.take_while(|line| line.starts_with([' ', '\t'])))
}

fn directory(file: &Path) -> &Path {
    file.parent().unwrap_or(Path::new(""))
}

/// A wildcard is no address to connect to.
fn url_on_this_machine(address: ListenAddress) -> String {
    let socket = address.socket();
    let ip = match socket.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    format!("http://{}", SocketAddr::new(ip, socket.port()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn a_wildcard_is_asked_on_loopback() {
        let url = |text: &str| url_on_this_machine(text.parse().unwrap());
        assert_eq!(url("0.0.0.0:8081"), "http://127.0.0.1:8081");
        assert_eq!(url("[::]:8081"), "http://[::1]:8081");
        assert_eq!(url("10.0.0.7:8081"), "http://10.0.0.7:8081");
    }

    #[test]
    fn a_file_that_is_refused_still_tells_where_its_gateway_is() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("crossfade.yaml");
        let text = "admin: 127.0.0.1:8080   # moved\nlisten: 127.0.0.1:80\nadmin_token:\n  a-token-of-length-24\nprovidrs: {}\n";
        fs::write(&file, text).unwrap();
        let gateway = LocalGateway::read(&file).unwrap();
        assert_eq!(gateway.admin_url().unwrap(), "http://127.0.0.1:8080");
        assert_eq!(gateway.token().unwrap().0.expose(), "a-token-of-length-24");
    }

    #[test]
    fn a_token_that_only_the_gateway_can_read_is_told_by_its_variable() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("crossfade.yaml");
        fs::write(&file, "admin_token: ${A_VARIABLE_OF_THE_GATEWAY_ALONE}\n").unwrap();
        let refused = LocalGateway::read(&file)
            .unwrap()
            .token()
            .unwrap_err()
            .to_string();
        assert!(refused.contains("A_VARIABLE_OF_THE_GATEWAY_ALONE"), "{refused}");
    }

    #[test]
    fn the_token_lies_beside_the_store_of_a_file_that_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("crossfade.yaml");
        fs::write(&file, "store: sqlite:state/x.db\nprovidrs: {}\n").unwrap();
        fs::create_dir(folder.path().join("state")).unwrap();
        fs::write(
            folder.path().join("state/crossfade.admin-token"),
            "made-by-the-gateway\n",
        )
        .unwrap();
        let (token, _) = LocalGateway::read(&file).unwrap().token().unwrap();
        assert_eq!(token.expose(), "made-by-the-gateway");
    }
}
