//! An admin API that gives the answers of a script, in order, and remembers what it was asked.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

/// The token of every scripted gateway.
pub(crate) const TOKEN: &str = "a-token-of-the-test";

pub(crate) struct Gateway {
    pub(crate) addr: SocketAddr,
    shared: Arc<Shared>,
    _runtime: tokio::runtime::Runtime,
}

struct Shared {
    script: Mutex<VecDeque<(u16, String)>>,
    seen: Mutex<Vec<Seen>>,
}

/// One request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    /// `GET /admin/v1/deployments`.
    pub(crate) line: String,
    pub(crate) authorization: String,
    pub(crate) body: Value,
}

impl Gateway {
    /// Answers once, with 200.
    pub(crate) fn answering(answer: Value) -> Gateway {
        Gateway::with_script(vec![(200, answer.to_string())])
    }

    /// Refuses once, in the API's shape.
    pub(crate) fn refusing(status: u16, code: &str, message: &str) -> Gateway {
        let error = json!({"error": {"message": message, "type": "invalid_request_error", "param": null, "code": code}});
        Gateway::with_script(vec![(status, error.to_string())])
    }

    pub(crate) fn with_script(script: Vec<(u16, String)>) -> Gateway {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let shared = Arc::new(Shared {
            script: Mutex::new(script.into()),
            seen: Mutex::default(),
        });
        let router = Router::new().fallback(answer).with_state(Arc::clone(&shared));
        let listener = runtime
            .block_on(tokio::net::TcpListener::bind("127.0.0.1:0"))
            .unwrap();
        let addr = listener.local_addr().unwrap();
        runtime.spawn(async move { axum::serve(listener, router).await });
        Gateway {
            addr,
            shared,
            _runtime: runtime,
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.shared.seen.lock().unwrap().clone()
    }

    /// The only request that came.
    pub(crate) fn only_request(&self) -> Seen {
        let seen = self.seen();
        assert_eq!(seen.len(), 1, "{seen:?}");
        seen[0].clone()
    }
}

async fn answer(
    State(shared): State<Arc<Shared>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let authorization = headers
        .get("authorization")
        .map(|value| value.to_str().unwrap().to_owned());
    shared.seen.lock().unwrap().push(Seen {
        line: format!("{method} {uri}"),
        authorization: authorization.unwrap_or_default(),
        body: serde_json::from_slice(&body).unwrap_or_default(),
    });
    let next = shared.script.lock().unwrap().pop_front();
    let (status, text) = next.unwrap_or((
        410,
        json!({"error": {"message": "the script is over"}}).to_string(),
    ));
    (StatusCode::from_u16(status).unwrap(), text).into_response()
}
