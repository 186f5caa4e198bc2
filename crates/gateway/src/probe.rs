//! Small requests of the gateway's own, to see whether a vendor is there.
//!
//! They go through the same code as a client's: look-up, TLS, credential, timeouts, and the typing
//! of failures. But they leave no record, count in no flight, and run on a thread of their own, so
//! that a vendor that hangs holds up nobody. The thread ends with the [`Prober`], and does not keep
//! the process alive.

use std::io;
use std::rc::Rc;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use dialect::{Dialect, Door, Scan};
use tokio::sync::{mpsc, oneshot};
use tokio::task::LocalSet;
use tokio::time::{Instant, timeout};

use crate::answer::push_line;
use crate::attempt::{self, Errand, Payload, Trial, Unbegun};
use crate::outcome::FailureKind;
use crate::request::Head;
use crate::snapshot::Environment;
use crate::ticket::unix_millis;
use crate::upstream::{self, Failure, Wire};
use crate::wire::{Headers, Name, Span};
use crate::worker::{Shared, Worker};

/// A list of models is read up to this many bytes, so that its connection can be used again.
const LIST_LIMIT: usize = 4 << 20;
/// Tokens that the answer to a prompt may have: enough for a word, whatever the tokenizer.
const PROMPT_TOKENS: u32 = 16;

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Question {
    /// The vendor's list of models: free of charge.
    Models,
    /// This prompt, of the model itself.
    Prompt(String),
    /// The same for a candidate: with an answer of this length, and a wrong credential or model told apart.
    Candidate { prompt: String, max_tokens: u32 },
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Probed {
    /// After this long.
    Answered(Duration),
    Failed(FailureKind),
    /// The vendor refused a candidate's credential or model.
    Misconfigured,
    /// An answer that speaks neither for the environment nor against it, or none for want of room to ask.
    Unclear,
}

/// Asks, on its own thread.
#[derive(Debug)]
pub struct Prober(mpsc::UnboundedSender<Job>);

struct Job {
    environment: Arc<Environment>,
    question: Question,
    limit: Duration,
    answer: oneshot::Sender<Probed>,
}

impl Prober {
    /// # Errors
    /// When the system gives no thread or no runtime for one.
    pub fn start(shared: Arc<Shared>) -> io::Result<Prober> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let (sender, jobs) = mpsc::unbounded_channel();
        let thread = std::thread::Builder::new().name("probes".to_owned());
        thread.spawn(move || LocalSet::new().block_on(&runtime, work(shared, jobs)))?;
        Ok(Prober(sender))
    }

    /// Asks once, for no longer than `limit`.
    pub async fn ask(&self, environment: Arc<Environment>, question: Question, limit: Duration) -> Probed {
        let (answer, answered) = oneshot::channel();
        let job = Job {
            environment,
            question,
            limit,
            answer,
        };
        match self.0.send(job) {
            Ok(()) => answered.await.unwrap_or(Probed::Unclear),
            Err(_) => Probed::Unclear,
        }
    }
}

async fn work(shared: Arc<Shared>, mut jobs: mpsc::UnboundedReceiver<Job>) {
    let worker = Rc::new(Worker::new(shared, 1));
    while let Some(job) = jobs.recv().await {
        let worker = Rc::clone(&worker);
        tokio::task::spawn_local(async move {
            let probed = probe(&worker, &job).await;
            // Nobody waits for it any more.
            let _ = job.answer.send(probed);
            worker.pool.sweep();
        });
    }
}

async fn probe(worker: &Rc<Worker>, job: &Job) -> Probed {
    let started = Instant::now();
    let asked = async {
        match &job.question {
            Question::Models => models(worker, &job.environment).await,
            Question::Prompt(prompt) => prompted(worker, &job.environment, prompt, PROMPT_TOKENS).await,
            Question::Candidate { prompt, max_tokens } => {
                prompted(worker, &job.environment, prompt, *max_tokens).await
            }
        }
    };
    match timeout(job.limit, asked).await {
        Ok(Ok(true)) => Probed::Answered(started.elapsed()),
        Ok(Ok(false)) => Probed::Unclear,
        Ok(Err(failure)) => {
            tracing::debug!(
                provider = &*job.environment.provider.name,
                kind = failure.kind.name(),
                detail = failure.detail,
                "a probe failed"
            );
            // Nobody was asked: this machine has nothing left to ask with.
            if failure.kind == FailureKind::Capacity {
                return Probed::Unclear;
            }
            let refused = matches!(failure.status, Some(401 | 403 | 404));
            if refused && matches!(job.question, Question::Candidate { .. }) {
                return Probed::Misconfigured;
            }
            Probed::Failed(failure.kind)
        }
        Err(_) => Probed::Failed(FailureKind::TotalTimeout),
    }
}

/// False where the answer says nothing about the environment.
async fn models(worker: &Rc<Worker>, environment: &Environment) -> Result<bool, Failure> {
    let provider = &environment.provider;
    let path = match provider.dialect {
        Dialect::OpenAi => "/models",
        Dialect::Anthropic => "/v1/models",
        Dialect::Gemini => "/v1beta/models",
    };
    let mut lines = Vec::new();
    push_line(&mut lines, "accept-encoding", b"identity");
    if provider.dialect == Dialect::Anthropic && !provider.endpoint.sets(Name::of("anthropic-version")) {
        push_line(&mut lines, "anthropic-version", b"2023-06-01");
    }
    let wire = Wire {
        method: &http::Method::GET,
        path,
        lines: &lines,
        body: &[],
    };
    let limits = &environment.timeouts;
    let by = Instant::now() + limits.connect + limits.first_byte;
    let mut answer = upstream::send(&worker.pool, provider, limits, by, &wire).await?;
    let status = answer.status;
    attempt::collect(
        &mut answer.body,
        (LIST_LIMIT, |_| true),
        tokio::time::Instant::now() + limits.idle,
        limits.idle,
    )
    .await?;
    match status {
        // Not every server that copies the API has the list; it is there all the same.
        200..300 | 404 | 405 | 501 => Ok(true),
        // The account asks too often, which does not say what the model would do.
        429 => Ok(false),
        _ => Err(Failure::new(FailureKind::Status, format!("status {status}"))),
    }
}

/// False where the vendor did not take the probe itself.
async fn prompted(
    worker: &Rc<Worker>,
    environment: &Environment,
    prompt: &str,
    max_tokens: u32,
) -> Result<bool, Failure> {
    let model = &*environment.model;
    let (door, target, body) = small_request(environment.provider.dialect, model, prompt, max_tokens);
    let Ok(scan) = Scan::read(door, body.as_bytes()) else {
        return Ok(false);
    };
    let errand = Errand {
        door,
        public_model: model,
        head: &Head {
            method: &http::Method::POST,
            target: &target,
            headers: client_headers(environment.provider.dialect),
        },
        body: body.as_bytes(),
        payload: &Payload::Json(scan),
        key_headers: &[],
        at: unix_millis(),
    };
    let trial = Trial {
        request_id: "probe",
        started: Instant::now(),
        room: &mut None,
    };
    match attempt::run(worker, environment, &errand, trial).await {
        Ok(_) => Ok(true),
        Err(Unbegun::Refused(_)) => Ok(false),
        Err(Unbegun::Failed(failure)) if failure.kind == FailureKind::Caller => Ok(false),
        Err(Unbegun::Failed(failure)) => Err(failure),
    }
}

/// What clients of this API send themselves.
fn client_headers(dialect: Dialect) -> Headers<'static> {
    const VERSION: &[u8] = b"anthropic-version2023-06-01";
    static OF_ANTHROPIC: LazyLock<[Span; 1]> = LazyLock::new(|| [Span::new(VERSION, (0, 17), (17, 27))]);
    match dialect {
        Dialect::Anthropic => Headers {
            bytes: VERSION,
            spans: &*OF_ANTHROPIC,
        },
        Dialect::OpenAi | Dialect::Gemini => Headers {
            bytes: &[],
            spans: &[],
        },
    }
}

/// The smallest request of each vendor's own API.
fn small_request(dialect: Dialect, model: &str, prompt: &str, max_tokens: u32) -> (Door, String, String) {
    let turn = serde_json::json!([{"role": "user", "content": prompt}]);
    let sized = serde_json::json!({"model": model, "max_tokens": max_tokens, "messages": turn});
    match dialect {
        Dialect::OpenAi => (Door::Chat, Door::Chat.path().to_owned(), sized.to_string()),
        Dialect::Anthropic => (
            Door::Messages,
            Door::Messages.path().to_owned(),
            sized.to_string(),
        ),
        Dialect::Gemini => {
            let body = serde_json::json!({
                "contents": [{"role": "user", "parts": [{"text": prompt}]}],
                "generationConfig": {"maxOutputTokens": max_tokens},
            });
            let target = format!("/v1beta/models/{model}:generateContent");
            (Door::Generate, target, body.to_string())
        }
    }
}

#[cfg(test)]
#[path = "probe/tests.rs"]
mod tests;
