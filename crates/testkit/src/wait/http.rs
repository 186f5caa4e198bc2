//! Requests in one line each, on connections of their own.

use std::net::SocketAddr;

use serde_json::Value;

use super::connection::{RawConnection, Reply};
use super::event_stream::EventStream;

/// # Panics
/// If no HTTP answer comes.
pub async fn get(addr: SocketAddr, path: &str, headers: &[(&str, &str)]) -> Reply {
    request(addr, "GET", path, headers, None).await
}

/// # Panics
/// If no HTTP answer comes.
pub async fn post(addr: SocketAddr, path: &str, headers: &[(&str, &str)], body: &Value) -> Reply {
    request(addr, "POST", path, headers, Some(body)).await
}

/// Any method, with a JSON body or none.
///
/// # Panics
/// If no HTTP answer comes.
pub async fn request(
    addr: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: Option<&Value>,
) -> Reply {
    let mut connection = RawConnection::open(addr).await;
    connection
        .send(request_bytes(addr, method, path, headers, body))
        .await;
    connection.read_reply().await
}

/// Posts a request whose answer is read event by event.
///
/// # Panics
/// If no HTTP answer comes.
pub async fn stream(addr: SocketAddr, path: &str, headers: &[(&str, &str)], body: &Value) -> EventStream {
    let mut connection = RawConnection::open(addr).await;
    connection
        .send(request_bytes(addr, "POST", path, headers, Some(body)))
        .await;
    EventStream::begin(connection).await
}

fn request_bytes(
    addr: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: Option<&Value>,
) -> Vec<u8> {
    let mut head = format!("{method} {path} HTTP/1.1\r\nhost: {addr}\r\nconnection: close\r\n");
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    let body = body.map(Value::to_string).unwrap_or_default();
    if !body.is_empty() {
        head.push_str(&format!(
            "content-type: application/json\r\ncontent-length: {}\r\n",
            body.len()
        ));
    }
    format!("{head}\r\n{body}").into_bytes()
}
