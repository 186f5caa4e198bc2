//! Whole answers: what an account pays for them, and who pays where nobody reads them.

use serde_json::json;
use testkit::bad_upstream::BadUpstream;
use testkit::wait::{self, RawConnection};

use super::*;

fn raw(secret: &str, id: &str) -> String {
    let body = ten_tokens(false).to_string();
    let length = body.len();
    format!(
        "POST {CHAT} HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {secret}\r\nx-request-id: {id}\r\n\
         content-length: {length}\r\n\r\n{body}"
    )
}

/// What a request was charged, and whether that was estimated, once it is settled.
pub(crate) async fn charge(gateway: &CrossfadeProcess, id: &str) -> (i64, bool) {
    let mut shown = Value::Null;
    wait::until_async("it is settled", SOON, async || {
        let reply = admin(gateway, "GET", &format!("/requests/{id}"), Value::Null).await;
        shown = if reply.status == 200 {
            reply.json()
        } else {
            Value::Null
        };
        !shown["charge_usd"].is_null()
    })
    .await;
    (
        tokens(&shown["charge_usd"]),
        shown["estimated"].as_bool().unwrap(),
    )
}

/// A gateway whose vendor answers with seven tokens when told, and a key of each kind of account.
async fn seven() -> (BadUpstream, CrossfadeProcess, [String; 2]) {
    let vendor = BadUpstream::start(answer_when_told(7)).await;
    let gateway = wait::spawn_crossfade(BINARY, &file(&vendor.url()), &[]).await;
    let secrets = [
        prepaid(&gateway, "acme", 1_000).await,
        key(&gateway, json!({"name": "later-key", "account": "later"})).await,
    ];
    (vendor, gateway, secrets)
}

#[tokio::test]
async fn a_whole_answer_is_charged_though_its_client_has_left() {
    let (vendor, gateway, secrets) = seven().await;
    let mut ids = Vec::new();
    for (number, secret) in (1..).zip(secrets.iter().cycle().take(8)) {
        let mut connection = RawConnection::open(gateway.client_addr).await;
        let id = format!("left-{number}");
        connection.send(raw(secret, &id)).await;
        ids.push(id);
        wait::until("the vendor has it", SOON, || asked(&vendor) == number).await;
        if number % 3 == 0 {
            connection.reset();
        }
    }
    vendor.release("go");
    for id in &ids {
        assert_eq!(charge(&gateway, id).await, (7, false), "{id}");
    }
    assert_eq!(standing(&gateway, "acme").await, [972, 0, 972]);
    adds_up(&gateway).await;
}

#[tokio::test]
async fn and_so_it_is_over_http2() {
    let (vendor, gateway, secrets) = seven().await;
    let stream = tokio::net::TcpStream::connect(gateway.client_addr).await.unwrap();
    let (exec, io) = (
        hyper_util::rt::TokioExecutor::new(),
        hyper_util::rt::TokioIo::new(stream),
    );
    let (mut sender, connection) = hyper::client::conn::http2::handshake(exec, io).await.unwrap();
    tokio::spawn(connection);
    for (number, secret) in (1..).zip(&secrets) {
        let request = http::Request::post(format!("http://{}{CHAT}", gateway.client_addr))
            .header("authorization", format!("Bearer {secret}"))
            .header("x-request-id", format!("left-{number}"))
            .body(http_body_util::Full::new(bytes::Bytes::from(
                ten_tokens(false).to_string(),
            )))
            .unwrap();
        tokio::select! {
            answered = sender.send_request(request) => panic!("{answered:?}"),
            () = wait::until("the vendor has it", SOON, || asked(&vendor) == number) => {}
        }
    }
    vendor.release("go");
    for id in ["left-1", "left-2"] {
        assert_eq!(charge(&gateway, id).await, (7, false), "{id}");
    }
}

/// No second vendor is asked for who has left.
#[tokio::test]
async fn a_vendor_that_fails_one_who_has_left_costs_nothing_and_is_not_asked_again() {
    let mut failing = answer_when_told(7);
    failing.truncate(2);
    failing.push(testkit::bad_upstream::json_answer(
        500,
        &json!({"error": {"message": "no"}}),
    ));
    failing.push(Step::Repeat);
    let vendor = BadUpstream::start(failing).await;
    let gateway = wait::spawn_crossfade(BINARY, &file(&vendor.url()), &[]).await;
    let secret = prepaid(&gateway, "acme", 100).await;
    let mut connection = RawConnection::open(gateway.client_addr).await;
    connection.send(raw(&secret, "left")).await;
    wait::until("the vendor has it", SOON, || asked(&vendor) == 1).await;
    connection.reset();
    // Its worker has seen the reset by the time that it has answered who came later.
    for _ in 0..4 {
        assert_eq!(wait::get(gateway.client_addr, "/health", &[]).await.status, 200);
    }
    vendor.release("go");
    wait::until_async("all is given back", SOON, async || {
        standing(&gateway, "acme").await == [100, 0, 100]
    })
    .await;
    assert_eq!(asked(&vendor), 1);
}

#[tokio::test]
async fn a_markup_is_in_the_charge_and_in_what_was_sold() {
    let (vendor, gateway, [secret, _]) = seven().await;
    vendor.release("go");
    done(&gateway, "PUT", "/accounts/acme", json!({"markup_percent": 50})).await;
    assert_eq!(ask(&gateway, &secret, &ten_tokens(false)).await.status, 200);
    let usage = async || look(&gateway, "/usage?by=account").await["total"].clone();
    wait::until_async("it is counted", SOON, async || usage().await["requests"] == 1).await;
    let sums = usage().await;
    assert_eq!(tokens(&sums["list_usd"]), 7);
    // 10.5 tokens.
    assert_eq!(sums["sold_usd"], json!("0.000084"));
    wait::until_async("it is charged", SOON, async || {
        look(&gateway, "/accounts/acme").await["balance_usd"] == json!("0.007916")
    })
    .await;
}

#[tokio::test]
async fn what_is_not_charged_by_the_token_is_refused_by_its_path_where_it_must_be_covered() {
    let (vendor, gateway, secrets) = seven().await;
    vendor.release("go");
    let picture = json!({"model": "assistant", "prompt": "hello"});
    let ask = async |secret: &str| {
        let bearer = format!("Bearer {secret}");
        let path = "/v1/images/generations";
        wait::post(gateway.client_addr, path, &[("authorization", &bearer)], &picture).await
    };
    let (before, later) = (ask(&secrets[0]).await, ask(&secrets[1]).await);
    assert_eq!(refusal(&before), "402 insufficient_quota");
    let said = "'/v1/images/generations' is not charged by the token";
    assert!(before.text().contains(said), "{}", before.text());
    assert_eq!(later.status, 200);
}
