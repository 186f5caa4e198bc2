//! A call's arguments that come one value at a time, each with the JSON path where it belongs:
//! `{"jsonPath": "$.location", "stringValue": "Bos", "willContinue": true}`. Strings may come in pieces.

use crate::json::{Json, Writer, push_text};

#[derive(Default)]
pub(super) struct PartialArguments {
    root: Node,
}

#[derive(Default)]
enum Node {
    #[default]
    Nothing,
    /// A value that is written already.
    Raw(String),
    Text(String),
    Object(Vec<(String, Node)>),
    List(Vec<Node>),
}

enum Step {
    Field(String),
    Item(usize),
}

/// A list longer than this is not built from single values; a path naming a far place must not take memory.
const LONGEST_LIST: usize = 10_000;

impl PartialArguments {
    pub(super) fn take(&mut self, piece: &Json<'_>) {
        let path = steps(piece.text_at("jsonPath").unwrap_or("$"));
        let node = path.into_iter().try_fold(&mut self.root, Node::step);
        let Some(node) = node else { return };
        if let Some(more) = piece.text_at("stringValue") {
            match node {
                Node::Text(text) => text.push_str(more),
                other => *other = Node::Text(more.to_owned()),
            }
            return;
        }
        for name in ["numberValue", "boolValue"] {
            if let Some(value) = piece.get(name) {
                *node = Node::Raw(value.raw.to_owned());
            }
        }
        if piece.fields().iter().any(|(name, _)| name == "nullValue") {
            *node = Node::Raw("null".to_owned());
        }
    }

    /// What has come, as one object.
    pub(super) fn json(&self) -> String {
        let mut out = Vec::new();
        match &self.root {
            Node::Nothing => out.extend_from_slice(b"{}"),
            node => node.write(&mut out),
        }
        String::from_utf8(out).unwrap_or_default()
    }
}

impl Node {
    fn step(&mut self, step: Step) -> Option<&mut Node> {
        match step {
            Step::Field(name) => {
                if !matches!(self, Node::Object(_)) {
                    *self = Node::Object(Vec::new());
                }
                let Node::Object(fields) = self else { return None };
                let position = fields
                    .iter()
                    .position(|(held, _)| *held == name)
                    .unwrap_or(fields.len());
                if position == fields.len() {
                    fields.push((name, Node::Nothing));
                }
                fields.get_mut(position).map(|(_, node)| node)
            }
            Step::Item(position) => {
                if !matches!(self, Node::List(_)) {
                    *self = Node::List(Vec::new());
                }
                let Node::List(items) = self else { return None };
                if position >= LONGEST_LIST {
                    return None;
                }
                while items.len() <= position {
                    items.push(Node::Nothing);
                }
                items.get_mut(position)
            }
        }
    }

    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Node::Nothing => out.extend_from_slice(b"null"),
            Node::Raw(json) => out.extend_from_slice(json.as_bytes()),
            Node::Text(text) => push_text(out, text),
            Node::Object(fields) => {
                Writer::new(out).object(|object| {
                    for (name, node) in fields {
                        let mut value = Vec::new();
                        node.write(&mut value);
                        object
                            .key(name)
                            .raw(&String::from_utf8(value).unwrap_or_default());
                    }
                });
            }
            Node::List(items) => {
                Writer::new(out).list(|list| {
                    for node in items {
                        let mut value = Vec::new();
                        node.write(&mut value);
                        list.raw(&String::from_utf8(value).unwrap_or_default());
                    }
                });
            }
        }
    }
}

/// `$.a['b c'][0]` as steps. Depth is bounded, as everywhere.
fn steps(path: &str) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut rest = path.strip_prefix('$').unwrap_or(path);
    while !rest.is_empty() && steps.len() < crate::json::DEPTH_LIMIT as usize {
        if let Some(named) = rest.strip_prefix('.') {
            let end = named.find(['.', '[']).unwrap_or(named.len());
            let (name, tail) = named.split_at(end);
            steps.push(Step::Field(name.to_owned()));
            rest = tail;
        } else if let Some(inner) = rest.strip_prefix('[') {
            let (inside, tail) = inner.split_once(']').unwrap_or((inner, ""));
            match inside.parse() {
                Ok(position) => steps.push(Step::Item(position)),
                Err(_) => steps.push(Step::Field(inside.trim_matches(['\'', '"']).to_owned())),
            }
            rest = tail;
        } else {
            let end = rest.find(['.', '[']).unwrap_or(rest.len());
            let (name, tail) = rest.split_at(end);
            steps.push(Step::Field(name.to_owned()));
            rest = tail;
        }
    }
    steps
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::json::Rules;

    #[test]
    fn values_go_where_their_paths_say() {
        let pieces = [
            r#"{"jsonPath":"$.location","stringValue":"Bos","willContinue":true}"#,
            r#"{"jsonPath":"$.location","stringValue":"ton \"MA\""}"#,
            r#"{"jsonPath":"$.days[1].n","numberValue":1.50}"#,
            r#"{"jsonPath":"$.days[0]","boolValue":true}"#,
            r#"{"jsonPath":"$['a b']","nullValue":null}"#,
            r#"{"jsonPath":"$.far[99999999]","numberValue":1}"#,
        ];
        let mut arguments = PartialArguments::default();
        for piece in pieces {
            arguments.take(&Json::parse(piece.as_bytes(), Rules::Vendor).unwrap());
        }
        assert_eq!(
            arguments.json(),
            r#"{"location":"Boston \"MA\"","days":[true,{"n":1.50}],"a b":null,"far":[]}"#
        );
        assert_eq!(PartialArguments::default().json(), "{}");
    }
}
