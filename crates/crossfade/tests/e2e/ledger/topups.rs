//! Credit that comes in: only what was really paid, and only once.

use serde_json::{Value, json};
use testkit::bad_upstream::{BadUpstream, Step, json_answer};
use testkit::wait::{self, Reply};

use super::*;

const FEED: &str = "feed-secret-of-the-bank";
const STRIPE: &str = "whsec_of-a-test";
const TOSS: &str = "test_sk_of-a-shop";

/// HMAC-SHA-256 (RFC 2104) in hexadecimal, after `t.`.
fn sign(secret: &str, seconds: i64, body: &str) -> String {
    let mut key = secret.as_bytes().to_vec();
    key.resize(64, 0);
    let padded = |pad: u8, rest: &[u8]| {
        let mut all: Vec<u8> = key.iter().map(|byte| byte ^ pad).collect();
        all.extend_from_slice(rest);
        gateway::digest(&all)
    };
    let inner = padded(0x36, format!("{seconds}.{body}").as_bytes());
    let tag: String = padded(0x5c, &inner)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("t={seconds},v1={tag}")
}

fn now() -> i64 {
    std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap()
        .as_secs() as i64
}

struct Shop {
    gateway: CrossfadeProcess,
    toss: BadUpstream,
}

async fn shop() -> Shop {
    let toss = BadUpstream::start(payment("t-1", "DONE", 50_000, "KRW")).await;
    let file = format!(
        "{}
topups:
  rates: {{KRW: 0.00072}}
  bank_transfer: {{feed_secret: {FEED}}}
  stripe: {{webhook_secret: {STRIPE}}}
  toss: {{secret_key: {TOSS}, base_url: {}}}
",
        file("http://127.0.0.1:9"),
        toss.url()
    );
    let gateway = wait::spawn_crossfade(BINARY, &file, &[]).await;
    done(&gateway, "POST", "/accounts", json!({"name": "acme"})).await;
    Shop { gateway, toss }
}

/// A Toss that says this of every payment.
fn payment(order: &str, status: &str, total: u64, currency: &str) -> Vec<Step> {
    let payment = json!({"paymentKey": "pay_1", "orderId": order, "status": status, "totalAmount": total,
        "currency": currency, "method": "카드"});
    vec![Step::ReadRequest, json_answer(200, &payment), Step::Repeat]
}

impl Shop {
    async fn order(&self, body: Value) -> Value {
        done(&self.gateway, "POST", "/topups", body).await
    }

    async fn state(&self, id: &str) -> String {
        let order = look(&self.gateway, &format!("/topups/{id}")).await;
        order["state"].as_str().unwrap().to_owned()
    }

    async fn balance(&self) -> String {
        let account = look(&self.gateway, "/accounts/acme").await;
        account["balance_usd"].as_str().unwrap().to_owned()
    }

    async fn hook(&self, provider: &str, headers: &[(&str, &str)], body: &str) -> Reply {
        hook(self.gateway.admin_addr, provider, headers, body).await
    }

    async fn signed(&self, provider: &str, body: &Value) -> Reply {
        let (body, secret, header) = match provider {
            "stripe" => (body.to_string(), STRIPE, "stripe-signature"),
            _ => (body.to_string(), FEED, "x-crossfade-signature"),
        };
        let signature = sign(secret, now(), &body);
        self.hook(provider, &[(header, &signature)], &body).await
    }
}

async fn hook(addr: std::net::SocketAddr, provider: &str, headers: &[(&str, &str)], body: &str) -> Reply {
    let mut text = format!(
        "POST /hooks/{provider} HTTP/1.1\r\nhost: a\r\ncontent-length: {}\r\n",
        body.len()
    );
    for (name, value) in headers {
        text += &format!("{name}: {value}\r\n");
    }
    let mut connection = wait::RawConnection::open(addr).await;
    connection.send(format!("{text}\r\n{body}")).await;
    connection.read_reply().await
}

fn session(order: &str, amount: i64, currency: &str) -> Value {
    json!({"id": "evt_1", "type": "checkout.session.completed", "data": {"object": {"id": "cs_1",
        "client_reference_id": order, "amount_total": amount, "currency": currency,
        "payment_status": "paid", "payment_intent": "pi_1"}}})
}

fn transfer(id: &str, name: &str, amount: &str, currency: &str) -> Value {
    json!({"id": id, "name": name, "amount": amount, "currency": currency})
}

#[tokio::test]
async fn an_admins_credit_is_there_at_once_and_once_however_often_it_is_sent() {
    let shop = shop().await;
    let order = json!({"id": "m-1", "account": "acme", "provider": "manual", "amount": "10.00", "currency": "USD", "reason": "cash"});
    for _ in 0..3 {
        assert_eq!(shop.order(order.clone()).await["state"], "paid");
    }
    assert_eq!(shop.balance().await, "10.00");
    let other =
        json!({"id": "m-1", "account": "acme", "provider": "manual", "amount": "11.00", "reason": "cash"});
    assert_eq!(
        refusal(&admin(&shop.gateway, "POST", "/topups", other).await),
        "409 conflict"
    );
    let part = json!({"id": "r-1", "amount": "4.00", "reason": "asked for"});
    for _ in 0..2 {
        let refunded = done(&shop.gateway, "POST", "/topups/m-1/refund", part.clone()).await;
        assert_eq!(
            (&refunded["state"], &refunded["refunded"]),
            (&json!("partially_refunded"), &json!("4.00"))
        );
    }
    let rest = done(&shop.gateway, "POST", "/topups/m-1/refund", Value::Null).await;
    assert_eq!(rest["state"], "refunded");
    assert_eq!(shop.balance().await, "0.00");
    adds_up(&shop.gateway).await;
}

#[tokio::test]
async fn what_is_spent_cannot_be_paid_back() {
    let shop = shop().await;
    let order =
        json!({"id": "m-1", "account": "acme", "provider": "manual", "amount": "10.00", "reason": "cash"});
    shop.order(order).await;
    let spend = json!({"id": "s", "amount_usd": "-3.00", "reason": "spent"});
    done(&shop.gateway, "POST", "/accounts/acme/correct", spend).await;
    let refused = admin(&shop.gateway, "POST", "/topups/m-1/refund", Value::Null).await;
    assert_eq!(refusal(&refused), "409 conflict");
    assert_eq!(
        (shop.balance().await.as_str(), shop.state("m-1").await.as_str()),
        ("7.00", "paid")
    );
}

#[tokio::test]
async fn a_bank_transfer_is_credited_for_its_reference_and_amount_alone() {
    let shop = shop().await;
    let order = json!({"id": "b-1", "account": "acme", "provider": "bank_transfer", "amount": 50000, "currency": "KRW"});
    let made = shop.order(order).await;
    assert_eq!(
        (&made["state"], &made["amount_usd"], &made["rate"]),
        (&json!("pending"), &json!("36.00"), &json!("0.00072"))
    );
    let reference = made["reference"].as_str().unwrap();
    let name = format!("Kim Minsu {}", reference.to_lowercase());
    for (wrong, status) in [
        (transfer("x", &name, "5000", "KRW"), 409),
        (transfer("x", &name, "50000", "USD"), 409),
        (transfer("x", "CF-AAAAAAAA", "50000", "KRW"), 404),
        (transfer("x", "Kim Minsu", "50000", "KRW"), 400),
    ] {
        assert_eq!(
            shop.signed("bank_transfer", &wrong).await.status,
            status,
            "{wrong}"
        );
    }
    assert_eq!(
        (shop.balance().await.as_str(), shop.state("b-1").await.as_str()),
        ("0.00", "pending")
    );
    for _ in 0..3 {
        let told = shop
            .signed("bank_transfer", &transfer("tx-1", &name, "50000", "KRW"))
            .await;
        assert_eq!(told.status, 200, "{}", told.text());
    }
    assert_eq!(shop.balance().await, "36.00");
    // One transfer pays one order.
    let order = json!({"id": "b-2", "account": "acme", "provider": "bank_transfer", "amount": 50000, "currency": "KRW"});
    let second = shop.order(order).await["reference"].as_str().unwrap().to_owned();
    assert_eq!(
        shop.signed("bank_transfer", &transfer("tx-1", &second, "50000", "KRW"))
            .await
            .status,
        409
    );
    done(&shop.gateway, "POST", "/topups/b-2/confirm", Value::Null).await;
    assert_eq!(shop.balance().await, "72.00");
    adds_up(&shop.gateway).await;
}

#[tokio::test]
async fn a_forged_old_or_changed_message_is_refused() {
    let shop = shop().await;
    let order =
        json!({"id": "s-1", "account": "acme", "provider": "stripe", "amount": "10.00", "currency": "USD"});
    shop.order(order).await;
    let body = session("s-1", 1_000, "usd").to_string();
    let good = sign(STRIPE, now(), &body);
    let changed = body.replace("1000", "1001");
    for (header, body) in [
        (sign("whsec_guessed", now(), &body), &body),
        (sign(STRIPE, now() - 301, &body), &body),
        (sign(FEED, now(), &body), &body),
        (good.clone(), &changed),
        (String::new(), &body),
    ] {
        let told = shop.hook("stripe", &[("stripe-signature", &header)], body).await;
        assert_eq!(refusal(&told), "401 invalid_signature");
    }
    assert_eq!(shop.state("s-1").await, "pending");
    assert_eq!(
        shop.hook("stripe", &[("stripe-signature", &good)], &body)
            .await
            .status,
        200
    );
    assert_eq!(shop.balance().await, "10.00");
}

#[tokio::test]
async fn stripe_is_believed_its_own_order_amount_and_currency_in_any_order() {
    let shop = shop().await;
    for (id, provider) in [("s-1", "stripe"), ("s-2", "stripe"), ("b-1", "bank_transfer")] {
        let order = json!({"id": id, "account": "acme", "provider": provider, "amount": "10.00"});
        shop.order(order).await;
    }
    let mut unpaid = session("s-1", 1_000, "usd");
    unpaid["data"]["object"]["payment_status"] = json!("unpaid");
    let mut expired = session("s-1", 1_000, "usd");
    expired["type"] = json!("checkout.session.expired");
    for (event, status) in [
        (session("s-1", 999, "usd"), 409),
        (session("s-1", 1_000, "eur"), 409),
        (session("s-1", 1_000, "krw"), 409),
        (session("b-1", 1_000, "usd"), 409),
        (session("nobody", 1_000, "usd"), 404),
        (unpaid, 200),
    ] {
        assert_eq!(shop.signed("stripe", &event).await.status, status, "{event}");
    }
    assert_eq!(shop.balance().await, "0.00");
    assert_eq!(
        shop.signed("stripe", &session("s-1", 1_000, "usd")).await.status,
        200
    );
    // What was told before comes late, and changes nothing.
    assert_eq!(shop.signed("stripe", &expired).await.status, 200);
    assert_eq!(
        (shop.balance().await.as_str(), shop.state("s-1").await.as_str()),
        ("10.00", "paid")
    );
    // The same payment for another order.
    assert_eq!(
        shop.signed("stripe", &session("s-2", 1_000, "usd")).await.status,
        409
    );
    assert_eq!(shop.balance().await, "10.00");
    adds_up(&shop.gateway).await;
}

#[tokio::test]
async fn a_thousand_replays_at_once_credit_once() {
    let shop = shop().await;
    let order = json!({"id": "s-1", "account": "acme", "provider": "stripe", "amount": "10.00"});
    shop.order(order).await;
    let body = session("s-1", 1_000, "usd").to_string();
    let signature = sign(STRIPE, now(), &body);
    let addr = shop.gateway.admin_addr;
    // A hundred at a time, which is what this process has descriptors and patience for.
    for _ in 0..10 {
        let local = tokio::task::LocalSet::new();
        let told: Vec<_> = (0..100)
            .map(|_| {
                let (body, signature) = (body.clone(), signature.clone());
                local.spawn_local(async move {
                    hook(addr, "stripe", &[("stripe-signature", &signature)], &body)
                        .await
                        .status
                })
            })
            .collect();
        local
            .run_until(async {
                for told in told {
                    assert_eq!(told.await.unwrap(), 200);
                }
            })
            .await;
    }
    assert_eq!(shop.balance().await, "10.00");
    adds_up(&shop.gateway).await;
}

#[tokio::test]
async fn toss_is_asked_before_anything_is_credited() {
    let shop = shop().await;
    let order =
        json!({"id": "t-1", "account": "acme", "provider": "toss", "amount": 50000, "currency": "KRW"});
    shop.order(order).await;
    let event = json!({"eventType": "PAYMENT_STATUS_CHANGED", "data": {"paymentKey": "pay_1", "orderId": "t-1", "status": "DONE", "totalAmount": 50000}});
    for wrong in [
        payment("t-1", "DONE", 500, "KRW"),
        payment("t-1", "DONE", 50_000, "USD"),
        payment("t-1", "WAITING_FOR_DEPOSIT", 50_000, "KRW"),
        payment("t-2", "DONE", 50_000, "KRW"),
    ] {
        shop.toss.change_script(wrong);
        shop.hook("toss", &[], &event.to_string()).await;
        let confirmed = admin(
            &shop.gateway,
            "POST",
            "/topups/t-1/confirm",
            json!({"payment_key": "pay_1"}),
        )
        .await;
        assert_eq!(refusal(&confirmed), "409 conflict");
    }
    assert_eq!(
        (shop.balance().await.as_str(), shop.state("t-1").await.as_str()),
        ("0.00", "pending")
    );
    shop.toss.change_script(payment("t-1", "DONE", 50_000, "KRW"));
    let confirmed = done(
        &shop.gateway,
        "POST",
        "/topups/t-1/confirm",
        json!({"payment_key": "pay_1"}),
    )
    .await;
    assert_eq!(confirmed["state"], "paid");
    for _ in 0..3 {
        assert_eq!(shop.hook("toss", &[], &event.to_string()).await.status, 200);
    }
    assert_eq!(shop.balance().await, "36.00");
    let told: String = shop
        .toss
        .truth()
        .iter()
        .map(|connection| connection.received_text())
        .collect();
    // `test_sk_of-a-shop:` in base64.
    assert!(told.contains("Basic dGVzdF9za19vZi1hLXNob3A6"), "{told}");
    assert!(
        told.contains(r#""amount":50000"#) && told.contains("idempotency-key: t-1"),
        "{told}"
    );
    let bad = json!({"data": {"paymentKey": "../v1/other"}}).to_string();
    assert_eq!(shop.hook("toss", &[], &bad).await.status, 400);
    adds_up(&shop.gateway).await;
}

#[tokio::test]
async fn a_voucher_is_worth_its_credit_once() {
    let shop = shop().await;
    let made = done(
        &shop.gateway,
        "POST",
        "/vouchers",
        json!({"batch": "spring", "count": 2, "usd": "5.00"}),
    )
    .await;
    let code = made["codes"][0].as_str().unwrap().to_owned();
    let redeem =
        |id: &str, code: &str| json!({"id": id, "account": "acme", "provider": "voucher", "code": code});
    assert_eq!(
        shop.order(redeem("v-1", &code.to_lowercase())).await["state"],
        "paid"
    );
    assert_eq!(shop.order(redeem("v-1", &code)).await["state"], "paid");
    for (id, code) in [("v-2", code.as_str()), ("v-3", "CFV-UNKNOWN"), ("v-4", "")] {
        let refused = admin(&shop.gateway, "POST", "/topups", redeem(id, code)).await;
        assert_eq!(refusal(&refused), "400 invalid_request");
    }
    let old = json!({"batch": "old", "count": 1, "usd": "5.00", "code_expires_at": "2020-01-01T00:00:00Z"});
    let old = done(&shop.gateway, "POST", "/vouchers", old).await["codes"][0]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(
        admin(&shop.gateway, "POST", "/topups", redeem("v-5", &old))
            .await
            .status,
        400
    );
    assert_eq!(shop.balance().await, "5.00");
    let batches = look(&shop.gateway, "/vouchers").await;
    assert_eq!(batches["vouchers"][1]["redeemed"], 1, "{batches}");
    adds_up(&shop.gateway).await;
}

#[tokio::test]
async fn what_was_not_spent_of_a_vouchers_credit_is_taken_back_when_it_expires() {
    let shop = shop().await;
    let soon = jiff::Timestamp::now() + jiff::SignedDuration::from_secs(3);
    let batch = json!({"batch": "brief", "count": 1, "usd": "5.00", "credit_expires_at": soon.to_string()});
    let made = done(&shop.gateway, "POST", "/vouchers", batch).await;
    let code = made["codes"][0].as_str().unwrap();
    let redeem = json!({"id": "v-1", "account": "acme", "provider": "voucher", "code": code});
    assert_eq!(shop.order(redeem).await["state"], "paid");
    assert_eq!(shop.balance().await, "5.00");
    wait::until_async("it has expired", SOON, async || shop.balance().await == "0.00").await;
    let ledger = look(&shop.gateway, "/ledger?account=acme").await;
    let last = ledger["entries"].as_array().unwrap().last().unwrap().clone();
    assert_eq!(
        (&last["credit"], &last["amount_usd"], &last["reason"]),
        (&json!("vouchers"), &json!("5.00"), &json!("credit expired"))
    );
    adds_up(&shop.gateway).await;
}

#[tokio::test]
async fn a_provider_that_is_not_configured_has_no_endpoint_and_takes_no_order() {
    let gateway = wait::spawn_crossfade(BINARY, &file("http://127.0.0.1:9"), &[]).await;
    done(&gateway, "POST", "/accounts", json!({"name": "acme"})).await;
    for provider in ["bank_transfer", "toss", "stripe"] {
        let told = hook(gateway.admin_addr, provider, &[], "{}").await;
        assert_eq!(refusal(&told), "404 not_found", "{provider}");
        let order = json!({"id": "x", "account": "acme", "provider": provider, "amount": "1.00"});
        assert_eq!(
            refusal(&admin(&gateway, "POST", "/topups", order).await),
            "400 invalid_request"
        );
    }
}
