//! Certificates that are wrong in exactly one way, under an authority made for the test.

use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose, date_time_ymd,
};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use tokio_rustls::TlsAcceptor;

/// Signs the certificates of one test. Clients that trust [`TestAuthority::pem`] accept the good ones.
pub struct TestAuthority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Certificate {
    /// For `localhost` and 127.0.0.1, valid now.
    Good,
    /// Was good until 2021.
    Expired,
    /// For `elsewhere.example`.
    WrongHost,
    /// Good, but signed by an authority that nobody knows.
    UnknownAuthority,
}

impl TestAuthority {
    /// # Panics
    /// If no key can be made.
    #[must_use]
    pub fn new() -> TestAuthority {
        TestAuthority::named("authority of a test")
    }

    /// Authorities of one name are one authority to a client, with signatures that do not fit.
    fn named(name: &str) -> TestAuthority {
        let key = KeyPair::generate().expect("a key for the authority");
        let mut params = CertificateParams::new(Vec::new()).expect("an authority without names");
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
        let certificate = params.self_signed(&key).expect("a certificate for the authority");
        TestAuthority {
            pem: certificate.pem(),
            issuer: Issuer::new(params, key),
        }
    }

    /// The authority's own certificate, to be trusted by the client under test.
    #[must_use]
    pub fn pem(&self) -> &str {
        &self.pem
    }

    pub(super) fn acceptor(&self, certificate: Certificate) -> TlsAcceptor {
        let names = match certificate {
            Certificate::WrongHost => vec!["elsewhere.example".to_owned()],
            _ => vec!["localhost".to_owned(), "127.0.0.1".to_owned()],
        };
        let mut params = CertificateParams::new(names).expect("names of a certificate");
        if certificate == Certificate::Expired {
            params.not_before = date_time_ymd(2020, 1, 1);
            params.not_after = date_time_ymd(2021, 1, 1);
        }
        let key = KeyPair::generate().expect("a key for the server");
        let stranger =
            (certificate == Certificate::UnknownAuthority).then(|| TestAuthority::named("stranger"));
        let issuer = stranger
            .as_ref()
            .map_or(&self.issuer, |stranger| &stranger.issuer);
        let signed = params
            .signed_by(&key, issuer)
            .expect("a certificate for the server");
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("TLS versions")
            .with_no_client_auth()
            .with_single_cert(
                vec![signed.der().clone()],
                PrivateKeyDer::Pkcs8(key.serialize_der().into()),
            )
            .expect("a certificate that fits its key");
        TlsAcceptor::from(Arc::new(config))
    }
}

impl Default for TestAuthority {
    fn default() -> Self {
        TestAuthority::new()
    }
}
