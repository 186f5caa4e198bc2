//! Where a provider lives and what every request to it carries.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rustls::pki_types::ServerName;
use secrecy::{ExposeSecret, SecretString};

use super::tls;
use crate::wire::Name;

/// A provider's address, prepared once: what a request needs of it is only copied.
pub struct Endpoint {
    /// Tells pools apart; new for every endpoint that is built.
    pub(super) id: u64,
    pub(super) host: String,
    pub(super) port: u16,
    /// As the Host header has it: the port only where it is not the scheme's own.
    pub(super) authority: String,
    /// What stands before each path, without a trailing slash.
    pub(super) prefix: String,
    pub(super) tls: Option<(Arc<rustls::ClientConfig>, ServerName<'static>)>,
    pub(super) http2: bool,
    /// Name and value, the credential among them.
    headers: Vec<(String, SecretString)>,
}

#[derive(Debug, thiserror::Error)]
pub enum BadEndpoint {
    #[error("'{0}' is not an http:// or https:// URL with a host")]
    Url(String),
    #[error("header '{0}' has a name or value that HTTP does not allow")]
    Header(String),
    #[error("no certificate could be read from {path}: {why}")]
    Certificates { path: String, why: String },
    #[error("TLS cannot be set up: {0}")]
    Tls(#[from] rustls::Error),
}

/// What an endpoint is built from.
#[derive(Debug)]
pub struct Address<'a> {
    pub base_url: &'a str,
    pub http2: bool,
    /// Certificates to trust besides the system's, in PEM.
    pub ca_file: Option<&'a std::path::Path>,
    pub headers: Vec<(String, SecretString)>,
}

impl Endpoint {
    pub fn new(address: Address<'_>) -> Result<Endpoint, BadEndpoint> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let bad = || BadEndpoint::Url(address.base_url.to_owned());
        let url: http::Uri = address.base_url.parse().map_err(|_| bad())?;
        let host = url.host().filter(|host| !host.is_empty()).ok_or_else(bad)?;
        let secure = match url.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(bad()),
        };
        let default_port = if secure { 443 } else { 80 };
        let port = url.port_u16().unwrap_or(default_port);
        let authority = if port == default_port {
            host.to_owned()
        } else {
            format!("{host}:{port}")
        };
        let plain_host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let tls = if secure {
            let name = ServerName::try_from(plain_host.clone()).map_err(|_| bad())?;
            Some((tls::config(address.ca_file, address.http2)?, name))
        } else {
            None
        };
        for (name, value) in &address.headers {
            let named = http::HeaderName::from_bytes(name.as_bytes()).is_ok();
            if !named || http::HeaderValue::from_str(value.expose_secret()).is_err() {
                return Err(BadEndpoint::Header(name.clone()));
            }
        }
        Ok(Endpoint {
            id: NEXT.fetch_add(1, Ordering::Relaxed),
            host: plain_host,
            port,
            authority,
            prefix: url.path().trim_end_matches('/').to_owned(),
            tls,
            http2: address.http2,
            headers: address.headers,
        })
    }

    pub(super) fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        self.headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.expose_secret()))
    }

    /// Whether the endpoint sets this header itself.
    pub(crate) fn sets(&self, name: Name<'_>) -> bool {
        self.headers.iter().any(|(own, _)| name.is(own))
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Endpoint({}{})", self.authority, self.prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(base_url: &str) -> Result<Endpoint, BadEndpoint> {
        Endpoint::new(Address {
            base_url,
            http2: false,
            ca_file: None,
            headers: Vec::new(),
        })
    }

    #[test]
    fn a_base_url_is_taken_apart_once() {
        let found = endpoint("http://127.0.0.1:9000/v1/").unwrap();
        assert_eq!(
            (found.host.as_str(), found.port, found.authority.as_str()),
            ("127.0.0.1", 9000, "127.0.0.1:9000")
        );
        assert_eq!(found.prefix, "/v1");
        assert!(found.tls.is_none());
        let six = endpoint("http://[::1]").unwrap();
        assert_eq!(
            (six.host.as_str(), six.port, six.authority.as_str()),
            ("::1", 80, "[::1]")
        );
    }

    #[test]
    fn what_is_no_url_is_refused() {
        for bad in ["", "api.example.com", "ftp://x/", "http://", "/v1"] {
            assert!(matches!(endpoint(bad), Err(BadEndpoint::Url(_))), "{bad}");
        }
    }

    #[test]
    fn a_header_that_would_split_the_request_is_refused_and_not_shown() {
        let headers = vec![("authorization".to_owned(), SecretString::from("a\r\nx: y"))];
        let refused = Endpoint::new(Address {
            base_url: "http://h",
            http2: false,
            ca_file: None,
            headers,
        });
        assert_eq!(
            refused.unwrap_err().to_string(),
            "header 'authorization' has a name or value that HTTP does not allow"
        );
    }
}
