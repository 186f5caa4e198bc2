//! Finished requests for tests.

use std::sync::Arc;
use std::time::Duration;

use decide::route::{Allowed, Because};
use decide::{Share, Side};
use gateway::{Attempt, Door, End, FailureKind, Key, Outcome, Routed, Told, Usage};

pub(crate) const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// An attempt that answered after 40 ms and ended after 100.
pub(crate) fn answered(side: Side) -> Attempt {
    Attempt {
        side,
        because: Because::Split,
        provider: "openai".into(),
        model: "gpt-4.1".into(),
        status: Some(200),
        failure: None,
        started: Duration::ZERO,
        first_byte: Some(ms(40)),
        duration: ms(100),
        usage: Some(Usage {
            input_tokens: 12,
            output_tokens: 30,
            ..Usage::default()
        }),
        estimated: false,
        written_bytes: 0,
        written_events: 0,
        finished: false,
        price: None,
    }
}

pub(crate) fn failed(side: Side, kind: FailureKind) -> Attempt {
    Attempt {
        status: (kind == FailureKind::Status).then_some(503),
        failure: Some(kind),
        first_byte: None,
        duration: ms(20),
        usage: None,
        ..answered(side)
    }
}

/// Blue stands in, 20 ms into the request.
pub(crate) fn stands_in() -> Attempt {
    Attempt {
        because: Because::Rescue,
        started: ms(20),
        ..answered(Side::Blue)
    }
}

/// A request with these attempts, sent to the first one's side by a split of 10 %.
pub(crate) fn outcome(attempts: Vec<Attempt>, end: End) -> Box<Outcome> {
    let chosen = attempts.first().map_or(Side::Blue, |attempt| attempt.side);
    let last = attempts.last();
    let status = match end {
        End::Complete | End::Broken(_) => 200,
        End::Refused(_) => 401,
        End::Failed(_) => 502,
        End::ClientLeft => 0,
    };
    let first_byte = last.and_then(|attempt| Some(attempt.started + attempt.first_byte?));
    Box::new(Outcome {
        request_id: "req_1".to_owned(),
        door: Door::Chat,
        path: "/v1/chat/completions".to_owned(),
        deployment: last.map(|_| "gpt-4.1".into()),
        key: Some(Arc::new(Key {
            name: "app".into(),
            account: "app".into(),
            allowed: Allowed::All,
            may_override: true,
            expires_at: None,
            limits: None,
            has_account: false,
            budget: None,
        })),
        list: None,
        markup: 0,
        route: last.map(|last| Routed {
            chosen,
            answered: last.side,
            because: last.because,
            chosen_because: Because::Split,
            revision: 7,
            share: Share::parse("10").unwrap_or(Share::NONE),
            unit: None,
        }),
        stream: false,
        monitoring: false,
        status,
        end,
        duration: attempts.iter().map(|attempt| attempt.duration).sum::<Duration>() + ms(1),
        first_byte,
        overhead: Duration::from_micros(500),
        at: 1_790_000_000_000,
        told: Told::Nothing,
        attempts,
    })
}

/// Blue's good answer.
pub(crate) fn ordinary() -> Box<Outcome> {
    outcome(vec![answered(Side::Blue)], End::Complete)
}

/// Green failed and blue stood in.
pub(crate) fn rescued() -> Box<Outcome> {
    let attempts = vec![failed(Side::Green, FailureKind::Status), stands_in()];
    outcome(attempts, End::Complete)
}

/// Nothing was routed: there was no good key.
pub(crate) fn refused() -> Box<Outcome> {
    Box::new(Outcome {
        key: None,
        ..*outcome(Vec::new(), End::Refused("invalid_api_key"))
    })
}

/// A snapshot with deployment `gpt-4.1`, green at 10 % in revision 7.
pub(crate) fn snapshot() -> gateway::Snapshot {
    let provider = provider();
    let mut names = decide::route::Names::default();
    names.add_deployment("gpt-4.1");
    names.add_provider("openai", 0);
    let route = decide::route::Route {
        revision: 7,
        green: Share::parse("10").unwrap_or(Share::NONE),
        has_green: true,
        latched: false,
        salt: 1,
        sticky: decide::route::Sticky::Auto,
    };
    gateway::Snapshot {
        table: decide::route::Table {
            names: Arc::new(names),
            routes: vec![route],
        },
        deployments: vec![Arc::new(gateway::Deployment {
            name: "gpt-4.1".into(),
            blue: environment(&provider),
            green: Some(environment(&provider)),
            rescue: true,
            list: None,
        })],
        providers: vec![provider],
        settings: Arc::default(),
        prices: Arc::default(),
    }
}

/// An account at a port where nobody answers.
pub(crate) fn provider() -> Arc<gateway::Provider> {
    provider_at("http://127.0.0.1:9/v1")
}

pub(crate) fn provider_at(base_url: &str) -> Arc<gateway::Provider> {
    let address = gateway::Address {
        base_url,
        http2: false,
        ca_file: None,
        headers: Vec::new(),
    };
    let endpoint = match gateway::Endpoint::new(address) {
        Ok(endpoint) => endpoint,
        Err(error) => unreachable!("{error}"),
    };
    Arc::new(gateway::Provider {
        name: "openai".into(),
        dialect: gateway::Dialect::OpenAi,
        server: gateway::Server::Compatible,
        takes_no_model: false,
        endpoint,
        flight: Arc::default(),
    })
}

pub(crate) fn environment(provider: &Arc<gateway::Provider>) -> Arc<gateway::Environment> {
    Arc::new(gateway::Environment {
        provider: Arc::clone(provider),
        model: "gpt-4.1".into(),
        set: Vec::new(),
        default: Vec::new(),
        timeouts: gateway::Timeouts::default(),
        max_concurrency: None,
        price: None,
        fallbacks: Vec::new(),
        flight: Arc::default(),
    })
}
