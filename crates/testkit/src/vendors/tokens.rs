//! The simulators' tokeniser: a token is the white space before a word and up to eight characters of it.
//!
//! Real vocabularies are large, different for each vendor and beside the point. What counts is that prompt,
//! stream and usage follow one rule that a reader can check by eye: a longer word takes several tokens, and
//! white space at the end of a text is a token of its own.

const CHARACTERS_PER_TOKEN: u32 = 8;

/// Byte offsets at which the tokens of `text` end; the last one is the length of the text.
pub(super) fn token_ends(text: &str) -> Vec<u32> {
    let mut ends = Vec::with_capacity(text.len() / 5 + 1);
    for_each_token_end(text, |end| ends.push(u32::try_from(end).unwrap_or(u32::MAX)));
    ends
}

pub(super) fn count_tokens(text: &str) -> u64 {
    let mut count = 0;
    for_each_token_end(text, |_| count += 1);
    count
}

fn for_each_token_end(text: &str, mut found: impl FnMut(usize)) {
    let mut characters_of_word = 0;
    for (at, character) in text.char_indices() {
        if character.is_whitespace() {
            if characters_of_word > 0 {
                found(at);
            }
            characters_of_word = 0;
            continue;
        }
        if characters_of_word == CHARACTERS_PER_TOKEN {
            found(at);
            characters_of_word = 0;
        }
        characters_of_word += 1;
    }
    if !text.is_empty() {
        found(text.len());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_a_word_with_the_space_before_it() {
        assert_eq!(token_ends("two words"), [3, 9]);
        assert_eq!(count_tokens("  one"), 1);
    }

    #[test]
    fn a_long_word_takes_several_tokens_and_never_splits_a_character() {
        let text = "ééééééééé";
        assert_eq!(token_ends(text), [16, 18]);
        assert!(
            token_ends(text)
                .iter()
                .all(|&end| text.is_char_boundary(end as usize))
        );
    }

    #[test]
    fn nothing_has_no_tokens() {
        assert_eq!(count_tokens(""), 0);
        assert!(token_ends("").is_empty());
    }
}
