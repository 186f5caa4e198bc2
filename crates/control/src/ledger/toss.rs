//! Toss Payments (<https://docs.tosspayments.com/reference>): a payment is confirmed by our server, and its state is
//! asked for whenever a webhook says that it has changed, since those carry no signature.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{Method, Request};
use http_body_util::{BodyExt, Full, Limited};
use serde_json::{Value, json};

use crate::config::Toss;
use crate::driver::courier;

const BASE_URL: &str = "https://api.tosspayments.com";
const TIMEOUT: std::time::Duration = std::time::Duration::from_secs(30);
/// A payment is some 4 KiB of JSON.
const ANSWER_LIMIT: usize = 1 << 20;

/// What Toss says of a payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Payment {
    pub(super) key: String,
    pub(super) order: String,
    pub(super) status: String,
    /// In whole units.
    pub(super) total: u64,
    pub(super) currency: String,
}

/// Why Toss did not do it, in words for the operator.
#[derive(Debug)]
pub(super) enum TossError {
    /// It refused.
    Refused(String),
    /// Nobody knows.
    Unreachable(String),
}

/// Confirms that a payment is for this order and amount: only then does Toss take the money.
pub(super) async fn confirm(toss: &Toss, key: &str, order: &str, amount: u64) -> Result<Payment, TossError> {
    let body = json!({"paymentKey": key, "orderId": order, "amount": amount});
    let answer = ask(toss, Method::POST, "/v1/payments/confirm", Some((body, order))).await?;
    read(&answer)
}

/// What became of a payment.
pub(super) async fn look(toss: &Toss, key: &str) -> Result<Payment, TossError> {
    read(&ask(toss, Method::GET, &format!("/v1/payments/{key}"), None).await?)
}

/// Pays a part back; the same `refund` again changes nothing.
pub(super) async fn cancel(
    toss: &Toss,
    key: &str,
    refund: &str,
    amount: u64,
    reason: &str,
) -> Result<(), TossError> {
    let body = json!({"cancelReason": reason, "cancelAmount": amount});
    let path = format!("/v1/payments/{key}/cancel");
    ask(toss, Method::POST, &path, Some((body, refund)))
        .await
        .map(drop)
}

async fn ask(
    toss: &Toss,
    method: Method,
    path: &str,
    body: Option<(Value, &str)>,
) -> Result<Value, TossError> {
    let unreachable = |why: String| TossError::Unreachable(why);
    let base = toss.base_url.as_ref().map_or(BASE_URL, |url| url.as_str());
    let credential = STANDARD.encode(format!("{}:", toss.secret_key.expose()));
    let mut request = Request::builder()
        .method(method)
        .uri(format!("{base}{path}"))
        .header("authorization", format!("Basic {credential}"));
    let mut text = String::new();
    if let Some((body, idempotency)) = body {
        request = request
            .header("content-type", "application/json")
            .header("idempotency-key", idempotency);
        text = body.to_string();
    }
    let request = request
        .body(Full::new(Bytes::from(text)))
        .map_err(|error| unreachable(error.to_string()))?;
    let client = courier::client().ok_or_else(|| unreachable("no certificate authorities".to_owned()))?;
    let answered = async {
        let answer = client.request(request).await.map_err(|error| error.to_string())?;
        let status = answer.status();
        let body = Limited::new(answer.into_body(), ANSWER_LIMIT).collect().await;
        let body = body.map_err(|error| error.to_string())?.to_bytes();
        Ok::<_, String>((status, serde_json::from_slice::<Value>(&body).unwrap_or_default()))
    };
    let (status, json) = tokio::time::timeout(TIMEOUT, answered)
        .await
        .map_err(|_| unreachable("no answer in time".to_owned()))?
        .map_err(unreachable)?;
    if status.is_success() {
        return Ok(json);
    }
    let said = json["message"].as_str().unwrap_or_default();
    let code = json["code"].as_str().unwrap_or_default();
    let why = format!("status {status}: {code} {said}");
    Err(if status.is_client_error() {
        TossError::Refused(why)
    } else {
        TossError::Unreachable(why)
    })
}

fn read(payment: &Value) -> Result<Payment, TossError> {
    let text = |name: &str| payment[name].as_str().map(str::to_owned);
    let read = || {
        Some(Payment {
            key: text("paymentKey")?,
            order: text("orderId")?,
            status: text("status")?,
            total: payment["totalAmount"].as_u64()?,
            currency: text("currency").unwrap_or_else(|| "KRW".to_owned()),
        })
    };
    read().ok_or_else(|| TossError::Unreachable("its answer is no payment".to_owned()))
}
