//! Telling other programs of transitions: signed webhooks and Slack messages.
//!
//! Each receiver of a rollout has a queue and a task of its own, so one that is dead delays nobody, and messages arrive
//! in their order. A message is tried again with growing pauses, then given up and logged; a full queue leaves out.
//!
//! A webhook is a POST of JSON. With a secret it carries `x-crossfade-signature: sha256=HEX`, the HMAC-SHA-256 of the
//! body, whose `at` is the time of the transition: check both, and old messages cannot be sent again by others.

use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::hmac;
use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::Full;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::config::Notify;

/// Messages that wait for one receiver: transitions come a few a minute.
const WAITING: usize = 64;
/// Tries of one message, and the pause after the first; each pause is twice the one before: four minutes in all.
const TRIES: u32 = 8;
const FIRST_PAUSE: Duration = Duration::from_secs(2);
/// For connecting and for the whole answer.
const TIMEOUT: Duration = Duration::from_secs(10);

pub(crate) type HttpClient = Client<HttpsConnector<HttpConnector>, Full<Bytes>>;

/// The receivers of one rollout.
#[derive(Debug, Default)]
pub(super) struct Courier(Vec<mpsc::Sender<Arc<Value>>>);

impl Courier {
    pub(super) fn to(receivers: &[Notify]) -> Courier {
        if receivers.is_empty() {
            return Courier::default();
        }
        let Some(client) = client() else {
            tracing::error!(
                "nobody is told of this rollout: there are no certificate authorities that can be used"
            );
            return Courier::default();
        };
        let opened = receivers.iter().map(|receiver| {
            let (sender, messages) = mpsc::channel(WAITING);
            tokio::spawn(keep_delivering(client.clone(), receiver.clone(), messages));
            sender
        });
        Courier(opened.collect())
    }

    /// Never waits.
    pub(super) fn send(&self, message: Value) {
        let message = Arc::new(message);
        for receiver in &self.0 {
            if receiver.try_send(Arc::clone(&message)).is_err() {
                tracing::warn!("a receiver of rollout messages is too slow; one was left out");
            }
        }
    }
}

/// `None` if this machine has no certificate authorities that can be used.
pub(crate) fn client() -> Option<HttpClient> {
    let mut tcp = HttpConnector::new();
    tcp.enforce_http(false);
    tcp.set_connect_timeout(Some(TIMEOUT));
    let provider = || Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    // Without authorities of the system's own, as in the smallest containers, the public ones are taken.
    let of_system = HttpsConnectorBuilder::new().with_provider_and_platform_verifier(provider());
    let of_all = || HttpsConnectorBuilder::new().with_provider_and_webpki_roots(provider());
    let tls = of_system.ok().or_else(|| of_all().ok())?;
    let connector = tls.https_or_http().enable_http1().wrap_connector(tcp);
    Some(Client::builder(TokioExecutor::new()).build(connector))
}

async fn keep_delivering(client: HttpClient, receiver: Notify, mut messages: mpsc::Receiver<Arc<Value>>) {
    while let Some(message) = messages.recv().await {
        let mut pause = FIRST_PAUSE;
        for tried in 1..=TRIES {
            match deliver(&client, &receiver, &message).await {
                Ok(()) => break,
                // Not the URL: it may carry a credential.
                Err(why) if tried == TRIES => {
                    tracing::error!(why, "a message about a rollout was given up");
                }
                Err(why) => {
                    tracing::debug!(why, tried, "a message about a rollout is tried again");
                    tokio::time::sleep(pause).await;
                    pause *= 2;
                }
            }
        }
    }
}

async fn deliver(client: &HttpClient, receiver: &Notify, message: &Value) -> Result<(), String> {
    let request = request(receiver, message)?;
    match tokio::time::timeout(TIMEOUT, client.request(request)).await {
        Ok(Ok(answer)) if answer.status().is_success() => Ok(()),
        Ok(Ok(answer)) => Err(refused(answer.status())),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err("no answer in time".to_owned()),
    }
}

fn refused(status: StatusCode) -> String {
    format!("status {status}")
}

fn request(receiver: &Notify, message: &Value) -> Result<Request<Full<Bytes>>, String> {
    let (url, body) = match (&receiver.webhook, &receiver.slack) {
        (Some(webhook), _) => (webhook, message.to_string()),
        (None, Some(slack)) => (slack, json!({"text": slack_text(message)}).to_string()),
        (None, None) => return Err("it names no receiver".to_owned()),
    };
    let mut request = Request::post(url.expose())
        .header("content-type", "application/json")
        .header("user-agent", concat!("crossfade/", env!("CARGO_PKG_VERSION")));
    if let (Some(secret), Some(_)) = (&receiver.secret, &receiver.webhook) {
        let signature = signature(secret.expose(), body.as_bytes());
        request = request.header("x-crossfade-signature", signature);
    }
    request
        .body(Full::new(Bytes::from(body)))
        .map_err(|_| "its URL cannot be used".to_owned())
}

fn signature(secret: &str, body: &[u8]) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let tag = hmac::sign(&key, body);
    let hex: String = tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256={hex}")
}

/// One line; what Slack would read as markup is escaped.
fn slack_text(message: &Value) -> String {
    let field = |name: &str| {
        let text = message.get(name).and_then(Value::as_str).unwrap_or_default();
        text.replace('&', "&amp;")
            .replace('<', "&lt;")
            .replace('>', "&gt;")
    };
    format!("*{}* {}: {}", field("deployment"), field("to"), field("message"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn a_signature_is_the_hmac_of_the_body() {
        // The second test case of RFC 4231.
        let expected = "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        assert_eq!(signature("Jefe", b"what do ya want for nothing?"), expected);
    }

    #[test]
    fn slack_gets_one_line_without_markup() {
        let message = json!({"deployment": "m", "to": "rolled_back", "message": "a <b> & c"});
        assert_eq!(slack_text(&message), "*m* rolled_back: a &lt;b&gt; &amp; c");
    }

    #[tokio::test]
    async fn a_dead_receiver_delays_nobody() {
        let dead = Notify {
            webhook: Some("http://127.0.0.1:9/".parse().unwrap()),
            ..Notify::default()
        };
        let courier = Courier::to(&[dead]);
        for _ in 0..10 * WAITING {
            courier.send(json!({}));
        }
    }
}
