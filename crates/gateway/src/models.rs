//! The models that a key may call, listed as each vendor's API lists its own. Shapes and paging are those of the
//! vendors' references; nobody has to page, since a list that asks for no part is whole.

use dialect::Dialect;
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::keys::Key;
use crate::refused::Refused;
use crate::said::percent_decoded;
use crate::snapshot::Snapshot;

/// `GET /v1/models` and `/v1beta/models`.
pub(crate) fn list(dialect: Dialect, snapshot: &Snapshot, key: &Key, query: &str) -> Result<Answer, Refused> {
    let mut names: Vec<&str> = snapshot
        .table
        .names
        .public()
        .filter(|name| key.allowed.permits(name))
        .collect();
    names.sort_unstable();
    let part = Part::read(dialect, query)?;
    let (names, more) = part.of(&names);
    Ok(json_answer(&written_list(dialect, names, more)))
}

/// The same paths with a model's name.
pub(crate) fn one(dialect: Dialect, snapshot: &Snapshot, key: &Key, id: &str) -> Result<Answer, Refused> {
    let names = &snapshot.table.names;
    if names.public().any(|name| name == id) && key.allowed.permits(id) {
        return Ok(json_answer(&written(dialect, id)));
    }
    let nearest = names.nearest(id, |name| key.allowed.permits(name));
    Err(Refused::from_route(
        decide::route::Refusal::ModelNotFound,
        id,
        &nearest,
    ))
}

fn json_answer(value: &Value) -> Answer {
    Answer::json(200, value.to_string().into_bytes())
}

fn written_list(dialect: Dialect, names: &[&str], more: bool) -> Value {
    let models: Vec<Value> = names.iter().map(|name| written(dialect, name)).collect();
    match dialect {
        Dialect::OpenAi => json!({"object": "list", "data": models}),
        Dialect::Anthropic => {
            json!({"data": models, "has_more": more, "first_id": names.first(), "last_id": names.last()})
        }
        Dialect::Gemini => match names.last().filter(|_| more) {
            Some(last) => json!({"models": models, "nextPageToken": last}),
            None => json!({"models": models}),
        },
    }
}

fn written(dialect: Dialect, name: &str) -> Value {
    match dialect {
        // Clients expect a time; a public name has none that would mean something.
        Dialect::OpenAi => json!({"id": name, "object": "model", "created": 0, "owned_by": "crossfade"}),
        // Anthropic's reference has the epoch for models whose release date is not known.
        Dialect::Anthropic => {
            json!({"type": "model", "id": name, "display_name": name, "created_at": "1970-01-01T00:00:00Z"})
        }
        Dialect::Gemini => json!({
            "name": format!("models/{name}"), "version": "", "displayName": name,
            "supportedGenerationMethods": ["generateContent", "streamGenerateContent", "countTokens"],
        }),
    }
}

/// Which part of a sorted list is wanted.
#[derive(Debug, Default, PartialEq, Eq)]
struct Part {
    most: Option<usize>,
    /// Names behind this one.
    after: Option<String>,
    /// Names before this one, the nearest of them.
    before: Option<String>,
}

impl Part {
    fn read(dialect: Dialect, query: &str) -> Result<Part, Refused> {
        let (most, after, before) = match dialect {
            Dialect::OpenAi => return Ok(Part::default()),
            Dialect::Anthropic => ("limit", "after_id", "before_id"),
            Dialect::Gemini => ("pageSize", "pageToken", ""),
        };
        let mut part = Part::default();
        let pairs = query.strip_prefix('?').unwrap_or(query).split('&');
        for (name, value) in pairs.filter_map(|pair| pair.split_once('=')) {
            let value = String::from_utf8_lossy(&percent_decoded(value)).into_owned();
            if value.is_empty() {
                continue;
            }
            if name == most {
                let number = value.parse().ok().filter(|number| *number > 0);
                part.most = Some(number.ok_or_else(|| wrong_size(name))?);
            } else if name == after {
                part.after = Some(value);
            } else if name == before {
                part.before = Some(value);
            }
        }
        Ok(part)
    }

    /// The part, and whether there is more of the list in the direction in which it is read.
    fn of<'n, 'a>(&self, names: &'n [&'a str]) -> (&'n [&'a str], bool) {
        let from = self
            .after
            .as_deref()
            .map_or(0, |after| names.partition_point(|name| *name <= after));
        let to = self
            .before
            .as_deref()
            .map_or(names.len(), |before| names.partition_point(|name| *name < before));
        let wanted = names.get(from..to).unwrap_or_default();
        match self.most.filter(|most| *most < wanted.len()) {
            None => (wanted, false),
            Some(most) if self.before.is_some() => (wanted.split_at(wanted.len() - most).1, true),
            Some(most) => (wanted.split_at(most).0, true),
        }
    }
}

fn wrong_size(name: &str) -> Refused {
    Refused::new(
        400,
        "invalid_request",
        format!("'{name}' must be a whole number from 1"),
    )
    .param(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: [&str; 4] = ["a", "b", "c", "d"];

    fn part(dialect: Dialect, query: &str) -> Option<(Vec<&'static str>, bool)> {
        let part = Part::read(dialect, query).ok()?;
        let (names, more) = part.of(&NAMES);
        Some((names.to_vec(), more))
    }

    #[test]
    fn a_list_comes_whole_or_in_the_pages_of_its_api() {
        use Dialect::{Anthropic, Gemini, OpenAi};
        let rows: [(Dialect, &str, &[&str], bool); 10] = [
            (OpenAi, "?limit=1", &NAMES, false),
            (Anthropic, "", &NAMES, false),
            (Anthropic, "?limit=4", &NAMES, false),
            (Anthropic, "?limit=2", &["a", "b"], true),
            (Anthropic, "?limit=2&after_id=b", &["c", "d"], false),
            (Anthropic, "?limit=2&before_id=d", &["b", "c"], true),
            (Anthropic, "?after_id=d", &[], false),
            (Anthropic, "?after_id=c&before_id=b", &[], false),
            (Gemini, "?pageSize=3&pageToken=", &["a", "b", "c"], true),
            (Gemini, "?pageSize=3&pageToken=%63", &["d"], false),
        ];
        for (dialect, query, names, more) in rows {
            assert_eq!(part(dialect, query), Some((names.to_vec(), more)), "{query}");
        }
        for wrong in ["?limit=0", "?limit=x", "?limit=-1"] {
            assert_eq!(part(Anthropic, wrong), None, "{wrong}");
        }
    }

    #[test]
    fn each_api_writes_lists_in_its_own_shape() {
        let names = ["a"];
        let openai = json!({"id": "a", "object": "model", "created": 0, "owned_by": "crossfade"});
        assert_eq!(
            written_list(Dialect::OpenAi, &names, false),
            json!({"object": "list", "data": [openai]})
        );
        let claude =
            json!({"type": "model", "id": "a", "display_name": "a", "created_at": "1970-01-01T00:00:00Z"});
        assert_eq!(
            written_list(Dialect::Anthropic, &names, true),
            json!({"data": [claude], "has_more": true, "first_id": "a", "last_id": "a"})
        );
        assert_eq!(
            written_list(Dialect::Anthropic, &[], false),
            json!({"data": [], "has_more": false, "first_id": null, "last_id": null})
        );
        let gemini = written_list(Dialect::Gemini, &names, true);
        assert_eq!(
            (&gemini["models"][0]["name"], &gemini["nextPageToken"]),
            (&json!("models/a"), &json!("a"))
        );
        assert_eq!(
            written_list(Dialect::Gemini, &names, false).get("nextPageToken"),
            None
        );
    }
}
