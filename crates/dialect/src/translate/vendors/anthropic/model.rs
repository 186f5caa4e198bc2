//! What a Claude model takes, told from its name: there is no other way to know, and the vendor answers 400
//! to what a model does not take.

/// Version of a model, 4.5 as (4, 5). Names are `claude-opus-4-5-20251101`, older ones `claude-3-5-sonnet-20241022`,
/// with or without a host's prefix. None for names without a version.
pub(super) fn version(model: &str) -> Option<(u32, u32)> {
    let (_, name) = model.split_once("claude")?;
    let mut numbers = name
        .split(|character: char| !character.is_ascii_alphanumeric())
        .skip_while(|word| word.parse::<u32>().is_err())
        // A number of more than two digits is a date.
        .map_while(|word| word.parse::<u32>().ok().filter(|_| word.len() <= 2));
    let major = numbers.next()?;
    Some((major, numbers.next().unwrap_or_default()))
}

/// From 4.7 on, `temperature`, `top_p` and `top_k` are answered with 400.
pub(super) fn takes_sampling(model: &str) -> bool {
    version(model).is_none_or(|version| version < (4, 7))
}

/// How a model is asked to think.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Thinking {
    Never,
    /// `thinking.budget_tokens`.
    Budget,
    /// `thinking.type: adaptive` with `output_config.effort`.
    Effort,
}

pub(super) fn thinking(model: &str) -> Thinking {
    match version(model) {
        None => Thinking::Effort,
        Some(version) if version >= (4, 6) => Thinking::Effort,
        Some(version) if version >= (3, 7) => Thinking::Budget,
        Some(_) => Thinking::Never,
    }
}

/// From 4.8 on, a message may have the role `system`.
pub(super) fn takes_system_messages(model: &str) -> bool {
    version(model).is_some_and(|version| version >= (4, 8))
}

/// `max_tokens` for clients that named none; Anthropic requires one. The least that all models of a
/// generation allow: 32,000 (Opus 4), 8,192 (3.5), 4,096 (3).
pub(crate) fn max_tokens(model: &str) -> u64 {
    match version(model) {
        Some(version) if version >= (3, 7) => 32_000,
        Some(version) if version >= (3, 5) => 8_192,
        _ => 4_096,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_from_names_old_and_new() {
        let table = [
            ("claude-opus-4-7", Some((4, 7))),
            ("claude-sonnet-4-20250514", Some((4, 0))),
            ("claude-opus-4-1-20250805", Some((4, 1))),
            ("claude-3-5-sonnet-20241022", Some((3, 5))),
            ("claude-3-haiku-20240307", Some((3, 0))),
            ("anthropic.claude-haiku-4-5-20251001-v1:0", Some((4, 5))),
            ("claude-opus-5", Some((5, 0))),
            ("claude-latest", None),
            ("other", None),
        ];
        for (name, wanted) in table {
            assert_eq!(version(name), wanted, "{name}");
        }
        assert!(takes_sampling("claude-sonnet-4-5") && !takes_sampling("claude-opus-4-7"));
        assert_eq!(thinking("claude-3-5-haiku-20241022"), Thinking::Never);
        assert_eq!(
            (max_tokens("claude-sonnet-4-5"), max_tokens("x")),
            (32_000, 4_096)
        );
    }
}
