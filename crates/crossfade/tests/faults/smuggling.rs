//! Bytes that two servers could read differently, from both ends, and words that try to become something else.
//!
//! The gateway's own room holds the usual rows (`framing` there); here is the whole set against the process, judged
//! by what the vendor really received.

use serde_json::{Value, json};
use testkit::bad_upstream::{BadUpstream, Step, json_answer};
use testkit::wait::{self, CrossfadeProcess, RawConnection};

use crate::house::*;
use crate::invariants;
use crate::leaving::{file_for, request_with};
use crate::measure::figure;

pub(crate) fn answer() -> Value {
    json!({"id": "a", "object": "chat.completion", "created": 1, "model": "blue-model",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": "hi"}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 5, "completion_tokens": 1, "total_tokens": 6}})
}

pub(crate) async fn well_vendor() -> BadUpstream {
    BadUpstream::start(vec![Step::ReadRequest, json_answer(200, &answer()), Step::Repeat]).await
}

/// The statuses of all answers to these bytes, until the gateway closes.
async fn statuses(gateway: &CrossfadeProcess, bytes: impl AsRef<[u8]>) -> Vec<String> {
    let said = wait::raw(gateway.client_addr, bytes).await;
    let said = String::from_utf8_lossy(&said).into_owned();
    let heads = said.split("HTTP/1.1 ").skip(1);
    heads.map(|head| head.chars().take(3).collect()).collect()
}

/// Requests whose end is not where another server would see it. Each carries a second request in what one of
/// the two would take for the body.
fn ambiguous() -> Vec<(&'static str, String)> {
    let start = format!("POST {CHAT} HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {APP}\r\n");
    let hidden = format!("GET /v1/models HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {APP}\r\n\r\n");
    let body = chat().to_string();
    let length = body.len();
    let chunked = format!("{length:x}\r\n{body}\r\n0\r\n\r\n{hidden}");
    let te = |line: &str| format!("{start}{line}\r\n\r\n{chunked}");
    let cl = |lines: &str| format!("{start}{lines}\r\n\r\n{body}{hidden}");
    let chunks = |bytes: &str| format!("{start}transfer-encoding: chunked\r\n\r\n{bytes}{hidden}");
    vec![
        (
            "CL then TE",
            te(&format!("content-length: {length}\r\ntransfer-encoding: chunked")),
        ),
        (
            "TE then CL",
            te("transfer-encoding: chunked\r\ncontent-length: 4"),
        ),
        (
            "CL of 0 and TE",
            te("content-length: 0\r\ntransfer-encoding: chunked"),
        ),
        (
            "two CL that differ",
            cl(&format!("content-length: {length}\r\ncontent-length: 0")),
        ),
        (
            "two CL that agree",
            cl(&format!("content-length: {length}\r\ncontent-length: {length}")),
        ),
        ("CL as a list", cl(&format!("content-length: {length}, {length}"))),
        ("CL with a plus", cl(&format!("content-length: +{length}"))),
        ("CL with a minus", cl("content-length: -1")),
        ("CL in hexadecimal", cl(&format!("content-length: 0x{length:x}"))),
        ("CL with a space inside", cl("content-length: 1 2")),
        ("CL that is empty", cl("content-length: ")),
        ("CL beyond 64 bits", cl("content-length: 18446744073709551617")),
        (
            "a space before the colon",
            cl(&format!("content-length : {length}")),
        ),
        ("a tab before the colon", te("transfer-encoding\t: chunked")),
        (
            "TE twice",
            te("transfer-encoding: chunked\r\ntransfer-encoding: chunked"),
        ),
        (
            "TE twice, the first unknown",
            te("transfer-encoding: x\r\ntransfer-encoding: chunked"),
        ),
        ("TE of identity", te("transfer-encoding: identity")),
        (
            "TE of chunked, identity",
            te("transfer-encoding: chunked, identity"),
        ),
        ("TE that begins with a comma", te("transfer-encoding: ,chunked")),
        ("TE in quotes", te("transfer-encoding: \"chunked\"")),
        ("TE with a vertical tab", te("transfer-encoding: \u{b}chunked")),
        ("TE misspelt", te("transfer-encoding: xchunked")),
        ("TE folded", te("transfer-encoding:\r\n chunked")),
        (
            "TE under a folded line",
            te("x: y\r\n transfer-encoding: chunked"),
        ),
        (
            "TE in HTTP/1.0",
            te("transfer-encoding: chunked").replace("HTTP/1.1\r\nhost", "HTTP/1.0\r\nhost"),
        ),
        (
            "a bare LF between headers",
            te("x: y\ntransfer-encoding: chunked"),
        ),
        (
            "a bare LF at the end of the head",
            format!("{start}content-length: {length}\n\n{body}{hidden}"),
        ),
        (
            "a bare CR in a value",
            cl(&format!("x: y\rcontent-length: {length}")),
        ),
        (
            "a NUL in a value",
            cl(&format!("x: \0\r\ncontent-length: {length}")),
        ),
        (
            "a NUL in a name",
            cl(&format!("x\0: y\r\ncontent-length: {length}")),
        ),
        ("no name", cl(&format!(": y\r\ncontent-length: {length}"))),
        (
            "a header before the first line's end",
            format!("POST {CHAT} HTTP/1.1 x: y\r\nhost: a\r\n\r\n"),
        ),
        ("two Hosts", cl(&format!("host: b\r\ncontent-length: {length}"))),
        (
            "no Host",
            cl(&format!("content-length: {length}")).replace("host: a\r\nauth", "auth"),
        ),
        (
            "a Host with a path",
            cl(&format!("content-length: {length}")).replace("host: a", "host: a/b"),
        ),
        (
            "a Host with a user",
            cl(&format!("content-length: {length}")).replace("host: a", "host: a@b"),
        ),
        (
            "a version of two digits",
            cl(&format!("content-length: {length}")).replace("HTTP/1.1\r\nhost", "HTTP/1.10\r\nhost"),
        ),
        (
            "a chunk ended by LF",
            chunks(&format!("{length:x}\n{body}\r\n0\r\n\r\n")),
        ),
        (
            "a chunk's data ended by LF",
            chunks(&format!("{length:x}\r\n{body}\n0\r\n\r\n")),
        ),
        (
            "a chunk longer than it says",
            chunks(&format!("{:x}\r\n{body}\r\n0\r\n\r\n", length - 1)),
        ),
        ("a chunk of minus one", chunks("-1\r\n\r\n0\r\n\r\n")),
        (
            "a chunk with 0x",
            chunks(&format!("0x{length:x}\r\n{body}\r\n0\r\n\r\n")),
        ),
        (
            "a chunk without a size",
            chunks(&format!("\r\n{body}\r\n0\r\n\r\n")),
        ),
        (
            "a chunk's size with a space before",
            chunks(&format!(" {length:x}\r\n{body}\r\n0\r\n\r\n")),
        ),
        (
            "a chunk beyond 64 bits",
            chunks("10000000000000001\r\na\r\n0\r\n\r\n"),
        ),
        (
            "a bare LF in a chunk's extension",
            chunks(&format!("{length:x};a\nb\r\n{body}\r\n0\r\n\r\n")),
        ),
        (
            "a trailer with a bare LF",
            chunks(&format!("{length:x}\r\n{body}\r\n0\r\nx: y\n\r\n")),
        ),
    ]
}

#[tokio::test]
async fn nothing_that_has_two_readings_gets_to_a_vendor() {
    let vendor = well_vendor().await;
    let gateway = wait::spawn_crossfade(BINARY, &file_for(&vendor.url()), &[]).await;
    let before = invariants::before(&gateway);
    let rows = ambiguous();
    figure("smuggling, ways", rows.len());
    let mut wrong = Vec::new();
    for (name, bytes) in &rows {
        let statuses = statuses(&gateway, bytes).await;
        let sent = vendor.connections();
        // One refusal and the end: what follows is nobody's request.
        if statuses.len() != 1 || !["400", "413", "501", "505"].contains(&&*statuses[0]) || sent > 0 {
            wrong.push(format!("{name}: {statuses:?}, {sent} connections to the vendor"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    let well = request_with(&chat().to_string()).replace("host: a", "host: a\r\nconnection: close");
    assert_eq!(statuses(&gateway, well).await, ["200"]);
    invariants::hold(&gateway, &before).await;
}

/// What is odd but has one reading is framed anew.
#[tokio::test]
async fn what_is_sent_on_is_framed_by_the_gateway_itself() {
    let vendor = well_vendor().await;
    let gateway = wait::spawn_crossfade(BINARY, &file_for(&vendor.url()), &[]).await;
    let before = invariants::before(&gateway);
    let body = chat().to_string();
    let (one, two) = body.split_at(9);
    let chunks = format!(
        "{:X};ext=\"a\"\r\n{one}\r\n000{:x}\r\n{two}\r\n0\r\nx-trailer: y\r\n\r\n",
        one.len(),
        two.len()
    );
    let start = format!("POST {CHAT} HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {APP}\r\n");
    let request = format!(
        "{start}connection: close, x-hop\r\nx-hop: gone\r\nte: trailers\r\nupgrade: h2c\r\nkeep-alive: 5\r\n\
         proxy-connection: keep-alive\r\ntrailer: x-trailer\r\nTransfer-Encoding: Chunked\r\n\r\n{chunks}"
    );
    assert_eq!(statuses(&gateway, request).await, ["200"]);
    let sent = vendor.truth()[0].received_text().to_lowercase();
    let (head, sent_body) = sent.split_once("\r\n\r\n").unwrap();
    assert_eq!(head.matches("content-length:").count(), 1, "{head}");
    assert_eq!(head.matches("\r\nhost:").count(), 1, "{head}");
    for gone in [
        "transfer-encoding",
        "connection:",
        "upgrade",
        "x-hop",
        "\r\nte:",
        "trailer",
        "keep-alive",
    ] {
        assert!(!head.contains(gone), "{gone} in {head}");
    }
    let length = format!("content-length: {}", sent_body.len());
    assert!(head.contains(&length) && sent_body.ends_with('}'), "{sent}");
    invariants::hold(&gateway, &before).await;
}

/// A vendor's answers that have two readings, or more behind them than was asked for: whoever is next on that
/// connection must not get what is left.
#[tokio::test]
async fn no_answer_leaves_anything_for_the_next_client() {
    let poison = json!({"poison": true}).to_string();
    let whole = answer().to_string();
    let (length, poisoned) = (whole.len(), poison.len());
    let next = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {poisoned}\r\n\r\n{poison}"
    );
    let json = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n";
    let chunks = format!("{length:x}\r\n{whole}\r\n0\r\n\r\n");
    let rows = [
        (
            "a second answer behind",
            format!("{json}content-length: {length}\r\n\r\n{whole}{next}"),
        ),
        (
            "a second answer behind chunks",
            format!("{json}transfer-encoding: chunked\r\n\r\n{chunks}{next}"),
        ),
        (
            "CL and TE",
            format!("{json}content-length: {length}\r\ntransfer-encoding: chunked\r\n\r\n{chunks}{next}"),
        ),
        (
            "two CL",
            format!("{json}content-length: {length}\r\ncontent-length: 0\r\n\r\n{whole}{next}"),
        ),
        (
            "a CL too small",
            format!("{json}content-length: 2\r\n\r\n{{}}{next}"),
        ),
        (
            "a bare LF",
            format!("{json}x: y\ncontent-length: {length}\r\n\r\n{whole}{next}"),
        ),
        (
            "a chunk ended by LF",
            format!("{json}transfer-encoding: chunked\r\n\r\n{length:x}\n{whole}\r\n0\r\n\r\n{next}"),
        ),
        (
            "a 204 with a body",
            format!("HTTP/1.1 204 None\r\ncontent-length: {length}\r\n\r\n{whole}{next}"),
        ),
        (
            "a 100 with a body",
            format!("HTTP/1.1 100 Continue\r\ncontent-length: {length}\r\n\r\n{whole}{next}"),
        ),
        (
            "switched protocols",
            format!("HTTP/1.1 101 Switching\r\nupgrade: h2c\r\n\r\n{next}"),
        ),
    ];
    let vendor = well_vendor().await;
    let gateway = wait::spawn_crossfade(
        BINARY,
        &file_for(&vendor.url()).replace("workers: 2", "workers: 1"),
        &[],
    )
    .await;
    let before = invariants::before(&gateway);
    for (name, bytes) in rows {
        // The connection stays open for whoever would use it again.
        vendor.change_script(vec![
            Step::ReadRequest,
            Step::send(bytes),
            Step::HoldUntilPeerEnds,
        ]);
        let first = post_to(&gateway, APP, &[], &chat()).await;
        assert!(!first.text().contains("poison"), "{name}: {}", first.text());
        vendor.change_script(vec![Step::ReadRequest, json_answer(200, &answer()), Step::Repeat]);
        let second = post_to(&gateway, APP, &[], &chat()).await;
        assert!(
            !second.text().contains("poison"),
            "{name}: the next client got {}",
            second.text()
        );
        assert_eq!(second.status, 200, "{name}: {}", second.text());
        // And again on the connection of the second.
        assert_eq!(post_to(&gateway, APP, &[], &chat()).await.status, 200, "{name}");
    }
    invariants::hold(&gateway, &before).await;
}

fn file_with_gemini(vendor: &str) -> String {
    file_for(vendor).replace(
        "deployments:",
        &format!("  gem: {{dialect: gemini, base_url: {vendor}/base, api_key: {VENDOR_KEY}}}\ndeployments:"),
    )
}

/// Names become a part of the vendor's path, of headers and of messages: they must stay names.
#[tokio::test]
async fn names_stay_names_wherever_they_are_put() {
    let vendor = well_vendor().await;
    let gateway = wait::spawn_crossfade(BINARY, &file_with_gemini(&vendor.url()), &[]).await;
    let before = invariants::before(&gateway);
    let names = [
        "gem/x\r\nx-injected: 1",
        "gem/x HTTP/1.1\r\nx-injected: 1\r\n\r\nGET /x",
        "gem/../../../admin",
        "gem/x/../../y",
        "gem/x?key=stolen&",
        "gem/x#y",
        "gem/x%0d%0ax-injected: 1",
        "gem/%2e%2e/%2e%2e/admin",
        "gem/x\u{0}y",
        "gem/x\"},\"injected\":\"",
        "sim/x\r\nx-injected: 1",
        "sim/x\", \"injected\": \"",
        "assistant\r\nx-injected: 1",
        "\r\nx-injected: 1",
    ];
    for name in names {
        let body = json!({"model": name, "messages": [{"role": "user", "content": "hello"}]});
        let reply = post_to(&gateway, APP, &[], &body).await;
        assert!(reply.header("x-injected").is_none(), "{name:?}");
    }
    for truth in vendor.truth() {
        let text = truth.received_text();
        for request in text.split("POST ").skip(1) {
            let (head, body) = request.split_once("\r\n\r\n").unwrap();
            assert!(!head.contains("\r\nx-injected"), "{request}");
            let line = head.lines().next().unwrap();
            let path = line.strip_suffix(" HTTP/1.1").unwrap_or_else(|| panic!("{line}"));
            assert!(
                !path.contains("..") && !path.contains("key=stolen") && !path.contains(' '),
                "{line}"
            );
            assert!(path.starts_with("/v1/") || path.starts_with("/base/"), "{line}");
            let json: Value = serde_json::from_str(body.split("POST ").next().unwrap()).unwrap();
            assert!(json.get("injected").is_none(), "{json}");
        }
    }
    invariants::hold(&gateway, &before).await;
}

/// Paths that try to leave the API, reach the admin's, or smuggle a line.
#[tokio::test]
async fn paths_lead_nowhere_but_where_they_say() {
    let vendor = well_vendor().await;
    let gateway = wait::spawn_crossfade(BINARY, &file_with_gemini(&vendor.url()), &[]).await;
    let before = invariants::before(&gateway);
    let paths = [
        "/v1/../admin/v1/keys",
        "/v1/%2e%2e/admin/v1/keys",
        "/v1/chat/../../admin/v1/keys",
        "//admin/v1/keys",
        "/admin/v1/keys",
        "/metrics",
        "http://127.0.0.1:1/v1/chat/completions",
        "//evil.example/v1/chat/completions",
        "/v1/files/..%2f..%2fx",
        "/v1/files/%0d%0ax-injected:%201",
        "/v1/files/x%00y",
        "/v1beta/models/gem%2F..%2F..%2Fx:generateContent",
        "/v1beta/models/gem%2Fx%0d%0ax-injected:1:generateContent",
        "/v1beta/models/gem%2Fx%3Fkey=stolen:generateContent",
        "/v1/chat/completions?x=\r\nx-injected: 1",
        "/v1/chat/completions\tHTTP/1.1",
        "*",
        "",
    ];
    let body = json!({"model": "assistant", "messages": [], "contents": []}).to_string();
    for path in paths {
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {APP}\r\nconnection: close\r\n"
        );
        let said = wait::raw(
            gateway.client_addr,
            format!("{head}content-length: {}\r\n\r\n{body}", body.len()),
        )
        .await;
        let said = String::from_utf8_lossy(&said).into_owned();
        assert!(
            !said.contains("\"secret\"") && !said.contains("# HELP"),
            "{path}: {said}"
        );
    }
    for truth in vendor.truth() {
        for request in truth.received_text().split("POST ").skip(1) {
            let head = request.split("\r\n\r\n").next().unwrap();
            assert!(!head.to_lowercase().contains("\r\nx-injected"), "{head}");
            let path = head.split(' ').next().unwrap();
            let decoded = path.to_lowercase().replace("%2e", ".").replace("%2f", "/");
            assert!(
                !decoded.contains("/../") && !path.contains("key=stolen"),
                "{path}"
            );
            assert!(path.starts_with("/v1/") || path.starts_with("/base/"), "{path}");
        }
    }
    invariants::hold(&gateway, &before).await;
}

/// Names that an operator or a client gives come up in metrics, log and events: as values, never as lines.
#[tokio::test]
async fn names_make_no_lines_in_metrics_or_log() {
    let house = house().await;
    let before = invariants::before(&house.gateway);
    let name = "a\nforged_metric 1\n\"} x{y=\"\r\n{\"level\":\"FORGED\"}";
    let made = house.admin("POST", "/keys", json!({"name": name})).await;
    if let Some(secret) = made.json()["secret"].as_str() {
        house.status(secret).await;
    }
    let headers = [
        ("x-request-id", "id\",\"level\":\"FORGED"),
        ("x-session-id", "s\u{85}\u{2028}FORGED"),
    ];
    house.chat(&headers).await;
    let mut raw = RawConnection::open(house.gateway.client_addr).await;
    raw.send("GET /v1/\u{1b}[31m HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")
        .await;
    raw.read_to_end().await;
    let metrics = house.page("/metrics").await;
    assert!(
        metrics.lines().all(|line| !line.starts_with("forged")),
        "{metrics}"
    );
    for line in house.gateway.log().lines() {
        let read: Value = serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}"));
        assert_ne!(read["level"], "FORGED", "{line}");
        assert!(!line.contains('\u{1b}'), "{line}");
    }
    invariants::hold(&house.gateway, &before).await;
}
