//! A request's story in plain English, one paragraph.

use super::record::{AttemptRecord, Record, Routing};

/// Which model, which side and why, what failed, who answered, how long it took.
pub fn explain(record: &Record) -> String {
    let mut told = vec![asked(record)];
    told.extend(record.routing.as_ref().map(routed));
    for (number, attempt) in record.attempts.iter().enumerate() {
        told.push(attempted(attempt, number == 0));
    }
    told.push(ended(record));
    if record.tokens.input + record.tokens.output > 0 {
        let tokens = &record.tokens;
        told.push(format!(
            "It used {} input and {} output tokens.",
            tokens.input, tokens.output
        ));
    }
    if record.monitoring {
        told.push("It was a probe and counts in no statistics.".to_owned());
    }
    told.join(" ")
}

fn asked(record: &Record) -> String {
    let model = match &record.deployment {
        Some(name) => format!("asked for {name} on {}", record.path),
        None => format!("called {}", record.path),
    };
    let stream = if record.stream { " as a stream" } else { "" };
    let key = match &record.key {
        Some(key) => format!(" with key '{key}'"),
        None => " without a known key".to_owned(),
    };
    format!("Request {} {model}{stream}{key} at {}.", record.id, record.at)
}

fn routed(routing: &Routing) -> String {
    let side = &routing.chosen;
    let share = format!("green's share was {}%", routing.split.green);
    let why = match routing.chosen_reason.as_str() {
        "header" => "because its X-Deployment-Environment header named that side".to_owned(),
        "model" => "because its model name carried that side".to_owned(),
        "canary" => "because of its X-Canary header".to_owned(),
        "session" => format!("because its session stays there ({share})"),
        "conversation" => format!("because the conversation it continues is there ({share})"),
        "request_weight" => format!("by the weight in its X-Blue-Weight header ({share})"),
        "split" => format!("by the split ({share})"),
        "only" => "because there is no other environment".to_owned(),
        other => format!("(reason {other})"),
    };
    format!(
        "It was sent to {side} {why}, under revision {}.",
        routing.revision
    )
}

fn attempted(attempt: &AttemptRecord, first: bool) -> String {
    let who = format!(
        "{}'s {} ({})",
        attempt.provider, attempt.upstream_model, attempt.environment
    );
    let role = match attempt.reason.as_str() {
        "rescue" => format!("Then {who} stood in"),
        "fallback" => format!("Then the fallback {who} was tried"),
        _ if first => who,
        _ => format!("Then {who} was tried again"),
    };
    let joined = if role.starts_with("Then") { " and" } else { "" };
    let took = attempt.duration_ms;
    let status = match attempt.status {
        Some(status) => format!(" with status {status}"),
        None => String::new(),
    };
    match (attempt.outcome.as_str(), attempt.ttft_ms) {
        ("ok", Some(ttft)) => format!("{role}{joined} answered{status}, its first byte after {ttft} ms."),
        ("ok", None) => format!("{role}{joined} answered{status}."),
        ("client_left", _) => format!("{role}{joined} was at work for {took} ms when the client left."),
        ("caller", _) => format!("{role}{joined} did not take the request{status} after {took} ms."),
        ("status", _) => format!("{role}{joined} failed{status} after {took} ms."),
        (kind, _) => {
            let kind = kind.replace('_', " ");
            format!("{role}{joined} failed{status} after {took} ms ({kind}).")
        }
    }
}

fn ended(record: &Record) -> String {
    let (status, timing) = (record.status, &record.timing);
    let error = record.error.as_deref().unwrap_or("unknown");
    let took = format!("after {} ms", timing.duration_ms);
    match record.outcome.as_str() {
        "ok" => format!(
            "The client had the whole answer {took}, of which the gateway itself took {} ms.",
            timing.gateway_ms
        ),
        "caller_error" => format!("The client got the vendor's error, status {status}, {took}."),
        "refused" if record.attempts.is_empty() => {
            format!("It was refused with {status} ({error}) and nothing was sent upstream.")
        }
        "refused" => format!("It was refused with {status} ({error}) {took}."),
        "failed" => format!("Nothing else was left to try: the client got {status} ({error}) {took}."),
        "broken" => format!("The stream broke after its first byte ({error}), {took}."),
        _ => format!("The client left {took}, before the answer's end."),
    }
}
