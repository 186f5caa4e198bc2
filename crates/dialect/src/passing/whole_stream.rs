//! A vendor that was asked for a stream and gave one whole answer: the client gets the stream it asked for, with
//! everything in as few events as its API allows. A client that reads events would take the bare answer for an
//! empty stream and not even complain.

use crate::broken::Broken;
use crate::door::Door;
use crate::json::{Json, Rules, Writer};

/// Writes the fields of an event.
type Fill<'f> = &'f dyn Fn(&mut Writer<'_>);

/// A whole answer, which was checked, as a stream.
pub(super) fn write(door: Door, body: &[u8], hides_usage: bool, out: &mut Vec<u8>) -> Result<(), Broken> {
    let answer = Json::parse(body, Rules::Vendor).map_err(|_| Broken::Garbage("the body is not JSON"))?;
    match door {
        Door::Chat | Door::Completions => chat_stream(&answer, door, hides_usage, out),
        Door::Responses => responses_stream(&answer, out),
        Door::Messages => messages_stream(&answer, out),
        Door::StreamGenerate | Door::Generate => {
            out.extend_from_slice(b"data: ");
            one_line(&answer, out);
            out.extend_from_slice(b"\r\n\r\n");
        }
        Door::Other => out.extend_from_slice(body),
        Door::Embeddings | Door::CountTokens | Door::GeminiCountTokens => {
            return Err(Broken::Garbage("a whole answer where a stream was asked for"));
        }
    }
    Ok(())
}

/// Responses are told whole at the end of their streams anyway; before it, each item and its text.
fn responses_stream(answer: &Json<'_>, out: &mut Vec<u8>) {
    let mut sequence = 0_u64;
    let mut tell = |kind: &str, fill: Fill<'_>| {
        named_event(kind, out, |event| {
            event.key("sequence_number").integer(sequence);
            fill(event);
        });
        sequence += 1;
    };
    tell("response.created", &|event| {
        event.key("response").object(|response| {
            for (name, value) in answer.fields() {
                match name.as_ref() {
                    "status" => response.field(name, "in_progress"),
                    "output" => response.key(name).list(|_| {}),
                    "usage" => response.key(name).null(),
                    _ => response.key(name).raw(value.raw),
                };
            }
        });
    });
    for (index, item) in answer
        .get("output")
        .map(Json::items)
        .unwrap_or_default()
        .iter()
        .enumerate()
    {
        response_item(index as u64, item, &mut tell);
    }
    let complete = answer.text_at("status") != Some("incomplete");
    let last = if complete {
        "response.completed"
    } else {
        "response.incomplete"
    };
    tell(last, &|event| {
        event.key("response").raw(answer.raw);
    });
}

/// An item begins without its content, whose parts are told one by one, and is told whole when it is done.
fn response_item(index: u64, item: &Json<'_>, tell: &mut dyn FnMut(&str, Fill<'_>)) {
    tell("response.output_item.added", &|event| {
        event.key("output_index").integer(index);
        event.key("item").object(|begun| {
            for (name, value) in item.fields() {
                match name.as_ref() {
                    "content" => begun.key(name).list(|_| {}),
                    _ => begun.key(name).raw(value.raw),
                };
            }
        });
    });
    let parts = item.get("content").map(Json::items).unwrap_or_default();
    for (position, part) in parts.iter().enumerate() {
        let place = |event: &mut Writer<'_>| {
            event.field("item_id", item.text_at("id").unwrap_or_default());
            event.key("output_index").integer(index);
            event.key("content_index").integer(position as u64);
        };
        response_part(part, &place, tell);
    }
    tell("response.output_item.done", &|event| {
        event.key("output_index").integer(index).key("item").raw(item.raw);
    });
}

/// A part of a message's content: it begins without its text, which one delta gives.
fn response_part(part: &Json<'_>, place: Fill<'_>, tell: &mut dyn FnMut(&str, Fill<'_>)) {
    tell("response.content_part.added", &|event| {
        place(event);
        event.key("part").object(|begun| {
            for (name, value) in part.fields() {
                match name.as_ref() {
                    "text" => begun.field(name, ""),
                    _ => begun.key(name).raw(value.raw),
                };
            }
        });
    });
    if let Some(text) = part.text_at("text") {
        tell("response.output_text.delta", &|event| {
            place(event);
            event.field("delta", text);
        });
    }
    tell("response.content_part.done", &|event| {
        place(event);
        event.key("part").raw(part.raw);
    });
}

/// Each block begins empty, is told in one delta and ends; blocks that have no deltas begin whole.
fn messages_stream(answer: &Json<'_>, out: &mut Vec<u8>) {
    named_event("message_start", out, |event| {
        event.key("message").object(|message| {
            for (name, value) in answer.fields() {
                match name.as_ref() {
                    "content" => message.key(name).list(|_| {}),
                    "stop_reason" | "stop_sequence" => message.key(name).null(),
                    _ => message.key(name).raw(value.raw),
                };
            }
        });
    });
    for (index, block) in answer
        .get("content")
        .map(Json::items)
        .unwrap_or_default()
        .iter()
        .enumerate()
    {
        message_block(index as u64, block, out);
    }
    named_event("message_delta", out, |event| {
        event.key("delta").object(|delta| {
            for name in ["stop_reason", "stop_sequence"] {
                delta
                    .key(name)
                    .raw(answer.get(name).map_or("null", |value| value.raw));
            }
        });
        event
            .key("usage")
            .raw(answer.get("usage").map_or("{}", |usage| usage.raw));
    });
    named_event("message_stop", out, |_| {});
}

fn message_block(index: u64, block: &Json<'_>, out: &mut Vec<u8>) {
    let deltas: &[(&str, &str, &str)] = match block.text_at("type") {
        Some("text") => &[("text", "text_delta", "text")],
        Some("thinking") => &[
            ("thinking", "thinking_delta", "thinking"),
            ("signature", "signature_delta", "signature"),
        ],
        Some("tool_use") => &[("input", "input_json_delta", "partial_json")],
        _ => &[],
    };
    named_event("content_block_start", out, |event| {
        event
            .key("index")
            .integer(index)
            .key("content_block")
            .object(|begun| {
                for (name, value) in block.fields() {
                    match deltas.iter().any(|(field, ..)| field == name) {
                        true if value.is_object() => begun.key(name).object(|_| {}),
                        true => begun.field(name, ""),
                        false => begun.key(name).raw(value.raw),
                    };
                }
            });
    });
    for (field, kind, told) in deltas {
        let Some(value) = block.get(field) else { continue };
        named_event("content_block_delta", out, |event| {
            event.key("index").integer(index).key("delta").object(|delta| {
                delta
                    .field("type", kind)
                    .field(told, value.text().unwrap_or(value.raw));
            });
        });
    }
    named_event("content_block_stop", out, |event| {
        event.key("index").integer(index);
    });
}

/// An event whose name stands in its line and in its data. JSON that is copied into it may hold line ends
/// between its tokens, which the data of an event must not.
fn named_event(kind: &str, out: &mut Vec<u8>, fill: impl FnOnce(&mut Writer<'_>)) {
    let mut json = Vec::new();
    Writer::new(&mut json).object(|event| {
        event.field("type", kind);
        fill(event);
    });
    out.extend_from_slice(format!("event: {kind}\ndata: ").as_bytes());
    out.extend(json.into_iter().filter(|byte| !matches!(byte, b'\n' | b'\r')));
    out.extend_from_slice(b"\n\n");
}

/// One chunk that holds everything, the usage if it was asked for, and the end.
fn chat_stream(answer: &Json<'_>, door: Door, hides_usage: bool, out: &mut Vec<u8>) {
    let object = if door == Door::Chat {
        "chat.completion.chunk"
    } else {
        "text_completion"
    };
    let choices = answer.get("choices").map(Json::items).unwrap_or_default();
    chunk(answer, object, out, |chunk| {
        chunk
            .key("choices")
            .list(|list| choices.iter().for_each(|choice| stream_choice(choice, list)));
    });
    if let Some(counts) = answer.get("usage").filter(|_| !hides_usage) {
        chunk(answer, object, out, |chunk| {
            chunk.key("choices").list(|_| {}).key("usage").raw(counts.raw);
        });
    }
    out.extend_from_slice(b"data: [DONE]\n\n");
}

fn chunk(answer: &Json<'_>, object: &str, out: &mut Vec<u8>, fill: impl FnOnce(&mut Writer<'_>)) {
    let mut json = Vec::new();
    Writer::new(&mut json).object(|chunk| {
        for name in ["id", "created", "model", "system_fingerprint", "service_tier"] {
            if let Some(value) = answer.get(name) {
                chunk.key(name).raw(value.raw);
            }
        }
        chunk.field("object", object);
        fill(chunk);
    });
    out.extend_from_slice(b"data: ");
    out.extend(json.into_iter().filter(|byte| !matches!(byte, b'\n' | b'\r')));
    out.extend_from_slice(b"\n\n");
}

fn stream_choice(choice: &Json<'_>, list: &mut Writer<'_>) {
    list.object(|chunk| {
        for (name, value) in choice.fields() {
            match name.as_ref() {
                "message" => {
                    chunk.key("delta").object(|delta| stream_delta(value, delta));
                }
                name => {
                    chunk.key(name).raw(value.raw);
                }
            }
        }
    });
}

/// A message as the one delta that makes it: tool calls get the index that deltas have.
fn stream_delta(message: &Json<'_>, delta: &mut Writer<'_>) {
    for (name, value) in message.fields() {
        if name != "tool_calls" {
            delta.key(name).raw(value.raw);
        } else if value.is_list() {
            delta.key("tool_calls").list(|list| {
                for (position, call) in value.items().iter().enumerate() {
                    list.object(|indexed| {
                        indexed.key("index").integer(position as u64);
                        for (name, value) in call.fields().iter().filter(|(name, _)| name != "index") {
                            indexed.key(name).raw(value.raw);
                        }
                    });
                }
            });
        }
    }
}

/// JSON may hold line ends between its tokens; the data of an event must not.
fn one_line(json: &Json<'_>, out: &mut Vec<u8>) {
    out.extend(json.raw.bytes().filter(|byte| !matches!(byte, b'\n' | b'\r')));
}
