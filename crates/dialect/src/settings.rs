//! An environment's settings: fields forced into every request (`set`) and fields for clients that sent none
//! (`default`). They are written in the vendor's words or in OpenAI's; either way they end under the name the
//! vendor's API gives them, and never beside a field that means the same.

use crate::door::{Dialect, Door};
use crate::json::{Json, Rules, Value, push_text};

/// The limit on one answer's tokens has had many names; a request must hold one of them.
const TOKEN_LIMIT_NAMES: [&str; 3] = ["max_tokens", "max_completion_tokens", "max_output_tokens"];

/// Google keeps what others have at the top inside `generationConfig`.
const GEMINI_NAMES: [(&str, &str); 10] = [
    ("temperature", "temperature"),
    ("top_p", "topP"),
    ("top_k", "topK"),
    ("max_tokens", "maxOutputTokens"),
    ("max_completion_tokens", "maxOutputTokens"),
    ("max_output_tokens", "maxOutputTokens"),
    ("stop", "stopSequences"),
    ("seed", "seed"),
    ("presence_penalty", "presencePenalty"),
    ("frequency_penalty", "frequencyPenalty"),
];

/// What settings must not touch: policy has read these from the client's body already.
const NOT_SETTINGS: [&str; 6] = [
    "model",
    "stream",
    "stream_options",
    "messages",
    "input",
    "contents",
];

/// The settings as top-level fields of the vendor's API behind this door. Counting tokens takes none.
pub(crate) fn fields(dialect: Dialect, door: Door, settings: &[(String, String)]) -> Vec<(String, String)> {
    let mut fields: Vec<(String, String)> = Vec::new();
    if matches!(door, Door::CountTokens | Door::GeminiCountTokens) {
        return fields;
    }
    for (name, value) in settings {
        if NOT_SETTINGS.contains(&name.as_str()) {
            continue;
        }
        let (name, value) = match dialect {
            Dialect::OpenAi => (openai_name(door, name).to_owned(), value.clone()),
            Dialect::Anthropic => anthropic_field(name, value),
            Dialect::Gemini => gemini_field(name, value),
        };
        match fields.iter_mut().find(|(held, _)| *held == name) {
            Some((_, held)) => *held = merged(held, &value, Winner::Ours),
            None => fields.push((name, value)),
        }
    }
    fields
}

/// Whether a client's field is the one that a setting speaks of.
pub(crate) fn same_meaning(setting: &str, field: &str) -> bool {
    setting == field || (TOKEN_LIMIT_NAMES.contains(&setting) && TOKEN_LIMIT_NAMES.contains(&field))
}

/// Settings put on a translated body.
pub(crate) fn applied(
    body: Vec<u8>,
    dialect: Dialect,
    door: Door,
    set: &[(String, String)],
    default: &[(String, String)],
) -> Vec<u8> {
    let mut body = body;
    for (settings, winner) in [(default, Winner::Client), (set, Winner::Ours)] {
        for (name, value) in fields(dialect, door, settings) {
            let text = String::from_utf8(body).unwrap_or_default();
            let name = name_in(&text, &name);
            let mut setting = Vec::new();
            crate::json::Writer::new(&mut setting).object(|object| {
                object.key(&name).raw(&value);
            });
            body = merged(&text, &String::from_utf8(setting).unwrap_or_default(), winner).into_bytes();
        }
    }
    body
}

/// The name under which a body already says what a setting says.
fn name_in(body: &str, setting: &str) -> String {
    let json = Json::parse(body.as_bytes(), Rules::Vendor).ok();
    let fields = json.as_ref().map(Json::fields).unwrap_or_default();
    let held = fields.iter().find(|(name, _)| same_meaning(setting, name));
    held.map_or_else(|| setting.to_owned(), |(name, _)| name.to_string())
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Winner {
    /// The client's value stays where it sent one.
    Client,
    /// The setting is forced.
    Ours,
}

/// A client's value and a setting's as one: objects field by field, anything else by who wins.
pub(crate) fn merged(client: &str, ours: &str, winner: Winner) -> String {
    let parse = |text| Json::parse(text, Rules::Vendor).ok();
    match (parse(client.as_bytes()), parse(ours.as_bytes())) {
        (Some(client), Some(ours)) => {
            let mut out = Vec::new();
            merge(&client, &ours, winner, &mut out);
            String::from_utf8(out).unwrap_or_default()
        }
        _ => ours.to_owned(),
    }
}

fn merge(client: &Json<'_>, ours: &Json<'_>, winner: Winner, out: &mut Vec<u8>) {
    let (Value::Object(theirs), Value::Object(forced)) = (&client.value, &ours.value) else {
        let chosen = if winner == Winner::Client { client } else { ours };
        return out.extend_from_slice(chosen.raw.as_bytes());
    };
    let separate = |out: &mut Vec<u8>| {
        if out.last() != Some(&b'{') {
            out.push(b',');
        }
    };
    out.push(b'{');
    for (name, value) in theirs {
        separate(out);
        push_text(out, name);
        out.push(b':');
        match forced.iter().find(|(other, _)| other == name) {
            Some((_, ours)) => merge(value, ours, winner, out),
            None => out.extend_from_slice(value.raw.as_bytes()),
        }
    }
    for (name, value) in forced
        .iter()
        .filter(|(name, _)| theirs.iter().all(|(other, _)| other != name))
    {
        separate(out);
        push_text(out, name);
        out.push(b':');
        out.extend_from_slice(value.raw.as_bytes());
    }
    out.push(b'}');
}

fn openai_name(door: Door, name: &str) -> &str {
    match door {
        Door::Responses if TOKEN_LIMIT_NAMES.contains(&name) => "max_output_tokens",
        Door::Chat | Door::Completions if name == "max_output_tokens" => "max_tokens",
        _ => name,
    }
}

fn anthropic_field(name: &str, value: &str) -> (String, String) {
    match name {
        "stop" => ("stop_sequences".to_owned(), as_list(value)),
        name if TOKEN_LIMIT_NAMES.contains(&name) => ("max_tokens".to_owned(), value.to_owned()),
        name => (name.to_owned(), value.to_owned()),
    }
}

fn gemini_field(name: &str, value: &str) -> (String, String) {
    let Some((_, inner)) = GEMINI_NAMES.iter().find(|(openai, _)| *openai == name) else {
        return (name.to_owned(), value.to_owned());
    };
    let value = if *inner == "stopSequences" {
        as_list(value)
    } else {
        value.to_owned()
    };
    ("generationConfig".to_owned(), format!("{{\"{inner}\":{value}}}"))
}

fn as_list(value: &str) -> String {
    if value.trim_start().starts_with('[') {
        value.to_owned()
    } else {
        format!("[{value}]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_are_merged_field_by_field() {
        let merge = |client, ours, winner| merged(client, ours, winner);
        let (client, ours) = (r#"{"a":1,"b":{"c":2}}"#, r#"{"b":{"c":3,"d":4},"e":5}"#);
        assert_eq!(
            merge(client, ours, Winner::Ours),
            r#"{"a":1,"b":{"c":3,"d":4},"e":5}"#
        );
        assert_eq!(
            merge(client, ours, Winner::Client),
            r#"{"a":1,"b":{"c":2,"d":4},"e":5}"#
        );
        assert_eq!(merge("1", "2", Winner::Ours), "2");
        assert_eq!(merge("1", "{}", Winner::Client), "1");
    }

    #[test]
    fn a_setting_takes_the_name_the_vendor_knows() {
        let settings = [
            ("temperature", "0.2"),
            ("max_tokens", "9"),
            ("stop", "\"x\""),
            ("model", "\"no\""),
        ];
        let settings: Vec<_> = settings
            .iter()
            .map(|(name, value)| (name.to_string(), value.to_string()))
            .collect();
        let line = |dialect, door| {
            let fields = fields(dialect, door, &settings);
            fields
                .iter()
                .map(|(name, value)| format!("{name}={value}"))
                .collect::<Vec<_>>()
                .join(" ")
        };
        assert_eq!(
            line(Dialect::OpenAi, Door::Chat),
            "temperature=0.2 max_tokens=9 stop=\"x\""
        );
        assert_eq!(
            line(Dialect::OpenAi, Door::Responses),
            "temperature=0.2 max_output_tokens=9 stop=\"x\""
        );
        assert_eq!(
            line(Dialect::Anthropic, Door::Messages),
            "temperature=0.2 max_tokens=9 stop_sequences=[\"x\"]"
        );
        assert_eq!(
            line(Dialect::Gemini, Door::Generate),
            r#"generationConfig={"temperature":0.2,"maxOutputTokens":9,"stopSequences":["x"]}"#
        );
        assert_eq!(line(Dialect::Anthropic, Door::CountTokens), "");
    }
}
