//! An answer on its way from any vendor to any door, piece by piece. Whole answers are the same pieces, so
//! each vendor is read and each door written in one way only.

use crate::translate::request::Proof;
use crate::usage::Usage;

/// One step of an answer. Calls are numbered from 0 within their choice, without gaps.
pub(crate) enum Piece<'a> {
    /// The answer begins; the vendor's name for it, if it has one.
    Start {
        id: Option<&'a str>,
    },
    Text(&'a str),
    Refusal(&'a str),
    Thought(&'a str),
    /// Ends a thought with its vendor's proof; without a thought before it, it stands alone.
    Proof(Proof),
    CallStart {
        call: usize,
        id: &'a str,
        name: &'a str,
        proof: Option<&'a Proof>,
    },
    CallArguments {
        call: usize,
        text: &'a str,
    },
    CallEnd {
        call: usize,
    },
    Finish {
        why: Finish,
        stop_sequence: Option<&'a str>,
    },
    Usage(Usage),
}

/// Takes the pieces of an answer: choice and piece.
pub(crate) type Sink<'s> = dyn FnMut(usize, Piece<'_>) + 's;

/// Why the model stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Finish {
    Stop,
    StopSequence,
    ToolCalls,
    Length,
    Filtered,
    /// The vendor paused a long turn of its own tools.
    Paused,
}

/// OpenAI's limit for `n`.
const MOST_CHOICES: usize = 128;

/// A whole answer, collected from its pieces.
#[derive(Default)]
pub(crate) struct Collected {
    pub(crate) id: Option<String>,
    pub(crate) choices: Vec<Choice>,
    pub(crate) usage: Option<Usage>,
}

#[derive(Default)]
pub(crate) struct Choice {
    pub(crate) blocks: Vec<Block>,
    pub(crate) finish: Option<Finish>,
    pub(crate) stop_sequence: Option<String>,
}

pub(crate) enum Block {
    Text(String),
    Refusal(String),
    Thought {
        text: String,
        proof: Option<Proof>,
    },
    Call {
        id: String,
        name: String,
        arguments: String,
        proof: Option<Proof>,
    },
}

impl Collected {
    pub(crate) fn take(&mut self, choice: usize, piece: Piece<'_>) {
        match piece {
            Piece::Start { id } => self.id = id.map(str::to_owned).or(self.id.take()),
            Piece::Usage(usage) => self.usage = Some(usage),
            piece => {
                // A choice's number comes from outside: one far off must not make a million choices.
                let choice = choice.min(MOST_CHOICES - 1);
                while self.choices.len() <= choice {
                    self.choices.push(Choice::default());
                }
                if let Some(choice) = self.choices.get_mut(choice) {
                    choice.take(piece);
                }
            }
        }
    }
}

impl Choice {
    /// All its text in one, with its refusals apart.
    pub(crate) fn texts(&self) -> (String, String) {
        let mut texts = (String::new(), String::new());
        for block in &self.blocks {
            match block {
                Block::Text(text) => texts.0.push_str(text),
                Block::Refusal(text) => texts.1.push_str(text),
                Block::Thought { .. } | Block::Call { .. } => {}
            }
        }
        texts
    }

    fn take(&mut self, piece: Piece<'_>) {
        match piece {
            Piece::Text(more) => match self.blocks.last_mut() {
                Some(Block::Text(text)) => text.push_str(more),
                _ => self.blocks.push(Block::Text(more.to_owned())),
            },
            Piece::Refusal(more) => match self.blocks.last_mut() {
                Some(Block::Refusal(text)) => text.push_str(more),
                _ => self.blocks.push(Block::Refusal(more.to_owned())),
            },
            Piece::Thought(more) => match self.blocks.last_mut() {
                Some(Block::Thought { text, proof: None }) => text.push_str(more),
                _ => self.blocks.push(Block::Thought {
                    text: more.to_owned(),
                    proof: None,
                }),
            },
            Piece::Proof(given) => match self.blocks.last_mut() {
                Some(Block::Thought { proof, .. }) if proof.is_none() => *proof = Some(given),
                _ => self.blocks.push(Block::Thought {
                    text: String::new(),
                    proof: Some(given),
                }),
            },
            Piece::CallStart { id, name, proof, .. } => self.blocks.push(Block::Call {
                id: id.to_owned(),
                name: name.to_owned(),
                arguments: String::new(),
                proof: proof.cloned(),
            }),
            Piece::CallArguments { call, text } => {
                let mut calls = self.blocks.iter_mut().filter_map(|block| match block {
                    Block::Call { arguments, .. } => Some(arguments),
                    _ => None,
                });
                if let Some(arguments) = calls.nth(call) {
                    arguments.push_str(text);
                }
            }
            Piece::Finish { why, stop_sequence } => {
                self.finish = Some(why);
                self.stop_sequence = stop_sequence.map(str::to_owned);
            }
            Piece::Start { .. } | Piece::Usage(_) | Piece::CallEnd { .. } => {}
        }
    }
}
