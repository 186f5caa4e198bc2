//! What an answer cost, in one meaning for all vendors. They count differently: OpenAI's and Google's input
//! includes what came from a cache, Anthropic's does not; Google's output excludes thoughts, the others' does
//! not.

use crate::json::{Cursor, Flaw, Json, Kind, Rules};

/// Token counts of one answer. Parts are contained in their sums and never to be added to them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// All input, whatever it cost.
    pub input_tokens: u64,
    /// Of the input: read from the vendor's cache.
    pub cached_input_tokens: u64,
    /// Of the input: written to the vendor's cache.
    pub cache_write_tokens: u64,
    /// Of the cache writes: kept for an hour, which is priced differently.
    pub cache_write_1h_tokens: u64,
    /// All output, reasoning included.
    pub output_tokens: u64,
    /// Of the output: reasoning.
    pub reasoning_tokens: u64,
}

impl Usage {
    pub fn total_tokens(&self) -> u64 {
        self.input_tokens.saturating_add(self.output_tokens)
    }
}

/// OpenAI's `usage`, of chat, completions and embeddings (`prompt_tokens`) and of responses (`input_tokens`).
pub(crate) fn openai(usage: &Json<'_>) -> Usage {
    openai_text(usage.raw.as_bytes())
}

/// The same from its text.
pub(crate) fn openai_text(usage: &[u8]) -> Usage {
    let mut cursor = Cursor::new(usage, Rules::Vendor);
    openai_next(&mut cursor).ok().flatten().unwrap_or_default()
}

/// The same where it stands in an answer; None for a null. It is walked, not parsed: it comes with every
/// answer and has some ten fields.
pub(crate) fn openai_next(cursor: &mut Cursor<'_>) -> Result<Option<Usage>, Flaw> {
    if cursor.at_object() {
        return Ok(Some(OpenAiCounts::read(cursor)?.usage()));
    }
    let value = cursor.value()?;
    Ok((value.kind != Kind::Null).then(Usage::default))
}

/// What OpenAI's `usage` says, before the vendors' readings of it are made one.
#[derive(Default)]
struct OpenAiCounts {
    /// Each under its names in order of their rank.
    input: [Option<u64>; 2],
    output: [Option<u64>; 2],
    input_details: [Option<Details>; 2],
    output_details: [Option<Details>; 2],
    total: Option<u64>,
    cache_hit: Option<u64>,
}

#[derive(Clone, Copy, Default)]
struct Details {
    cached: Option<u64>,
    cache_write: Option<u64>,
    reasoning: Option<u64>,
}

impl OpenAiCounts {
    fn read(cursor: &mut Cursor<'_>) -> Result<OpenAiCounts, Flaw> {
        let mut counts = OpenAiCounts::default();
        cursor.object(|cursor, key| {
            if key.is("prompt_tokens") {
                counts.input[0] = cursor.integer()?;
            } else if key.is("input_tokens") {
                counts.input[1] = cursor.integer()?;
            } else if key.is("completion_tokens") {
                counts.output[0] = cursor.integer()?;
            } else if key.is("output_tokens") {
                counts.output[1] = cursor.integer()?;
            } else if key.is("total_tokens") {
                counts.total = cursor.integer()?;
            } else if key.is("prompt_tokens_details") {
                counts.input_details[0] = Details::read(cursor)?;
            } else if key.is("input_tokens_details") {
                counts.input_details[1] = Details::read(cursor)?;
            } else if key.is("completion_tokens_details") {
                counts.output_details[0] = Details::read(cursor)?;
            } else if key.is("output_tokens_details") {
                counts.output_details[1] = Details::read(cursor)?;
            } else if key.is("prompt_cache_hit_tokens") {
                counts.cache_hit = cursor.integer()?;
            }
            Ok::<(), Flaw>(())
        })?;
        Ok(counts)
    }

    fn usage(self) -> Usage {
        let input_details = first(self.input_details).unwrap_or_default();
        let output_details = first(self.output_details).unwrap_or_default();
        let input = first(self.input).unwrap_or_default();
        let output = first(self.output).unwrap_or_default();
        let reasoning = output_details.reasoning.unwrap_or_default();
        let cached = first([input_details.cached, self.cache_hit])
            .unwrap_or_default()
            .min(input);
        // xAI counts reasoning beside the output; its total tells.
        let apart = input.saturating_add(output).saturating_add(reasoning);
        let beside = reasoning > 0 && self.total == Some(apart);
        Usage {
            input_tokens: input,
            cached_input_tokens: cached,
            // OpenRouter tells some tokens as both read and written; they were sent once.
            cache_write_tokens: input_details.cache_write.unwrap_or_default().min(input - cached),
            cache_write_1h_tokens: 0,
            output_tokens: if beside {
                output.saturating_add(reasoning)
            } else {
                output
            },
            reasoning_tokens: reasoning,
        }
    }
}

impl Details {
    /// None for a null, which is the same as no field; what is neither has no counts.
    fn read(cursor: &mut Cursor<'_>) -> Result<Option<Details>, Flaw> {
        let mut details = Details::default();
        if !cursor.at_object() {
            let value = cursor.value()?;
            return Ok((value.kind != Kind::Null).then_some(details));
        }
        cursor.object(|cursor, key| {
            if key.is("cached_tokens") {
                details.cached = cursor.integer()?;
            } else if key.is("cache_write_tokens") {
                details.cache_write = cursor.integer()?;
            } else if key.is("reasoning_tokens") {
                details.reasoning = cursor.integer()?;
            }
            Ok::<(), Flaw>(())
        })?;
        Ok(Some(details))
    }
}

fn first<T>([one, other]: [Option<T>; 2]) -> Option<T> {
    one.or(other)
}

/// Anthropic's `usage`, which comes in pieces: each field of a later piece takes the place of the earlier
/// one, nothing is ever added up over pieces.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct AnthropicUsage {
    input: Option<u64>,
    cache_read: Option<u64>,
    cache_write: Option<u64>,
    cache_write_1h: Option<u64>,
    output: Option<u64>,
    thinking: Option<u64>,
}

impl AnthropicUsage {
    pub(crate) fn take(&mut self, usage: &Json<'_>) {
        let inside = |object: &str, name: &str| usage.get(object).and_then(|object| object.integer_at(name));
        self.input = usage.integer_at("input_tokens").or(self.input);
        self.cache_read = usage.integer_at("cache_read_input_tokens").or(self.cache_read);
        self.cache_write = usage
            .integer_at("cache_creation_input_tokens")
            .or(self.cache_write);
        self.cache_write_1h = inside("cache_creation", "ephemeral_1h_input_tokens").or(self.cache_write_1h);
        self.output = usage.integer_at("output_tokens").or(self.output);
        self.thinking = inside("output_tokens_details", "thinking_tokens")
            .or(inside("output_tokens_details", "reasoning_tokens"))
            .or(self.thinking);
    }

    pub(crate) fn total(&self) -> Option<Usage> {
        self.input.or(self.output)?;
        let cache_read = self.cache_read.unwrap_or_default();
        let cache_write = self.cache_write.unwrap_or_default();
        Some(Usage {
            input_tokens: self
                .input
                .unwrap_or_default()
                .saturating_add(cache_read)
                .saturating_add(cache_write),
            cached_input_tokens: cache_read,
            cache_write_tokens: cache_write,
            cache_write_1h_tokens: self.cache_write_1h.unwrap_or_default(),
            output_tokens: self.output.unwrap_or_default(),
            reasoning_tokens: self.thinking.unwrap_or_default(),
        })
    }
}

/// Google's `usageMetadata`. None while it holds no counts, as in the first events of a stream.
pub(crate) fn gemini(usage: &Json<'_>) -> Option<Usage> {
    let count = |name: &str| usage.integer_at(name);
    let thoughts = count("thoughtsTokenCount").unwrap_or_default();
    count("promptTokenCount").or(count("totalTokenCount"))?;
    let tools = count("toolUsePromptTokenCount").unwrap_or_default();
    Some(Usage {
        input_tokens: count("promptTokenCount")
            .unwrap_or_default()
            .saturating_add(tools),
        cached_input_tokens: count("cachedContentTokenCount").unwrap_or_default(),
        cache_write_tokens: 0,
        cache_write_1h_tokens: 0,
        output_tokens: count("candidatesTokenCount")
            .unwrap_or_default()
            .saturating_add(thoughts),
        reasoning_tokens: thoughts,
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn counts(usage: Option<Usage>) -> [u64; 5] {
        let usage = usage.unwrap();
        let input = [
            usage.input_tokens,
            usage.cached_input_tokens,
            usage.cache_write_tokens,
        ];
        [
            input[0],
            input[1],
            input[2],
            usage.output_tokens,
            usage.reasoning_tokens,
        ]
    }

    #[test]
    fn every_vendors_counts_mean_the_same() {
        let parse = |text: &'static str| Json::parse(text.as_bytes(), Rules::Vendor).unwrap();
        let openai_table = [
            (
                r#"{"prompt_tokens":9,"completion_tokens":4,"total_tokens":13,"completion_tokens_details":{"reasoning_tokens":3}}"#,
                [9, 0, 0, 4, 3],
            ),
            (
                r#"{"prompt_tokens":12,"completion_tokens":1,"total_tokens":241,"completion_tokens_details":{"reasoning_tokens":228}}"#,
                [12, 0, 0, 229, 228],
            ),
            (
                r#"{"prompt_tokens":10,"prompt_cache_hit_tokens":8,"prompt_cache_miss_tokens":2,"completion_tokens":1}"#,
                [10, 8, 0, 1, 0],
            ),
            (
                r#"{"input_tokens":10,"input_tokens_details":{"cached_tokens":4,"cache_write_tokens":9},"output_tokens":1}"#,
                [10, 4, 6, 1, 0],
            ),
        ];
        for (text, wanted) in openai_table {
            assert_eq!(counts(Some(openai(&parse(text)))), wanted, "{text}");
        }
        let mut anthropic = AnthropicUsage::default();
        anthropic.take(&parse(r#"{"input_tokens":412,"cache_creation_input_tokens":10,"output_tokens":1,"iterations":[{"input_tokens":408}]}"#));
        anthropic.take(&parse(r#"{"cache_read_input_tokens":5,"output_tokens":20,"output_tokens_details":{"thinking_tokens":7}}"#));
        assert_eq!(counts(anthropic.total()), [427, 5, 10, 20, 7]);
        let google = r#"{"promptTokenCount":10,"cachedContentTokenCount":4,"toolUsePromptTokenCount":3,"candidatesTokenCount":5,"thoughtsTokenCount":6}"#;
        assert_eq!(counts(gemini(&parse(google))), [13, 4, 0, 11, 6]);
        assert_eq!(gemini(&parse(r#"{"trafficType":"ON_DEMAND"}"#)), None);
    }
}
