//! One user's request through the public client API, and whether its answer was whole. A status of 200 is not
//! enough: a stream has to reach its finish, and an answer has to say something.

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::stage::{DEPLOYMENT, Side};

pub(super) type HttpClient = Client<HttpConnector, Full<Bytes>>;

/// What a user asks for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ask {
    pub(super) stream: bool,
    /// The session that the request belongs to, by its number.
    pub(super) session: Option<usize>,
}

/// A good answer, and what it says about its way.
#[derive(Clone, Debug)]
pub(super) struct Answered {
    /// The side that was chosen, also where blue stood in for it.
    pub(super) chosen: Side,
    /// Green failed, and blue answered instead.
    pub(super) rescued: bool,
    pub(super) revision: u64,
    pub(super) first_byte_at: Instant,
}

/// Sends one request and reads its answer to the end; `Err` is what the user would complain about.
pub(super) async fn visit(client: &HttpClient, url: &str, key: &str, ask: Ask) -> Result<Answered, String> {
    let request = request(url, key, ask).map_err(|error| error.to_string())?;
    let answer = client.request(request).await;
    let (head, mut body) = answer
        .map_err(|error| format!("no answer: {error}"))?
        .into_parts();
    let mut first_byte_at = None;
    let mut bytes = Vec::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| format!("the answer broke off: {error}"))?;
        first_byte_at.get_or_insert_with(Instant::now);
        if let Ok(data) = frame.into_data() {
            bytes.extend_from_slice(&data);
        }
    }
    let text = String::from_utf8(bytes).map_err(|_| "the answer is not text".to_owned())?;
    if head.status != StatusCode::OK {
        return Err(format!("status {}", head.status.as_u16()));
    }
    if ask.stream {
        whole_stream(&text)?;
    } else {
        whole_answer(&text)?;
    }
    let first_byte_at = first_byte_at.ok_or_else(|| "the answer is empty".to_owned())?;
    routing(&head.headers, first_byte_at).ok_or_else(|| "the answer does not say its route".to_owned())
}

fn request(url: &str, key: &str, ask: Ask) -> Result<Request<Full<Bytes>>, http::Error> {
    let body = json!({
        "model": DEPLOYMENT,
        "stream": ask.stream,
        "messages": [{"role": "user", "content": "Why do locks on canals have two gates?"}],
    });
    let mut request = Request::post(format!("{url}/v1/chat/completions"))
        .header(AUTHORIZATION, format!("Bearer {key}"))
        .header(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if let Some(session) = ask.session {
        request = request.header("x-session-id", format!("session-{session}"));
    }
    request.body(Full::new(Bytes::from(body.to_string())))
}

/// Events to the finish, words among them, no error, and the mark of the end last.
fn whole_stream(text: &str) -> Result<(), String> {
    let mut words = false;
    let mut finished = false;
    let mut ended = false;
    for data in text.lines().filter_map(|line| line.strip_prefix("data: ")) {
        if data == "[DONE]" {
            ended = true;
            continue;
        }
        let event: Value = serde_json::from_str(data).map_err(|_| "an event is not JSON".to_owned())?;
        if event.get("error").is_some() {
            return Err("the stream ended in an error".to_owned());
        }
        words |= says_something(event.pointer("/choices/0/delta/content"));
        finished |= says_something(event.pointer("/choices/0/finish_reason"));
    }
    match (words, finished && ended) {
        (true, true) => Ok(()),
        (false, _) => Err("the stream says nothing".to_owned()),
        (true, false) => Err("the stream was cut".to_owned()),
    }
}

fn whole_answer(text: &str) -> Result<(), String> {
    let answer: Value = serde_json::from_str(text).map_err(|_| "the answer is not JSON".to_owned())?;
    let whole = says_something(answer.pointer("/choices/0/message/content"))
        && says_something(answer.pointer("/choices/0/finish_reason"));
    whole
        .then_some(())
        .ok_or_else(|| "the answer is not whole".to_owned())
}

fn says_something(text: Option<&Value>) -> bool {
    text.and_then(Value::as_str).is_some_and(|text| !text.is_empty())
}

fn routing(headers: &HeaderMap, first_byte_at: Instant) -> Option<Answered> {
    let text = |name: &str| headers.get(name)?.to_str().ok();
    let rescued = text("x-deployment-reason")? == "rescue";
    let chosen = match text("x-deployment-environment")? {
        "blue" if !rescued => Side::Blue,
        "blue" | "green" => Side::Green,
        _ => return None,
    };
    Some(Answered {
        chosen,
        rescued,
        revision: text("x-deployment-revision")?.parse().ok()?,
        first_byte_at,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    const WORDS: &str =
        "data: {\"choices\":[{\"delta\":{\"content\":\"Water\"},\"finish_reason\":null}]}\n\n";
    const FINISH: &str = "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n";
    const DONE: &str = "data: [DONE]\n\n";

    #[test]
    fn a_stream_is_whole_only_with_words_finish_and_end() {
        assert_eq!(whole_stream(&[WORDS, FINISH, DONE].concat()), Ok(()));
        for cut in [
            [WORDS, FINISH].concat(),
            [WORDS, DONE].concat(),
            [FINISH, DONE].concat(),
        ] {
            assert!(whole_stream(&cut).is_err(), "{cut}");
        }
        let error = "data: {\"error\":{\"message\":\"gone\"}}\n\n";
        assert!(whole_stream(&[WORDS, error].concat()).is_err());
    }

    #[test]
    fn an_answer_is_whole_only_with_words_and_finish() {
        let answer = |content: &str, finish: &str| {
            let message = json!({"choices": [{"message": {"content": content}, "finish_reason": finish}]});
            whole_answer(&message.to_string())
        };
        assert_eq!(answer("Water", "stop"), Ok(()));
        assert!(answer("", "stop").is_err());
        assert!(whole_answer("{}").is_err());
    }

    #[test]
    fn a_rescued_request_had_been_meant_for_green() {
        let mut headers = HeaderMap::new();
        headers.insert("x-deployment-environment", HeaderValue::from_static("blue"));
        headers.insert("x-deployment-reason", HeaderValue::from_static("rescue"));
        headers.insert("x-deployment-revision", HeaderValue::from_static("3"));
        let answered = routing(&headers, Instant::now()).unwrap();
        assert_eq!(
            (answered.chosen, answered.rescued, answered.revision),
            (Side::Green, true, 3)
        );
    }
}
