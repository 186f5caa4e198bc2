#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::mpsc as blocking;

use super::*;
use crate::outcome::{Observer, Outcome};
use crate::snapshot::{Provider, Snapshot, Timeouts};
use crate::upstream::{Address, Endpoint};

/// A vendor that gives every request the same answer and tells what it was asked.
struct Vendor {
    base_url: String,
    asked: blocking::Receiver<String>,
}

fn vendor(answer: impl Into<String>) -> Vendor {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base_url = format!("http://{}", listener.local_addr().unwrap());
    let (tell, asked) = blocking::channel();
    let answer = answer.into();
    std::thread::spawn(move || {
        for connection in listener.incoming() {
            let mut connection = connection.unwrap();
            let mut request = vec![0; 8 << 10];
            let length = connection.read(&mut request).unwrap_or_default();
            request.truncate(length);
            let _ = tell.send(String::from_utf8(request).unwrap());
            let _ = connection.write_all(answer.as_bytes());
        }
    });
    Vendor { base_url, asked }
}

fn answer(status: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
    )
}

fn environment(base_url: &str, dialect: Dialect) -> Arc<Environment> {
    let address = Address {
        base_url,
        http2: false,
        ca_file: None,
        headers: vec![("x-secret".to_owned(), "s".into())],
    };
    let provider = Arc::new(Provider {
        name: "vendor".into(),
        dialect,
        server: dialect::Server::Compatible,
        takes_no_model: false,
        endpoint: Endpoint::new(address).unwrap(),
        flight: Arc::default(),
    });
    Arc::new(Environment {
        provider,
        model: "small".into(),
        set: vec![("temperature".to_owned(), "0.5".to_owned())],
        default: Vec::new(),
        timeouts: Timeouts::default(),
        max_concurrency: None,
        price: None,
        fallbacks: Vec::new(),
        flight: Arc::default(),
    })
}

struct Nobody;

impl Observer for Nobody {
    fn observe(&self, outcome: Box<Outcome>) {
        panic!("a probe is no request: {outcome:?}");
    }
}

fn ask(environment: &Arc<Environment>, question: &Question, limit: Duration) -> Probed {
    let shared = Arc::new(Shared::new(Snapshot::default(), Arc::new(Nobody)));
    let prober = Prober::start(shared).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(prober.ask(Arc::clone(environment), question.clone(), limit))
}

fn kind(probed: Probed) -> &'static str {
    match probed {
        Probed::Answered(_) => "answered",
        Probed::Failed(kind) => kind.name(),
        Probed::Misconfigured => "misconfigured",
        Probed::Unclear => "unclear",
    }
}

/// Anthropic's API answers nobody who does not say it.
const VERSION: &str = "anthropic-version: 2023-06-01";
const PATIENT: Duration = Duration::from_secs(10);

#[test]
fn a_status_speaks_for_a_vendor_against_it_or_not_at_all() {
    let (models, prompt) = (Question::Models, Question::Prompt("Hi".to_owned()));
    let candidate = Question::Candidate {
        prompt: "Hi".to_owned(),
        max_tokens: 1,
    };
    let whole = r#"{"id":"c","object":"chat.completion","choices":[{"index":0,"message":{"role":"assistant","content":"OK"},"finish_reason":"stop"}]}"#;
    let error = r#"{"error":{"message":"no","type":"t","code":"c"}}"#;
    let rows = [
        (&models, "200 OK", r#"{"data":[]}"#, "answered"),
        (&models, "404 Not Found", error, "answered"),
        (&models, "429 Too Many Requests", error, "unclear"),
        (&models, "401 Unauthorized", error, "status"),
        (&models, "503 Service Unavailable", error, "status"),
        (&candidate, "200 OK", whole, "answered"),
        (&candidate, "401 Unauthorized", error, "misconfigured"),
        (&candidate, "503 Service Unavailable", error, "status"),
        (&prompt, "200 OK", whole, "answered"),
        (&prompt, "200 OK", "what?", "invalid"),
        (&prompt, "400 Bad Request", error, "unclear"),
        (&prompt, "401 Unauthorized", error, "status"),
        (&prompt, "429 Too Many Requests", error, "rate_limited"),
        (&prompt, "500 Internal Server Error", error, "status"),
    ];
    for (question, status, body, expected) in rows {
        let vendor = vendor(answer(status, body));
        let probed = ask(&environment(&vendor.base_url, Dialect::OpenAi), question, PATIENT);
        assert_eq!(kind(probed), expected, "{question:?} {status} {body}");
    }
}

#[test]
fn each_dialect_is_asked_in_its_own_words() {
    let rows = [
        (
            Dialect::OpenAi,
            "GET /models ",
            "POST /chat/completions ",
            r#""max_tokens":16"#,
        ),
        (
            Dialect::Anthropic,
            "GET /v1/models ",
            "POST /v1/messages ",
            r#""max_tokens":16"#,
        ),
        (
            Dialect::Gemini,
            "GET /v1beta/models ",
            "POST /v1beta/models/small:generateContent",
            r#""maxOutputTokens":16"#,
        ),
    ];
    for (dialect, list, message, limit) in rows {
        let vendor = vendor(answer("200 OK", "{}"));
        let environment = environment(&vendor.base_url, dialect);
        ask(&environment, &Question::Models, PATIENT);
        let asked = vendor.asked.recv().unwrap();
        assert!(
            asked.starts_with(list) && asked.contains("x-secret: s"),
            "{asked}"
        );
        assert_eq!(asked.contains(VERSION), dialect == Dialect::Anthropic);
        ask(&environment, &Question::Prompt("Say \"OK\".".to_owned()), PATIENT);
        let asked = vendor.asked.recv().unwrap();
        assert!(asked.starts_with(message) && asked.contains(limit), "{asked}");
        assert_eq!(asked.contains(VERSION), dialect == Dialect::Anthropic);
        assert!(
            asked.contains(r#"Say \"OK\"."#) && asked.contains(r#""temperature":0.5"#),
            "{asked}"
        );
    }
}

#[test]
fn a_vendor_that_is_not_there_or_says_nothing_has_failed() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap();
    let nobody = format!("http://{}", closed.local_addr().unwrap());
    drop(closed);
    let probed = ask(&environment(&nobody, Dialect::OpenAi), &Question::Models, PATIENT);
    assert_eq!(probed, Probed::Failed(FailureKind::Refused));
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let base_url = format!("http://{}", silent.local_addr().unwrap());
    let short = Duration::from_millis(50);
    let probed = ask(&environment(&base_url, Dialect::OpenAi), &Question::Models, short);
    assert_eq!(probed, Probed::Failed(FailureKind::TotalTimeout));
}
