//! How many tokens a request may come to, before a vendor has counted them: what limits reserve and credit is
//! held for. It errs to the larger side, because it is corrected by what the vendor says.
//!
//! No vocabulary is asked. Three of four vendors keep theirs to themselves, and the same text differs by a
//! third between their models; what all share is that a token of prose or code in a Latin alphabet is some four
//! bytes, one of Chinese, Japanese or Korean a character or more of three bytes, and one of digits or escapes
//! some three. So a token is taken to be three bytes of the body, JSON's own signs included.
//!
//! Files inside the body are encoded by base64, and cost by their pixels and pages instead of their bytes.

use crate::door::{Dialect, Door};
use crate::scan::Scan;
use crate::translate::made_up_max_tokens;

/// The bytes that a token has at least, on the average of a text.
const BYTES_PER_TOKEN: u64 = 3;

/// A run of base64's letters this long is a file: no word, number or URL comes near it.
const SHORTEST_FILE: usize = 512;

/// What a file costs at least: a large picture with any vendor.
const TOKENS_PER_FILE: u64 = 2_048;

/// And so much more by its length: a page of a document is some 50 KiB encoded, and 1,600 tokens.
const FILE_BYTES_PER_TOKEN: u64 = 32;

/// Tokens of an answer for which neither client, environment nor vendor names a limit.
const UNKNOWN_OUTPUT: u64 = 4_096;

/// Files are looked for in bodies longer than this; in a shorter one they cannot make much of a difference, and
/// most requests are.
const LOOK_FOR_FILES: usize = 16 << 10;

/// The tokens that a request's body comes to, on the larger side.
pub fn prompt_tokens(body: &[u8]) -> u64 {
    if body.len() <= LOOK_FOR_FILES {
        return (body.len() as u64).div_ceil(BYTES_PER_TOKEN);
    }
    let mut text = 0_u64;
    let mut files = 0_u64;
    let mut run = 0_usize;
    let mut end_run = |run: usize| {
        let bytes = run as u64;
        if run >= SHORTEST_FILE {
            let by_length = TOKENS_PER_FILE + bytes / FILE_BYTES_PER_TOKEN;
            files += by_length.min(bytes.div_ceil(BYTES_PER_TOKEN));
        } else {
            text += bytes;
        }
    };
    for byte in body {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=' | b'-' | b'_') {
            run += 1;
        } else {
            // The byte that ends the run belongs to the text.
            end_run(std::mem::take(&mut run));
            end_run(1);
        }
    }
    end_run(run);
    text.div_ceil(BYTES_PER_TOKEN) + files
}

/// The most tokens that an answer to this request has: the client's own limit, else `given` (the environment's),
/// else what is made up for the vendor, else 4,096; for each answer that was asked for.
pub fn output_tokens(door: Door, scan: &Scan, given: Option<u64>, dialect: Dialect, model: &str) -> u64 {
    if !generates(door) {
        return 0;
    }
    let one = scan
        .max_tokens
        .or(given)
        .or_else(|| made_up_max_tokens(dialect, model))
        .unwrap_or(UNKNOWN_OUTPUT);
    one.saturating_mul(scan.choices.unwrap_or(1).max(1))
}

/// What a model wrote of which only the length is known: a cut stream, or a vendor that does not count. Here
/// the usual four bytes, since a client pays by it.
pub fn written_tokens(bytes: u64) -> u64 {
    bytes.div_ceil(4)
}

/// The same of a stream whose events are known too. Most vendors send a token an event (OpenAI, DeepSeek, vLLM,
/// llama.cpp), so where their length could be a token's their number is the count; where an event holds more
/// (Anthropic, Google), or less, the bytes tell.
pub fn streamed_tokens(bytes: u64, events: u64) -> u64 {
    // A token's length: a few languages and digits have one byte, the longest words of English a dozen.
    const SHORTEST: u64 = 1;
    const LONGEST: u64 = 8;
    let is_token_an_event =
        bytes >= events.saturating_mul(SHORTEST) && bytes <= events.saturating_mul(LONGEST);
    if is_token_an_event {
        events
    } else {
        written_tokens(bytes)
    }
}

/// Whether what comes in by this door is counted in tokens.
pub fn counts_tokens(door: Door) -> bool {
    generates(door) || door == Door::Embeddings
}

fn generates(door: Door) -> bool {
    match door {
        Door::Chat
        | Door::Completions
        | Door::Responses
        | Door::Messages
        | Door::Generate
        | Door::StreamGenerate => true,
        Door::Embeddings | Door::CountTokens | Door::GeminiCountTokens | Door::Other => false,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn text_is_three_bytes_a_token() {
        for (body, tokens) in [
            ("", 0),
            ("{}", 1),
            ("one two three", 5),
            ("你好", 2),
            ("한국어", 3),
        ] {
            assert_eq!(prompt_tokens(body.as_bytes()), tokens, "{body}");
        }
    }

    #[test]
    fn a_stream_of_a_token_an_event_is_counted_by_its_events() {
        for (bytes, events, tokens) in [(0, 0, 0), (40, 10, 10), (10, 10, 10), (400, 10, 100), (5, 10, 2)] {
            assert_eq!(
                streamed_tokens(bytes, events),
                tokens,
                "{bytes} bytes, {events} events"
            );
        }
    }

    #[test]
    fn a_picture_is_no_text() {
        let picture = "iVBORw0KGgo".repeat(100_000);
        let body = format!(r#"{{"url":"data:image/png;base64,{picture}"}}"#);
        let tokens = prompt_tokens(body.as_bytes());
        assert!((36_000..37_500).contains(&tokens), "{tokens}");
        let long_words = format!("{} ", "a".repeat(SHORTEST_FILE - 1)).repeat(60);
        assert_eq!(prompt_tokens(long_words.as_bytes()), 60 * 512 / 3);
    }

    #[test]
    fn an_answer_is_limited_by_client_environment_vendor_and_else_by_us() {
        let scan = |body: &str| Scan::read(Door::Chat, body.as_bytes()).unwrap();
        let plain = scan(r#"{"model":"m","messages":[]}"#);
        let asked = scan(r#"{"model":"m","messages":[],"max_tokens":10,"n":3}"#);
        for (scan, given, dialect, wanted) in [
            (&asked, Some(99), Dialect::OpenAi, 30),
            (&plain, Some(99), Dialect::OpenAi, 99),
            (&plain, None, Dialect::OpenAi, 4_096),
        ] {
            assert_eq!(output_tokens(Door::Chat, scan, given, dialect, "m"), wanted);
        }
        let made_up = made_up_max_tokens(Dialect::Anthropic, "m").unwrap();
        assert_eq!(
            output_tokens(Door::Chat, &plain, None, Dialect::Anthropic, "m"),
            made_up
        );
        assert_eq!(
            output_tokens(Door::Embeddings, &asked, None, Dialect::OpenAi, "m"),
            0
        );
    }
}
