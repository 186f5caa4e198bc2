//! YAML text to a tree. The parser's events are read here and not by serde, because serde gives neither the places of
//! keys, nor keys that stand twice, nor the text of `4.10`; and it stops at the first mistake.

use std::collections::HashMap;

use granit_parser::{Event, Marker, Parser, ScalarStyle, ScanError, Span, StrInput, Tag};

use super::path::Path;
use super::report::{Place, Report, problem};
use super::source::Source;
use super::tree::{Entry, Node, Shape};

/// Deeper nesting than any configuration has; also what keeps the stack small.
const DEEPEST: usize = 64;
/// More nodes than any configuration has: YAML's aliases can make a thousand million out of ten lines.
const MOST_NODES: usize = 200_000;

/// Reads one YAML document. Syntax errors end the reading: after one, every further message would be a guess.
pub(super) fn read(source: &Source, report: &mut Report) -> Option<Node> {
    let parser = Parser::new_from_str(&source.text);
    let mut builder = Builder {
        source,
        parser,
        anchors: HashMap::new(),
        nodes: 0,
    };
    match builder.document() {
        Ok(node) => Some(node),
        Err((place, message)) => {
            report.unparsed(problem(place, &Path::top(), message));
            None
        }
    }
}

type Failure = (Place, String);

struct Builder<'text> {
    source: &'text Source,
    parser: Parser<'text, StrInput<'text>>,
    anchors: HashMap<usize, Node>,
    nodes: usize,
}

impl<'text> Builder<'text> {
    fn document(&mut self) -> Result<Node, Failure> {
        let mut root = None;
        loop {
            let (event, span) = self.next()?;
            match event {
                Event::StreamEnd => break,
                Event::DocumentStart(..) if root.is_some() => {
                    return Err((
                        place(span),
                        "a second document begins here; the configuration is one".to_owned(),
                    ));
                }
                Event::Scalar(..) | Event::MappingStart(..) | Event::SequenceStart(..) | Event::Alias(_) => {
                    root = Some(self.node(event, span, 0)?);
                }
                _ => {}
            }
        }
        let empty = Node {
            place: Place::START,
            shape: Shape::Map(Vec::new()),
        };
        Ok(root.filter(|root| !root.is_nothing()).unwrap_or(empty))
    }

    fn node(&mut self, event: Event<'text>, span: Span, depth: usize) -> Result<Node, Failure> {
        let here = place(span);
        self.count(here, 1)?;
        if depth > DEEPEST {
            return Err((here, format!("the nesting is deeper than {DEEPEST}")));
        }
        let (anchor, shape) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                let plain = style == ScalarStyle::Plain && !is_text(tag.as_deref(), here)?;
                (
                    anchor,
                    Shape::Scalar {
                        text: text.into_owned(),
                        plain,
                    },
                )
            }
            Event::SequenceStart(_, anchor, tag) => {
                refuse_tag(tag.as_deref(), here)?;
                (anchor, Shape::List(self.elements(depth)?))
            }
            Event::MappingStart(_, anchor, tag) => {
                refuse_tag(tag.as_deref(), here)?;
                (anchor, Shape::Map(self.entries(depth)?))
            }
            Event::Alias(anchor) => return self.copy(anchor, here),
            _ => return Err((here, "a value is missing here".to_owned())),
        };
        let node = Node { place: here, shape };
        if anchor > 0 {
            self.anchors.insert(anchor, node.clone());
        }
        Ok(node)
    }

    fn elements(&mut self, depth: usize) -> Result<Vec<Node>, Failure> {
        let mut elements = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd, _) => return Ok(elements),
                (event, span) => elements.push(self.node(event, span, depth + 1)?),
            }
        }
    }

    fn entries(&mut self, depth: usize) -> Result<Vec<Entry>, Failure> {
        let mut entries: Vec<Entry> = Vec::new();
        let mut merged = Vec::new();
        loop {
            let (event, span) = self.next()?;
            if event == Event::MappingEnd {
                break;
            }
            let key = self.node(event, span, depth + 1)?;
            let Shape::Scalar { text, plain } = key.shape else {
                return Err((key.place, "a key is a plain text".to_owned()));
            };
            let (event, span) = self.next()?;
            let value = self.node(event, span, depth + 1)?;
            if plain && text == "<<" {
                merged.push(value);
            } else {
                // Keys are names: a reference in one is left as it was written, and refused as a name.
                entries.push(Entry {
                    key: self.source.written(&text),
                    place: key.place,
                    value,
                });
            }
        }
        for source in merged {
            merge(&mut entries, source)?;
        }
        Ok(entries)
    }

    fn copy(&mut self, anchor: usize, here: Place) -> Result<Node, Failure> {
        let Some(node) = self.anchors.get(&anchor).cloned() else {
            return Err((here, "an alias cannot stand inside of what it repeats".to_owned()));
        };
        self.count(here, size(&node))?;
        Ok(Node {
            place: here,
            shape: node.shape,
        })
    }

    fn count(&mut self, here: Place, more: usize) -> Result<(), Failure> {
        self.nodes += more;
        if self.nodes > MOST_NODES {
            Err((here, format!("there are more than {MOST_NODES} values")))
        } else {
            Ok(())
        }
    }

    fn next(&mut self) -> Result<(Event<'text>, Span), Failure> {
        match self.parser.next_event() {
            Some(Ok(next)) => Ok(next),
            Some(Err(error)) => Err(syntax(&error)),
            None => Ok((Event::StreamEnd, Span::empty(Marker::new(0, 1, 0)))),
        }
    }
}

/// `<<` takes over the keys of another mapping, or of several, that this one has not itself.
fn merge(entries: &mut Vec<Entry>, source: Node) -> Result<(), Failure> {
    let further = match source.shape {
        Shape::Map(further) => further,
        Shape::List(sources) => return sources.into_iter().try_for_each(|source| merge(entries, source)),
        Shape::Scalar { .. } => return Err((source.place, "`<<` takes a mapping".to_owned())),
    };
    for entry in further {
        if !entries.iter().any(|own| own.key == entry.key) {
            entries.push(entry);
        }
    }
    Ok(())
}

fn size(node: &Node) -> usize {
    match &node.shape {
        Shape::Scalar { .. } => 1,
        Shape::List(elements) => 1 + elements.iter().map(size).sum::<usize>(),
        Shape::Map(entries) => 1 + entries.iter().map(|entry| 1 + size(&entry.value)).sum::<usize>(),
    }
}

/// Whether a scalar is marked as text by `!!str`; no other mark means anything here.
fn is_text(tag: Option<&Tag>, here: Place) -> Result<bool, Failure> {
    match tag {
        Some(tag) if tag.core_suffix() == Some("str") => Ok(true),
        tag => refuse_tag(tag, here).map(|()| false),
    }
}

fn refuse_tag(tag: Option<&Tag>, here: Place) -> Result<(), Failure> {
    match tag {
        Some(tag) => Err((here, format!("the tag `{}` means nothing here", tag.original()))),
        None => Ok(()),
    }
}

fn place(span: Span) -> Place {
    let (line, last_line) = (span.start.line(), span.end.line());
    let column = span.start.col() + 1;
    let width = if line == last_line {
        span.len()
    } else {
        usize::MAX / 2
    };
    Place {
        line,
        column,
        width,
        last_line,
    }
}

fn syntax(error: &ScanError) -> Failure {
    let marker = error.marker();
    let place = Place {
        line: marker.line(),
        column: marker.col() + 1,
        width: 1,
        last_line: marker.line(),
    };
    (place, format!("this is not YAML: {}", error.info()))
}
