//! TLS towards vendors: the system's trusted certificates, or the well-known ones where the
//! system has none (a minimal container), and a file of the operator's own.

use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt;

use super::endpoint::BadEndpoint;

pub(super) fn config(ca_file: Option<&Path>, http2: bool) -> Result<Arc<ClientConfig>, BadEndpoint> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder =
        || ClientConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions();
    let mut config = match ca_file {
        Some(path) => builder()?
            .with_root_certificates(roots_with(path)?)
            .with_no_client_auth(),
        None => match builder()?.with_platform_verifier() {
            Ok(trusting) => trusting.with_no_client_auth(),
            Err(_) => builder()?
                .with_root_certificates(well_known())
                .with_no_client_auth(),
        },
    };
    config.alpn_protocols = if http2 {
        vec![b"h2".to_vec()]
    } else {
        vec![b"http/1.1".to_vec()]
    };
    Ok(Arc::new(config))
}

fn well_known() -> RootCertStore {
    RootCertStore {
        roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
    }
}

fn roots_with(path: &Path) -> Result<RootCertStore, BadEndpoint> {
    let bad = |why: String| BadEndpoint::Certificates {
        path: path.display().to_string(),
        why,
    };
    let mut roots = well_known();
    let found = CertificateDer::pem_file_iter(path).map_err(|error| bad(error.to_string()))?;
    let mut added = 0;
    for certificate in found {
        let certificate = certificate.map_err(|error| bad(error.to_string()))?;
        roots.add(certificate).map_err(|error| bad(error.to_string()))?;
        added += 1;
    }
    if added == 0 {
        return Err(bad("the file holds none".to_owned()));
    }
    Ok(roots)
}
