//! What is said on the wire: one request as an OpenAI client sends it, and its answers.
//!
//! Sizes and header fields are those of the official Python client with a short prompt; what a
//! proxy spends on a request depends on both.

/// What the answer to a request is to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    /// Events of a stream; 0 asks for a whole answer.
    pub(crate) events: u32,
    /// Events that leave the upstream in one write.
    pub(crate) together: u32,
    /// Milliseconds between two writes.
    pub(crate) pause_ms: u64,
}

impl Plan {
    pub(crate) const WHOLE: Plan = Plan {
        events: 0,
        together: 1,
        pause_ms: 0,
    };

    /// One event a write.
    pub(crate) const fn stream(events: u32, pause_ms: u64) -> Plan {
        Plan {
            events,
            together: 1,
            pause_ms,
        }
    }
}

/// The header that carries a plan through the proxy.
const PLAN_HEADER: &str = "x-bench-plan";

/// The secret of the one key that the gateway knows.
pub(crate) const KEY: &str = "sk-bench-0123456789abcdef0123456789abcdef";
/// The deployment that is called.
pub(crate) const MODEL: &str = "gpt-4.1";

const PROMPT: &str = "Summarise the following support ticket in two sentences and name the product that it is about. \
    The customer writes that since the update of last Tuesday the export of monthly statements stops at about half of \
    the pages, that restarting the application did not help, that a colleague on the older version sees no such \
    trouble with the same data, and that the statements are due on Friday. They ask whether the update can be undone \
    for now, and whether the pages that were written so far can be trusted.";

/// A whole request, head and body.
pub(crate) fn request(plan: Plan) -> Vec<u8> {
    let stream = if plan.events > 0 { r#""stream":true,"# } else { "" };
    let body = format!(
        r#"{{"model":"{MODEL}",{stream}"messages":[{{"role":"system","content":"You are a careful assistant. Answer in plain English."}},{{"role":"user","content":"{PROMPT}"}}],"temperature":0.2,"max_tokens":256}}"#
    );
    let planned = if plan.events > 0 {
        format!(
            "{PLAN_HEADER}: {} {} {}\r\n",
            plan.events, plan.together, plan.pause_ms
        )
    } else {
        String::new()
    };
    format!(
        "POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept-Encoding: gzip, deflate\r\nConnection: keep-alive\r\n\
         Accept: application/json\r\nContent-Type: application/json\r\nUser-Agent: OpenAI/Python 1.99.1\r\n\
         X-Stainless-Lang: python\r\nX-Stainless-Package-Version: 1.99.1\r\nX-Stainless-OS: Linux\r\nX-Stainless-Arch: x64\r\n\
         X-Stainless-Runtime: CPython\r\nX-Stainless-Runtime-Version: 3.12.3\r\nX-Stainless-Async: false\r\n\
         x-stainless-retry-count: 0\r\nx-stainless-read-timeout: 600\r\nAuthorization: Bearer {KEY}\r\n{planned}Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// The plan in a request's head.
pub(crate) fn plan_of(head: &[u8]) -> Option<Plan> {
    let value = header(head, PLAN_HEADER)?;
    let mut numbers = value.split(' ').map(str::parse::<u32>);
    let mut next = || numbers.next()?.ok();
    Some(Plan {
        events: next()?,
        together: next()?.max(1),
        pause_ms: next()?.into(),
    })
}

/// A field of a head, whatever the case of its name.
pub(crate) fn header<'a>(head: &'a [u8], name: &str) -> Option<&'a str> {
    head.split(|byte| *byte == b'\n').find_map(|line| {
        let value = line.get(name.len() + 1..)?;
        let named = line.get(..name.len())?.eq_ignore_ascii_case(name.as_bytes())
            && line.get(name.len()) == Some(&b':');
        named
            .then(|| std::str::from_utf8(value).ok().map(str::trim))
            .flatten()
    })
}

/// Where a head ends, the blank line included.
pub(crate) fn end_of_head(bytes: &[u8]) -> Option<usize> {
    memchr::memmem::find(bytes, b"\r\n\r\n").map(|at| at + 4)
}

/// A whole answer, head and body.
pub(crate) fn whole_answer() -> Vec<u8> {
    let body = format!(
        r#"{{"id":"chatcmpl-bench0123456789","object":"chat.completion","created":1760000000,"model":"{MODEL}","choices":[{{"index":0,"message":{{"role":"assistant","content":"The monthly statement export has stopped halfway since last Tuesday's update, although the older version still works with the same data. The customer wants to know whether the update can be undone before Friday and whether the pages written so far are reliable; the product is the statement exporter.","refusal":null,"annotations":[]}},"logprobs":null,"finish_reason":"stop"}}],"usage":{{"prompt_tokens":131,"completion_tokens":58,"total_tokens":189,"prompt_tokens_details":{{"cached_tokens":0,"audio_tokens":0}},"completion_tokens_details":{{"reasoning_tokens":0,"audio_tokens":0,"accepted_prediction_tokens":0,"rejected_prediction_tokens":0}}}},"service_tier":"default","system_fingerprint":"fp_bench"}}"#
    );
    format!(
        "HTTP/1.1 200 OK\r\ndate: Sun, 01 Nov 2026 12:00:00 GMT\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\
         openai-version: 2020-10-01\r\nopenai-processing-ms: 412\r\nx-ratelimit-limit-requests: 10000\r\n\
         x-ratelimit-remaining-requests: 9999\r\nx-request-id: req_bench\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// The head of a stream.
pub(crate) const STREAM_HEAD: &[u8] = b"HTTP/1.1 200 OK\r\ndate: Sun, 01 Nov 2026 12:00:00 GMT\r\n\
    content-type: text/event-stream; charset=utf-8\r\ntransfer-encoding: chunked\r\nopenai-version: 2020-10-01\r\n\
    openai-processing-ms: 212\r\nx-request-id: req_bench\r\n\r\n";

const EVENT_START: &str = r#"data: {"id":"chatcmpl-bench0123456789","object":"chat.completion.chunk","created":1760000000,"model":"gpt-4.1","service_tier":"default","system_fingerprint":"fp_bench","#;

/// Events after those that a plan asks for: the reason and `[DONE]`. The one with the usage comes
/// only where it was asked for, and a gateway that asked for itself takes it out again.
pub(crate) const CLOSING_EVENTS: u32 = 2;

/// What a stream consists of.
pub(crate) struct Stream {
    /// One content event, as a chunk of its own.
    pub(crate) event: Vec<u8>,
    /// The reason, the usage if it was asked for, `[DONE]` and the last chunk.
    pub(crate) end: Vec<u8>,
}

impl Stream {
    /// As the vendor sends it to a request with or without `include_usage`.
    pub(crate) fn new(with_usage: bool) -> Stream {
        let null = if with_usage { r#","usage":null"# } else { "" };
        let content = r#""choices":[{"index":0,"delta":{"content":" statement"},"logprobs":null,"finish_reason":null}]"#;
        let reason = r#""choices":[{"index":0,"delta":{},"logprobs":null,"finish_reason":"stop"}]"#;
        let usage = r#""choices":[],"usage":{"prompt_tokens":131,"completion_tokens":58,"total_tokens":189}"#;
        let mut end = chunk(&format!("{EVENT_START}{reason}{null}}}\n\n"));
        if with_usage {
            end.extend(chunk(&format!("{EVENT_START}{usage}}}\n\n")));
        }
        end.extend(chunk("data: [DONE]\n\n"));
        end.extend_from_slice(b"0\r\n\r\n");
        Stream {
            event: chunk(&format!("{EVENT_START}{content}{null}}}\n\n")),
            end,
        }
    }
}

fn chunk(payload: &str) -> Vec<u8> {
    format!("{:x}\r\n{payload}\r\n", payload.len()).into_bytes()
}
