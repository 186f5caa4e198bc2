//! One request, one answer, over http or https.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue, USER_AGENT};
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper_rustls::{ConfigBuilderExt, HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use rustls::ClientConfig;
use rustls::crypto::aws_lc_rs;

use super::{Access, ClientError};

/// For one of a name's addresses; a gateway that is there answers a connection within milliseconds.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// For the whole answer. Verbs answer once the new route is in force, which a busy store may delay.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);
/// Far above the largest list; it keeps a wrong address from filling the memory.
const MOST_BYTES: usize = 64 << 20;

pub(super) struct Transport {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
}

impl Transport {
    pub(super) fn to(access: &Access) -> Result<Transport, ClientError> {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_connect_timeout(Some(CONNECT_TIMEOUT));
        let trust = if access.url.starts_with("https:") {
            trusting_the_system()?
        } else {
            trusting_nobody()?
        };
        let tls = HttpsConnectorBuilder::new()
            .with_tls_config(trust)
            .https_or_http()
            .enable_http1();
        Ok(Transport {
            client: Client::builder(TokioExecutor::new()).build(tls.wrap_connector(tcp)),
        })
    }

    /// The status and the whole body of the answer.
    pub(super) async fn ask(
        &self,
        access: &Access,
        method: Method,
        path: &str,
        body: Option<Bytes>,
    ) -> Result<(StatusCode, Bytes), ClientError> {
        let request = request(access, method, path, body)?;
        let timed_out = |_| ClientError::TimedOut {
            url: access.url.clone(),
            after: ANSWER_TIMEOUT,
        };
        tokio::time::timeout(ANSWER_TIMEOUT, self.carry(access, request))
            .await
            .map_err(timed_out)?
    }

    async fn carry(
        &self,
        access: &Access,
        request: Request<Full<Bytes>>,
    ) -> Result<(StatusCode, Bytes), ClientError> {
        let unreachable = |reason: String| ClientError::Unreachable {
            url: access.url.clone(),
            reason,
        };
        let answer = self
            .client
            .request(request)
            .await
            .map_err(|error| unreachable(innermost(&error)))?;
        let (head, body) = answer.into_parts();
        let body = Limited::new(body, MOST_BYTES).collect().await;
        let body = body.map_err(|error| unreachable(innermost(&*error)))?;
        Ok((head.status, body.to_bytes()))
    }
}

fn request(
    access: &Access,
    method: Method,
    path: &str,
    body: Option<Bytes>,
) -> Result<Request<Full<Bytes>>, ClientError> {
    let bearer = HeaderValue::try_from(format!("Bearer {}", access.token.expose()));
    let unusable = |what, reason: String| ClientError::Unusable { what, reason };
    let mut bearer = bearer.map_err(|error| unusable("the admin token", error.to_string()))?;
    bearer.set_sensitive(true);
    Request::builder()
        .method(method)
        .uri(format!("{}/admin/v1{path}", access.url))
        .header(AUTHORIZATION, bearer)
        .header(ACCEPT, "application/json")
        .header(CONTENT_TYPE, "application/json")
        .header(USER_AGENT, concat!("crossfade/", env!("CARGO_PKG_VERSION")))
        .body(Full::new(body.unwrap_or_default()))
        .map_err(|error| unusable("the admin URL", error.to_string()))
}

/// The system's certificate authorities; the public ones where it has none, as in the smallest containers.
fn trusting_the_system() -> Result<ClientConfig, ClientError> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let versions =
        || ClientConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions();
    let unusable = |error: rustls::Error| ClientError::Tls(error.to_string());
    match versions().map_err(unusable)?.try_with_platform_verifier() {
        Ok(system) => Ok(system.with_no_client_auth()),
        Err(_) => Ok(versions()
            .map_err(unusable)?
            .with_webpki_roots()
            .with_no_client_auth()),
    }
}

/// For plain http: reading the system's authorities takes longer than the request.
fn trusting_nobody() -> Result<ClientConfig, ClientError> {
    let versions = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions();
    let versions = versions.map_err(|error| ClientError::Tls(error.to_string()))?;
    Ok(versions
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth())
}

/// The last of the reasons, which is the one a person can use: "Connection refused".
fn innermost(error: &(dyn Error + 'static)) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}
