//! A gateway process in front of simulated vendors, with one deployment: `assistant`, blue and green.

use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};
use testkit::vendors::{ModelBehaviour, Simulator, SimulatorConfig};
use testkit::wait::{self, CrossfadeProcess, EventStream, RawConnection, Reply};

pub(crate) const BINARY: &str = env!("CARGO_BIN_EXE_crossfade");
/// The secret of the file's key `app`.
pub(crate) const APP: &str = "cf-app-of-the-file-0123456789";
/// What the vendors want to see, and nobody else may.
pub(crate) const VENDOR_KEY: &str = "sk-vendor-key-0123456789";
pub(crate) const CHAT: &str = "/v1/chat/completions";
/// The longest that anything here is waited for.
pub(crate) const SOON: Duration = Duration::from_secs(10);

pub(crate) struct House {
    pub(crate) vendors: Simulator,
    pub(crate) gateway: CrossfadeProcess,
}

/// The gateway with the usual file.
pub(crate) async fn house() -> House {
    house_with(|file| file).await
}

/// The gateway with what `change` makes of the usual file.
pub(crate) async fn house_with(change: impl FnOnce(String) -> String) -> House {
    let vendors = vendors().await;
    let file = change(usual_file(&vendors.url()));
    House {
        gateway: wait::spawn_crossfade(BINARY, &file, &[]).await,
        vendors,
    }
}

pub(crate) async fn vendors() -> Simulator {
    let config = SimulatorConfig {
        required_key: Some(VENDOR_KEY.to_owned()),
        default_behaviour: ModelBehaviour::instant(),
        ..SimulatorConfig::default()
    };
    Simulator::start(config).await.unwrap()
}

pub(crate) fn usual_file(vendors: &str) -> String {
    format!(
        "admin_token: ${{CROSSFADE_ADMIN_TOKEN}}
workers: 2
providers:
  sim: {{dialect: openai, base_url: {vendors}/v1, api_key: {VENDOR_KEY}}}
deployments:
  assistant:
    blue: {{provider: sim, model: blue-model}}
    green: {{provider: sim, model: green-model}}
    split: {{green: 0}}
keys:
  - {{name: app, secret: {APP}}}
"
    )
}

pub(crate) fn chat() -> Value {
    json!({"model": "assistant", "messages": [{"role": "user", "content": "hello"}]})
}

pub(crate) fn streamed() -> Value {
    json!({"model": "assistant", "stream": true, "messages": [{"role": "user", "content": "hello"}]})
}

/// Answers that take long enough to be met in flight, at some 50 tokens a second.
pub(crate) fn slow(tokens: u32) -> ModelBehaviour {
    ModelBehaviour {
        tokens_per_second: 50.0,
        answer_tokens: tokens,
        ..ModelBehaviour::instant()
    }
}

impl House {
    pub(crate) async fn post(&self, headers: &[(&str, &str)], body: &Value) -> Reply {
        post_to(&self.gateway, APP, headers, body).await
    }

    pub(crate) async fn chat(&self, headers: &[(&str, &str)]) -> Reply {
        self.post(headers, &chat()).await
    }

    /// Side and reason of one request that is answered well, as `blue split`.
    pub(crate) async fn routed(&self, headers: &[(&str, &str)]) -> String {
        let reply = self.chat(headers).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        routed(&reply)
    }

    /// The status that a secret gets.
    pub(crate) async fn status(&self, secret: &str) -> u16 {
        post_to(&self.gateway, secret, &[], &chat()).await.status
    }

    /// A stream whose first event is there, so that it is in flight.
    pub(crate) async fn stream(&self, headers: &[(&str, &str)]) -> EventStream {
        let bearer = format!("Bearer {APP}");
        let mut all = vec![("authorization", bearer.as_str())];
        all.extend_from_slice(headers);
        let mut stream = wait::stream(self.gateway.client_addr, CHAT, &all, &streamed()).await;
        assert_eq!(stream.status, 200);
        stream.next().await.unwrap();
        stream
    }

    pub(crate) async fn admin(&self, method: &str, path: &str, body: Value) -> Reply {
        admin(&self.gateway, method, path, body).await
    }

    /// A change that must be taken; the answer's JSON.
    pub(crate) async fn done(&self, method: &str, path: &str, body: Value) -> Value {
        done(&self.gateway, method, path, body).await
    }

    pub(crate) async fn split(&self, green: f64) -> Value {
        self.done("PUT", "/deployments/assistant/split", json!({"green": green}))
            .await
    }

    pub(crate) async fn deployment(&self) -> Value {
        look(&self.gateway, "/deployments/assistant").await
    }

    /// A page of the admin address, as text.
    pub(crate) async fn page(&self, path: &str) -> String {
        let bearer = format!("Bearer {}", self.gateway.admin_token);
        let reply = wait::get(self.gateway.admin_addr, path, &[("authorization", &bearer)]).await;
        assert_eq!(reply.status, 200, "{path}: {}", reply.text());
        reply.text()
    }

    pub(crate) async fn cli(&self, words: &[&str]) -> Ran {
        cli(&self.gateway, words).await
    }

    /// Waits until the deployment is as wanted, and returns it.
    pub(crate) async fn until(&self, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let mut seen = Value::Null;
        wait::until_async(what, SOON, async || {
            seen = self.deployment().await;
            wanted(&seen)
        })
        .await;
        seen
    }
}

pub(crate) async fn post_to(
    gateway: &CrossfadeProcess,
    secret: &str,
    headers: &[(&str, &str)],
    body: &Value,
) -> Reply {
    let bearer = format!("Bearer {secret}");
    let mut all = vec![("authorization", bearer.as_str())];
    all.extend_from_slice(headers);
    wait::post(gateway.client_addr, CHAT, &all, body).await
}

/// Asks the admin API; `path` begins after `/admin/v1`, a body of `null` is none.
pub(crate) async fn admin(gateway: &CrossfadeProcess, method: &str, path: &str, body: Value) -> Reply {
    let bearer = format!("Bearer {}", gateway.admin_token);
    let path = format!("/admin/v1{path}");
    let body = (!body.is_null()).then_some(&body);
    wait::request(
        gateway.admin_addr,
        method,
        &path,
        &[("authorization", &bearer)],
        body,
    )
    .await
}

pub(crate) async fn done(gateway: &CrossfadeProcess, method: &str, path: &str, body: Value) -> Value {
    let reply = admin(gateway, method, path, body).await;
    assert!(
        (200..300).contains(&reply.status),
        "{method} {path}: {} {}",
        reply.status,
        reply.text()
    );
    reply.json()
}

pub(crate) async fn look(gateway: &CrossfadeProcess, path: &str) -> Value {
    done(gateway, "GET", path, Value::Null).await
}

pub(crate) fn routed(reply: &Reply) -> String {
    let header = |name| reply.header(name).unwrap_or("-");
    format!(
        "{} {}",
        header("x-deployment-environment"),
        header("x-deployment-reason")
    )
}

/// The revision that an answer was routed by.
pub(crate) fn revision(reply: &Reply) -> u64 {
    reply.header("x-deployment-revision").unwrap().parse().unwrap()
}

/// Status and code of an error of ours, as `409 conflict`.
pub(crate) fn refusal(reply: &Reply) -> String {
    let json = reply.json();
    format!(
        "{} {}",
        reply.status,
        json["error"]["code"].as_str().unwrap_or("-")
    )
}

/// What a verb of the command line came to.
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// Runs a verb as on the gateway's own machine: it finds address and token by the file.
pub(crate) async fn cli(gateway: &CrossfadeProcess, words: &[&str]) -> Ran {
    let ran = tokio::process::Command::new(BINARY)
        .args(words)
        .current_dir(gateway.folder())
        .env("CROSSFADE_ADMIN_TOKEN", &gateway.admin_token)
        .stdin(Stdio::null())
        .output()
        .await
        .unwrap();
    Ran {
        code: ran.status.code().unwrap(),
        out: String::from_utf8(ran.stdout).unwrap(),
        err: String::from_utf8(ran.stderr).unwrap(),
    }
}

/// The admin API's events, from a connection that stays open.
pub(crate) struct Events {
    connection: RawConnection,
    text: String,
}

impl Events {
    /// All after the event with this id, or from now on.
    pub(crate) async fn open(gateway: &CrossfadeProcess, after: Option<u64>) -> Events {
        let (addr, token) = (gateway.admin_addr, &gateway.admin_token);
        let mut head =
            format!("GET /admin/v1/events HTTP/1.1\r\nhost: {addr}\r\nauthorization: Bearer {token}\r\n");
        if let Some(id) = after {
            head += &format!("last-event-id: {id}\r\n");
        }
        let mut connection = RawConnection::open(addr).await;
        connection.send(format!("{head}\r\n")).await;
        let mut events = Events {
            connection,
            text: String::new(),
        };
        events.read_until("\r\n\r\n").await;
        assert!(events.text.starts_with("HTTP/1.1 200"), "{}", events.text);
        events
    }

    /// The next event of this kind with its id.
    pub(crate) async fn next(&mut self, kind: &str) -> (u64, Value) {
        let next = tokio::time::timeout(SOON, self.find(kind)).await;
        next.unwrap_or_else(|_| panic!("no event '{kind}' within {SOON:?}"))
    }

    async fn find(&mut self, kind: &str) -> (u64, Value) {
        loop {
            self.read_until("\n\n").await;
            let (block, rest) = self.text.split_once("\n\n").unwrap();
            let field = |name: &str| {
                block
                    .lines()
                    .find_map(|line| line.strip_prefix(name))
                    .map(str::trim)
            };
            let found = (field("event:") == Some(kind)).then(|| {
                let data = serde_json::from_str(field("data:").unwrap()).unwrap();
                (field("id:").unwrap().parse().unwrap(), data)
            });
            self.text = rest.to_owned();
            if let Some(found) = found {
                return found;
            }
        }
    }

    async fn read_until(&mut self, mark: &str) {
        while !self.text.contains(mark) {
            let bytes = self.connection.read_some().await.unwrap();
            assert!(!bytes.is_empty(), "the events ended after: {}", self.text);
            self.text += &String::from_utf8(bytes).unwrap();
        }
    }
}
