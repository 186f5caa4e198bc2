//! Names by which a browser may reach the admin address.
//!
//! A stranger's page can give its own name our address (DNS rebinding), and the browser then takes
//! it for ours. It cannot do that with an address or with `localhost`; any other name must be
//! configured.

use std::net::IpAddr;

/// The host and port that a request was sent to, as written.
#[derive(Clone, Copy, Debug)]
pub struct Host<'a>(&'a str);

impl<'a> Host<'a> {
    pub fn of(written: &'a str) -> Host<'a> {
        Host(written)
    }

    /// With the port.
    pub fn written(&self) -> &'a str {
        self.0
    }

    pub fn port(&self) -> Option<&'a str> {
        let port = match self.0.rsplit_once(']') {
            Some((_, rest)) => rest.strip_prefix(':'),
            None => self.0.rsplit_once(':').map(|(_, port)| port),
        };
        port.filter(|port| !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()))
    }

    /// Without the port, in small letters.
    pub fn name(&self) -> String {
        let name = match self.port() {
            Some(port) => &self.0[..self.0.len() - port.len() - 1],
            None => self.0,
        };
        name.trim_end_matches('.').to_ascii_lowercase()
    }

    /// No name that somebody could have pointed here.
    pub fn is_literal_or_local(&self) -> bool {
        let name = self.name();
        let address = name
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
            .unwrap_or(&name);
        address.parse::<IpAddr>().is_ok() || name == "localhost" || name.ends_with(".localhost")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_localhost_are_known_and_names_are_not() {
        for (written, name, port, is_known) in [
            ("127.0.0.1:8081", "127.0.0.1", Some("8081"), true),
            ("[::1]:8081", "[::1]", Some("8081"), true),
            ("[::1]", "[::1]", None, true),
            ("10.0.0.7", "10.0.0.7", None, true),
            ("LocalHost.:80", "localhost", Some("80"), true),
            ("ours.localhost", "ours.localhost", None, true),
            (
                "localhost.evil.example:8081",
                "localhost.evil.example",
                Some("8081"),
                false,
            ),
            ("127.0.0.1.evil.example", "127.0.0.1.evil.example", None, false),
            ("", "", None, false),
        ] {
            let host = Host::of(written);
            assert_eq!((host.name().as_str(), host.port()), (name, port), "{written}");
            assert_eq!(host.is_literal_or_local(), is_known, "{written}");
        }
    }
}
