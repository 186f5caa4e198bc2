//! Ids of tool calls. A conversation may have been led by another vendor before, so ids that this one would
//! refuse are rewritten, always in the same way: a call and its result still meet. Vendors that give no ids
//! get made-up ones, which must differ between calls and between answers.

use std::borrow::Cow;

use xxhash_rust::xxh3::xxh3_64;

/// Anthropic takes `^[a-zA-Z0-9_-]+$`, up to 64 characters.
pub(crate) fn for_anthropic(id: &str) -> Cow<'_, str> {
    fit(id, "toolu_", 64)
}

/// OpenAI takes up to 40 characters in chat.
pub(crate) fn for_openai(id: &str) -> Cow<'_, str> {
    fit(id, "call_", 40)
}

/// An id for the `number`th call of an answer.
pub(crate) fn made_up(answer: &str, number: usize) -> String {
    format!("call_{:016x}{number:02}", xxh3_64(answer.as_bytes()))
}

fn fit<'i>(id: &'i str, prefix: &str, longest: usize) -> Cow<'i, str> {
    let plain = id
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
    if plain && !id.is_empty() && id.len() <= longest {
        return Cow::Borrowed(id);
    }
    Cow::Owned(format!("{prefix}{:016x}", xxh3_64(id.as_bytes())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_kept_if_it_fits_and_else_rewritten_the_same_each_time() {
        assert_eq!(for_anthropic("call_a-1"), "call_a-1");
        assert_eq!(for_anthropic("functions.get:0"), for_anthropic("functions.get:0"));
        assert_ne!(for_anthropic("functions.get:0"), for_anthropic("functions.get:1"));
        assert!(for_openai(&"x".repeat(41)).len() <= 40);
        assert_ne!(made_up("resp-1", 0), made_up("resp-1", 1));
        assert_ne!(made_up("resp-1", 0), made_up("resp-2", 0));
    }
}
