//! Golden files: what each vendor is sent for each kind of request through each door, and what each door's client
//! gets of each kind of answer. One file a vendor and door, in `golden/<vendor>/`; a changed line there is a
//! changed behaviour for somebody.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod harness;

#[path = "golden/answers.rs"]
mod answers;
#[path = "golden/requests.rs"]
mod requests;

use dialect::Door;
use serde_json::Value;

use harness::{ask, plain, reader};

const VENDORS: [&str; 4] = ["openai", "anthropic", "gemini", "deepseek"];

fn name(door: Door) -> &'static str {
    match door {
        Door::Chat => "chat",
        Door::Messages => "messages",
        Door::Responses => "responses",
        Door::Embeddings => "embeddings",
        Door::CountTokens | Door::GeminiCountTokens => "count_tokens",
        _ => "generate",
    }
}

fn pretty(bytes: &[u8]) -> String {
    let value: Value = serde_json::from_slice(bytes).unwrap();
    serde_json::to_string_pretty(&value).unwrap()
}

/// A request as its vendor gets it, or why it is refused.
fn told_to_vendor(door: Door, vendor: &str, body: &Value) -> String {
    match ask(door, vendor, body) {
        Err(refusal) => format!(
            "refused: {} {:?}: {}",
            refusal.code.text(),
            refusal.param.unwrap_or_default(),
            refusal.message
        ),
        Ok(call) => {
            let table = dialect::field_tables_markdown();
            for field in &call.adapted {
                assert!(
                    table.contains(&format!("| `{field}` |")),
                    "{field} is in no table"
                );
            }
            let headers: Vec<_> = call
                .headers
                .iter()
                .map(|(name, value)| format!("{name}: {value}\n"))
                .collect();
            format!(
                "POST {}\n{}x-adapted: {}\n{}",
                call.path,
                headers.concat(),
                call.adapted.join(", "),
                pretty(&call.body)
            )
        }
    }
}

/// A vendor's answer as the door's client gets it.
fn told_to_client(door: Door, vendor: &str, answer: &answers::Answer) -> String {
    let mut out = Vec::new();
    match answer {
        answers::Answer::Whole(body) => {
            let mut reader = reader(door, vendor, false);
            reader
                .whole(&serde_json::to_vec(body).unwrap(), &mut out)
                .unwrap();
            pretty(&out)
        }
        answers::Answer::Stream(text) => {
            let door = if door == Door::Generate {
                Door::StreamGenerate
            } else {
                door
            };
            assert!(door == Door::StreamGenerate || plain(door, true)["stream"] == true);
            let mut reader = reader(door, vendor, true);
            let result = reader
                .feed(text.as_bytes(), &mut out)
                .and_then(|()| reader.end(&mut out));
            format!("{}{result:?}", String::from_utf8(out).unwrap())
        }
    }
}

fn golden(vendor: &str, file: String, text: String) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(format!("golden/{vendor}"));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(file, text));
}

#[test]
fn each_vendor_is_told_each_request_in_its_own_words() {
    for vendor in VENDORS {
        for (door, cases) in requests::by_door() {
            let told: Vec<_> = cases
                .iter()
                .map(|(case, body)| format!("=== {case}\n{}\n", told_to_vendor(door, vendor, body)))
                .collect();
            golden(vendor, format!("{}_request", name(door)), told.join("\n"));
        }
    }
}

#[test]
fn each_client_is_told_each_answer_in_its_own_words() {
    for vendor in VENDORS {
        for door in [Door::Chat, Door::Messages, Door::Responses, Door::Generate] {
            let told: Vec<_> = answers::of(vendor)
                .iter()
                .filter(|_| !(vendor == "openai" && door == Door::Responses))
                .map(|(case, answer)| format!("=== {case}\n{}\n", told_to_client(door, vendor, answer)))
                .collect();
            if !told.is_empty() {
                golden(vendor, format!("{}_answer", name(door)), told.join("\n"));
            }
        }
    }
}

/// The tables as they are documented.
#[test]
fn what_becomes_of_every_field_is_written_down() {
    golden(
        "fields",
        "field_tables".to_owned(),
        dialect::field_tables_markdown(),
    );
}
