//! The words of simulated answers.
//!
//! The first sentence names the model, so that whoever reads an answer sees which side gave it. The rest is
//! small talk about boats and gardens, with quotes, line breaks and characters of two to four bytes on purpose:
//! an answer that is cut or escaped in the wrong place shows.

use super::tokens::token_ends;

const SENTENCES: &[&str] = &[
    "The barge waits until the lower gate is shut.",
    "A heron stood by the weir and did not mind the rain.",
    "Two keepers share one kettle, and neither takes sugar.",
    "\"Mind the step,\" said the ferryman, \"it is older than the boat.\"",
    "The café at the bridge opens when the fog lifts.",
    "Water finds the lowest place → a keeper knows it before.",
    "They painted the hull blue, then green, then blue again.",
    "A rope kept dry is a rope kept long.",
    "The naïve plan was to dig in a straight line; the hill said no.",
    "Swallows (about forty) came back on the same Tuesday.",
    "The ledger says 12 crates; the quay says 11.",
    "In the garden behind the lock, beans climb whatever stands still.",
    "The bell rings twice for a boat & once for tea.",
    "A sign in three languages says the same: 静かに, leise, softly.",
    "Backslashes \\ and tabs\tsurvive the journey.",
    "The new pump hums a note that the dog dislikes.",
    "Whoever opened the sluice forgot to write it down.\n\nNobody was late.",
    "Moonlight 🌕 makes the towpath longer.",
    "The map shows a harbour where only reeds are left.",
    "By noon the queue was gone, and so was the bread.",
];

/// A text of exactly `tokens` tokens.
pub(super) fn plain_text(model: &str, tokens: usize, identity: u64) -> String {
    let mut rng = fastrand::Rng::with_seed(identity);
    let mut text = format!("This is {model}, simulated.");
    loop {
        let ends = token_ends(&text);
        if ends.len() > tokens {
            text.truncate(
                tokens
                    .checked_sub(1)
                    .and_then(|last| ends.get(last))
                    .map_or(0, |end| *end as usize),
            );
            return text;
        }
        // The shortest sentence has nine tokens; a few more than needed are cut in the next round.
        for _ in 0..=(tokens - ends.len()) / 9 {
            text.push(' ');
            text.push_str(rng.choice(SENTENCES).unwrap_or(&"Good."));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_has_the_length_that_was_asked_for() {
        for tokens in [0, 1, 5, 40, 1000] {
            assert_eq!(token_ends(&plain_text("gpt-4.1", tokens, 9)).len(), tokens);
        }
    }

    #[test]
    fn the_first_words_name_the_model() {
        assert!(plain_text("gpt-4.1", 20, 9).starts_with("This is gpt-4.1, simulated."));
    }
}
