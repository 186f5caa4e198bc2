//! The order in which an answer is streamed, before any vendor's form.
//!
//! A stream is a list of small pieces; each dialect turns a piece into no, one or several events. Faults are
//! edits of this list, so that each of them works the same way in every dialect.

use super::answer::{Answer, Choice};

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Piece {
    Begin,
    ChoiceBegin(u16),
    TextBegin(u16),
    /// Choice, index of the token.
    Text(u16, u32),
    TextEnd(u16),
    /// Choice, index of the call.
    ToolBegin(u16, u16),
    /// Choice, index of the call, index of the token.
    ToolArguments(u16, u16, u32),
    ToolEnd(u16, u16),
    ChoiceEnd(u16),
    End,
    /// Bytes that are no event.
    Garbage,
    /// The vendor's error event.
    Error,
}

impl Piece {
    /// Whether the piece takes the time of a token and counts as one.
    pub(super) fn is_token(self) -> bool {
        matches!(
            self,
            Piece::Text(..) | Piece::ToolBegin(..) | Piece::ToolArguments(..)
        )
    }
}

/// All pieces of a well answer. Choices side by side take turns, as vendors send them.
pub(super) fn pieces_of(answer: &Answer) -> Vec<Piece> {
    let mut pieces = vec![Piece::Begin];
    let numbered = || answer.choices.iter().zip(0u16..);
    pieces.extend(numbered().map(|(_, index)| Piece::ChoiceBegin(index)));
    let mut middles: Vec<_> = numbered()
        .map(|(choice, index)| middle_of(choice, index).into_iter())
        .collect();
    while !middles.is_empty() {
        middles.retain_mut(|middle| middle.next().map(|piece| pieces.push(piece)).is_some());
    }
    pieces.extend(numbered().map(|(_, index)| Piece::ChoiceEnd(index)));
    pieces.push(Piece::End);
    pieces
}

fn middle_of(choice: &Choice, index: u16) -> Vec<Piece> {
    let mut pieces = Vec::with_capacity(choice.text_tokens() + 2);
    if choice.text_tokens() > 0 {
        pieces.push(Piece::TextBegin(index));
        pieces.extend(
            (0u32..)
                .take(choice.text_tokens())
                .map(|token| Piece::Text(index, token)),
        );
        pieces.push(Piece::TextEnd(index));
    }
    for (call, number) in choice.tool_calls.iter().zip(0u16..) {
        pieces.push(Piece::ToolBegin(index, number));
        let tokens = (0u32..).take(call.token_ends.len());
        pieces.extend(tokens.map(|token| Piece::ToolArguments(index, number, token)));
        pieces.push(Piece::ToolEnd(index, number));
    }
    pieces
}
