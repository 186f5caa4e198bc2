//! A gateway with one deployment, `m`, whose green and blue are models of the simulator.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use decide::Share;
use decide::route::{Allowed, Names, Route, Sticky, Table};
use gateway::*;
use serde_json::{Value, json};
use testkit::vendors::{ModelBehaviour, Simulator, SimulatorConfig};
use testkit::wait::{self, Reply};

pub(crate) const SECRET: &str = "cf-test";
pub(crate) const DEADLINE: Duration = Duration::from_secs(10);

#[derive(Default)]
pub(crate) struct Seen(Mutex<Vec<Outcome>>);

impl Observer for Seen {
    fn observe(&self, outcome: Box<Outcome>) {
        self.0.lock().unwrap().push(*outcome);
    }
}

impl Seen {
    /// The outcomes, once there are this many.
    pub(crate) async fn outcomes(&self, count: usize) -> Vec<Outcome> {
        wait::until("outcomes are reported", DEADLINE, || {
            self.0.lock().unwrap().len() >= count
        })
        .await;
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

pub(crate) struct House {
    pub(crate) gateway: Gateway,
    pub(crate) addr: SocketAddr,
    pub(crate) vendors: Simulator,
    pub(crate) seen: Arc<Seen>,
}

/// What differs from test to test.
pub(crate) struct Plan {
    pub(crate) green: Option<&'static str>,
    pub(crate) split: &'static str,
    pub(crate) rescue: bool,
    /// Instead of the simulator.
    pub(crate) green_url: Option<String>,
    pub(crate) blue_url: Option<String>,
    pub(crate) timeouts: Timeouts,
    pub(crate) sticky: Sticky,
    pub(crate) http2: bool,
    pub(crate) max_concurrency: Option<u32>,
    /// The vendors take requests without a model.
    pub(crate) takes_no_model: bool,
    /// Forced into every request, as a field's name and its JSON.
    pub(crate) set: Vec<(String, String)>,
}

impl Default for Plan {
    fn default() -> Plan {
        Plan {
            green: Some("green-model"),
            split: "0",
            rescue: true,
            green_url: None,
            blue_url: None,
            timeouts: Timeouts::default(),
            sticky: Sticky::Auto,
            http2: false,
            max_concurrency: None,
            takes_no_model: false,
            set: Vec::new(),
        }
    }
}

pub(crate) async fn house(plan: Plan) -> House {
    let listen = "127.0.0.1:0".parse().unwrap();
    let config = SimulatorConfig {
        listen,
        default_behaviour: ModelBehaviour::instant(),
        ..Default::default()
    };
    let vendors = Simulator::start(config).await.unwrap();
    let seen = Arc::new(Seen::default());
    let shared = Arc::new(Shared::new(snapshot(&plan, &vendors.url(), 1), seen.clone()));
    shared.keys.insert(digest(SECRET.as_bytes()), key(true));
    shared.keys.insert(digest(b"cf-tied"), key(false));
    shared
        .keys
        .insert(digest(b"cf-limited"), key_to(Allowed::from_names(["m"])));
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let gateway = start(shared, listener, 2).unwrap();
    House {
        addr: gateway.address(),
        gateway,
        vendors,
        seen,
    }
}

fn key_to(allowed: Allowed) -> Arc<Key> {
    Arc::new(Key {
        name: "limited".into(),
        account: "limited".into(),
        allowed,
        may_override: true,
        expires_at: None,
        limits: None,
        has_account: false,
        budget: None,
    })
}

fn key(may_override: bool) -> Arc<Key> {
    let name: Arc<str> = if may_override { "app" } else { "tied" }.into();
    Arc::new(Key {
        account: name.clone(),
        name,
        allowed: Allowed::All,
        may_override,
        expires_at: None,
        limits: None,
        has_account: false,
        budget: None,
    })
}

pub(crate) fn snapshot(plan: &Plan, vendors: &str, revision: u64) -> Snapshot {
    let provider = |name: &str, url: &str| {
        let headers = vec![("authorization".to_owned(), "Bearer upstream-key".into())];
        let base_url = format!("{url}/v1");
        let address = Address {
            base_url: &base_url,
            http2: plan.http2,
            ca_file: None,
            headers,
        };
        let endpoint = Endpoint::new(address).unwrap();
        Arc::new(Provider {
            name: name.into(),
            dialect: dialect::Dialect::OpenAi,
            server: dialect::Server::Compatible,
            takes_no_model: plan.takes_no_model,
            endpoint,
            flight: Arc::default(),
        })
    };
    let blue = provider("blue-vendor", plan.blue_url.as_deref().unwrap_or(vendors));
    let green = provider("green-vendor", plan.green_url.as_deref().unwrap_or(vendors));
    let environment = |provider: &Arc<Provider>, model: &str| {
        Arc::new(Environment {
            provider: provider.clone(),
            model: model.into(),
            set: plan.set.clone(),
            default: Vec::new(),
            timeouts: plan.timeouts,
            max_concurrency: plan.max_concurrency,
            price: None,
            fallbacks: Vec::new(),
            flight: Arc::default(),
        })
    };
    let mut names = Names::default();
    names.add_deployment("m");
    names.add_provider("blue-vendor", 0);
    let route = Route {
        revision,
        green: Share::parse(plan.split).unwrap(),
        has_green: plan.green.is_some(),
        latched: false,
        salt: 5,
        sticky: plan.sticky,
    };
    let deployment = Deployment {
        name: "m".into(),
        blue: environment(&blue, "blue-model"),
        green: plan.green.map(|model| environment(&green, model)),
        rescue: plan.rescue,
        list: None,
    };
    Snapshot {
        table: Table {
            names: names.into(),
            routes: vec![route],
        },
        deployments: vec![Arc::new(deployment)],
        providers: vec![blue, green],
        settings: Arc::default(),
        prices: Arc::default(),
    }
}

pub(crate) fn chat(text: &str) -> Value {
    json!({"model": "m", "messages": [{"role": "user", "content": text}]})
}

pub(crate) fn streamed(text: &str) -> Value {
    json!({"model": "m", "stream": true, "messages": [{"role": "user", "content": text}]})
}

pub(crate) const CHAT: &str = "/v1/chat/completions";

impl House {
    pub(crate) async fn post(&self, headers: &[(&str, &str)], body: &Value) -> Reply {
        let bearer = format!("Bearer {SECRET}");
        let mut all = vec![("authorization", bearer.as_str())];
        all.extend_from_slice(headers);
        wait::post(self.addr, CHAT, &all, body).await
    }

    /// `side reason` of one request.
    pub(crate) async fn routed(&self, headers: &[(&str, &str)]) -> String {
        let reply = self.post(headers, &chat("hello")).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        side(&reply)
    }
}

/// Posts a body that may be anything.
pub(crate) async fn post_text(addr: SocketAddr, headers: &[(&str, &str)], body: &str) -> Reply {
    let mut text = format!(
        "POST {CHAT} HTTP/1.1\r\nhost: a\r\ncontent-length: {}\r\n",
        body.len()
    );
    for (name, value) in headers {
        text += &format!("{name}: {value}\r\n");
    }
    let mut connection = wait::RawConnection::open(addr).await;
    connection.send(format!("{text}\r\n{body}")).await;
    connection.read_reply().await
}

pub(crate) fn side(reply: &Reply) -> String {
    let header = |name| reply.header(name).unwrap_or("-");
    format!(
        "{} {}",
        header("x-deployment-environment"),
        header("x-deployment-reason")
    )
}
