//! Where things are: sockets to listen on, vendors' URLs, the store.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize, Serializer};

use super::secret::{HIDDEN, Secret};
use super::text::{BadValue, Format, Text};

const LISTEN_HELP: &str = "write an address and a port, as in 127.0.0.1:8080 or 0.0.0.0:8080";
const URL_HELP: &str = "write the scheme, the host and the path, as in https://api.openai.com/v1";
const STORE_HELP: &str = "write sqlite:FILE or postgres://user:password@host/database";

/// SQLite's name for a database that is gone with the process.
const IN_MEMORY: &str = ":memory:";

/// An address and port to listen on. Port 0 lets the system choose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(try_from = "Text", into = "String")]
#[schemars(inline, extend("format" = Format::Listen.name(), "examples" = ["127.0.0.1:8080"]))]
pub struct ListenAddress(#[schemars(with = "String")] SocketAddr);

impl ListenAddress {
    /// This port on this machine only.
    pub const fn loopback(port: u16) -> ListenAddress {
        ListenAddress(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port))
    }

    /// As the listener wants it.
    pub const fn socket(self) -> SocketAddr {
        self.0
    }

    /// Whether two listeners could not both have their address.
    pub(super) fn collides(self, other: ListenAddress) -> bool {
        let (mine, its) = (self.0, other.0);
        let overlap = mine.ip() == its.ip() || mine.ip().is_unspecified() || its.ip().is_unspecified();
        mine.port() != 0 && mine.port() == its.port() && overlap
    }
}

impl FromStr for ListenAddress {
    type Err = BadValue;

    fn from_str(text: &str) -> Result<ListenAddress, BadValue> {
        let numeric = match text.strip_prefix("localhost:") {
            Some(port) => format!("127.0.0.1:{port}"),
            None => text.to_owned(),
        };
        let refusal = || BadValue::new(format!("`{text}` is not an address to listen on"), LISTEN_HELP);
        numeric.parse().map(ListenAddress).map_err(|_| refusal())
    }
}

impl TryFrom<Text> for ListenAddress {
    type Error = BadValue;

    fn try_from(text: Text) -> Result<ListenAddress, BadValue> {
        text.0.parse()
    }
}

impl From<ListenAddress> for String {
    fn from(address: ListenAddress) -> String {
        address.0.to_string()
    }
}

/// An `http://` or `https://` URL without credentials, query or fragment; a slash at its end is dropped.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(try_from = "Text", into = "String")]
#[schemars(inline, extend("format" = Format::HttpUrl.name(), "examples" = ["https://api.openai.com/v1"]))]
pub struct HttpUrl(String);

impl HttpUrl {
    /// The whole URL without a slash at its end.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for HttpUrl {
    type Err = BadValue;

    fn from_str(text: &str) -> Result<HttpUrl, BadValue> {
        // The text is not repeated where it could hold a password.
        let Ok(uri) = text.parse::<http::Uri>() else {
            return Err(BadValue::new("this is not a URL", URL_HELP));
        };
        let (Some("http" | "https"), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
            return Err(BadValue::new("a URL begins with http:// or https://", URL_HELP));
        };
        if authority.as_str().contains('@') {
            let help = "put the credential into a key of its own";
            return Err(BadValue::new("a URL cannot carry a user or password here", help));
        }
        let port = authority
            .as_str()
            .strip_prefix(authority.host())
            .unwrap_or_default();
        if authority.host().is_empty() || (!port.is_empty() && authority.port_u16().is_none()) {
            return Err(BadValue::new("the URL's host or port cannot be read", URL_HELP));
        }
        if uri.query().is_some() || text.contains('#') {
            return Err(BadValue::new(
                "a URL cannot carry a query or fragment here",
                URL_HELP,
            ));
        }
        Ok(HttpUrl(text.trim_end_matches('/').to_owned()))
    }
}

impl TryFrom<Text> for HttpUrl {
    type Error = BadValue;

    fn try_from(text: Text) -> Result<HttpUrl, BadValue> {
        text.0.parse()
    }
}

impl From<HttpUrl> for String {
    fn from(url: HttpUrl) -> String {
        url.0
    }
}

/// Where state is kept.
#[derive(Clone, Deserialize, JsonSchema)]
#[serde(try_from = "Text")]
#[schemars(inline, extend("format" = Format::Store.name(), "examples" = ["sqlite:crossfade.db", "postgres://user:pw@host/db"]))]
pub struct StoreAddress(#[schemars(with = "String")] StoreKind);

#[derive(Clone)]
enum StoreKind {
    Sqlite(PathBuf),
    Postgres(Secret),
}

/// One of the two databases that crossfade knows.
#[derive(Debug, Clone, Copy)]
pub enum Store<'a> {
    /// A file, made at the first start. Relative to the configuration file.
    Sqlite(&'a Path),
    /// A connection URL, password included.
    Postgres(&'a Secret),
}

impl StoreAddress {
    /// A SQLite file.
    pub fn sqlite(path: impl Into<PathBuf>) -> StoreAddress {
        StoreAddress(StoreKind::Sqlite(path.into()))
    }

    /// Which database, and where.
    pub fn store(&self) -> Store<'_> {
        match &self.0 {
            StoreKind::Sqlite(path) => Store::Sqlite(path),
            StoreKind::Postgres(url) => Store::Postgres(url),
        }
    }

    /// Makes a relative file relative to this directory.
    pub(super) fn resolve_against(&mut self, directory: &Path) {
        if let StoreKind::Sqlite(path) = &mut self.0
            && path.is_relative()
            && *path != Path::new(IN_MEMORY)
        {
            *path = directory.join(&*path);
        }
    }
}

impl FromStr for StoreAddress {
    type Err = BadValue;

    fn from_str(text: &str) -> Result<StoreAddress, BadValue> {
        if let Some(path) = text.strip_prefix("sqlite:") {
            // `sqlite:///var/lib/x.db` is what other tools write for `/var/lib/x.db`.
            let path = path.strip_prefix("//").unwrap_or(path);
            if path.is_empty() {
                return Err(BadValue::new("the SQLite file has no name", STORE_HELP));
            }
            return Ok(StoreAddress::sqlite(path));
        }
        if let Some(rest) = text
            .strip_prefix("postgres://")
            .or_else(|| text.strip_prefix("postgresql://"))
        {
            if rest.is_empty() {
                return Err(BadValue::new("the Postgres URL has no host", STORE_HELP));
            }
            return Ok(StoreAddress(StoreKind::Postgres(text.parse()?)));
        }
        Err(BadValue::new("this is no store that crossfade knows", STORE_HELP))
    }
}

impl TryFrom<Text> for StoreAddress {
    type Error = BadValue;

    fn try_from(text: Text) -> Result<StoreAddress, BadValue> {
        text.0.parse()
    }
}

/// A database's URL holds a password and is not written out.
impl Serialize for StoreAddress {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self.store() {
            Store::Sqlite(path) => to.collect_str(&format_args!("sqlite:{}", path.display())),
            Store::Postgres(_) => to.collect_str(&format_args!("postgres://{HIDDEN}")),
        }
    }
}

impl fmt::Debug for StoreAddress {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:?}", self.store())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn a_wildcard_collides_with_every_address_of_its_port() {
        let address = |text: &str| text.parse::<ListenAddress>().unwrap();
        assert!(address("0.0.0.0:8080").collides(address("127.0.0.1:8080")));
        assert!(!address("127.0.0.2:8080").collides(address("127.0.0.1:8080")));
        assert!(!address("127.0.0.1:0").collides(address("127.0.0.1:0")));
    }

    #[test]
    fn urls_without_scheme_or_host_or_with_a_password_are_refused() {
        assert_eq!(
            "https://a.b/v1/".parse::<HttpUrl>().unwrap().as_str(),
            "https://a.b/v1"
        );
        for bad in [
            "api.openai.com",
            "ftp://a.b",
            "https://",
            "http://u:secret@a.b",
            "http://a b",
            "http://a:99999",
        ] {
            let reason = bad.parse::<HttpUrl>().unwrap_err().to_string();
            assert!(!reason.contains("secret"), "{reason}");
        }
    }

    #[test]
    fn a_postgres_password_is_not_shown() {
        let store: StoreAddress = "postgres://me:hunter2@db/x".parse().unwrap();
        assert_eq!(format!("{store:?}"), "Postgres(Secret(***))");
    }
}
