//! What a request and a chunk cost: scanning and passing a chat of 2 KB, translating one of 4 KB, reading a
//! stream's chunk on its way through and translated.

#![allow(clippy::unwrap_used, missing_docs)]

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use dialect::{Call, Dialect, Door, Scan, Server, Target, call};

fn target(dialect: Dialect, model: &'static str) -> Target<'static> {
    Target {
        dialect,
        model,
        set: &[],
        default: &[],
        meter: true,
        public_model: "pub",
        server: Server::Official,
        request_id: "req-1",
        now_unix_seconds: 1_700_000_000,
    }
}

/// A chat of about `size` bytes: instructions, some turns, two tools.
fn chat(size: usize) -> Vec<u8> {
    let words =
        "A new model must not change what a request means, whoever answers it in the end.\\n".repeat(2);
    let turn = |role: &str| format!(r#"{{"role":"{role}","content":"{words}"}}"#);
    let tool = r#"{"type":"function","function":{"name":"get_weather","description":"Looks up the weather","parameters":{"type":"object","properties":{"city":{"type":"string"},"days":{"type":"integer"}},"required":["city"]}}}"#;
    let mut turns = vec![turn("system"), turn("user")];
    while turns.iter().map(String::len).sum::<usize>() + 2 * tool.len() + 120 < size {
        turns.extend([turn("assistant"), turn("user")]);
    }
    format!(r#"{{"model":"pub","stream":true,"temperature":0.2,"max_tokens":500,"messages":[{}],"tools":[{tool},{tool}]}}"#, turns.join(",")).into_bytes()
}

fn made(body: &[u8], target: &Target<'_>) -> Call {
    let scan = Scan::read(Door::Chat, body).unwrap();
    call(Door::Chat, "/v1/chat/completions", body, &scan, target).unwrap()
}

fn requests(criterion: &mut Criterion) {
    let small = chat(2_000);
    let large = chat(4_000);
    let openai = target(Dialect::OpenAi, "gpt-4.1");
    let mut group = criterion.benchmark_group("request");
    group.throughput(Throughput::Bytes(small.len() as u64));
    group.bench_function("scan 2 KB", |bench| {
        bench.iter(|| Scan::read(Door::Chat, black_box(&small)))
    });
    let scan = Scan::read(Door::Chat, &small).unwrap();
    group.bench_function("pass 2 KB, scanned", |bench| {
        bench.iter(|| {
            call(
                Door::Chat,
                "/v1/chat/completions",
                black_box(&small),
                &scan,
                &openai,
            )
            .unwrap()
            .body
        })
    });
    group.throughput(Throughput::Bytes(large.len() as u64));
    for (name, target) in [
        (
            "translate 4 KB to anthropic",
            target(Dialect::Anthropic, "claude-sonnet-4-5"),
        ),
        (
            "translate 4 KB to gemini",
            target(Dialect::Gemini, "gemini-2.5-flash"),
        ),
    ] {
        group.bench_function(name, |bench| bench.iter(|| made(black_box(&large), &target).body));
    }
    group.finish();
}

fn chunks(criterion: &mut Criterion) {
    let openai = r#"data: {"id":"chatcmpl-C1KMEUDb1vVwsROQUCZTgG6A6vtWo","object":"chat.completion.chunk","created":1754432618,"model":"gpt-4o-2024-08-06","service_tier":"default","system_fingerprint":"fp_ff25b2783a","choices":[{"index":0,"delta":{"content":" word"},"logprobs":null,"finish_reason":null}]}"#;
    let anthropic = "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\" word\"}}";
    let begin = "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"m\",\"usage\":{\"input_tokens\":1}}}\n\nevent: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n";
    let gemini = r#"data: {"candidates":[{"content":{"role":"model","parts":[{"text":" word"}]}}],"usageMetadata":{"promptTokenCount":5,"candidatesTokenCount":6,"totalTokenCount":11},"modelVersion":"gemini-2.5-flash","responseId":"r1"}"#;
    let body = chat(2_000);
    let mut group = criterion.benchmark_group("chunk");
    for (name, target, begin, chunk) in [
        ("pass openai", target(Dialect::OpenAi, "gpt-4.1"), "", openai),
        (
            "translate anthropic",
            target(Dialect::Anthropic, "claude-sonnet-4-5"),
            begin,
            anthropic,
        ),
        (
            "translate gemini",
            target(Dialect::Gemini, "gemini-2.5-flash"),
            "",
            gemini,
        ),
    ] {
        let chunk = format!("{chunk}\n\n");
        let mut reader = made(&body, &target).reader;
        let mut out = Vec::with_capacity(4096);
        reader.feed(begin.as_bytes(), &mut out).unwrap();
        group.bench_function(name, |bench| {
            bench.iter(|| {
                out.clear();
                reader.feed(black_box(chunk.as_bytes()), &mut out).unwrap();
                out.len()
            });
        });
    }
    group.finish();
}

criterion_group!(benches, requests, chunks);
criterion_main!(benches);
