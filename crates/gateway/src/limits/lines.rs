//! What a client reads of its limits: OpenAI's header fields, and the words of a refusal.

use decide::limit::{Left, TICKS_PER_SECOND};

use super::{Limit, Met, Standing};
use crate::answer::{push_line, push_number};
use crate::refused::Refused;

impl Standing {
    /// `x-ratelimit-{limit,remaining,reset}-{requests,tokens}`, for the limits that there are.
    pub(crate) fn push_lines(&self, lines: &mut Vec<u8>) {
        let of_requests = [
            "x-ratelimit-limit-requests",
            "x-ratelimit-remaining-requests",
            "x-ratelimit-reset-requests",
        ];
        let of_tokens = [
            "x-ratelimit-limit-tokens",
            "x-ratelimit-remaining-tokens",
            "x-ratelimit-reset-tokens",
        ];
        push(lines, of_requests, self.requests);
        push(lines, of_tokens, self.tokens);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.requests.is_none() && self.tokens.is_none()
    }
}

fn push(lines: &mut Vec<u8>, names: [&str; 3], left: Option<Left>) {
    let Some(left) = left else { return };
    let mut value = Vec::with_capacity(20);
    for (name, number) in names.into_iter().zip([left.limit, left.remaining]) {
        value.clear();
        push_number(&mut value, number);
        push_line(lines, name, &value);
    }
    push_line(lines, names[2], time(left.reset).as_bytes());
}

/// As OpenAI writes it: `250ms`, `1s`, `6m0s`, `1h2m3s`; whole seconds from one second on, rounded up.
fn time(ticks: u64) -> String {
    let millis = ticks.div_ceil(TICKS_PER_SECOND / 1_000);
    if millis < 1_000 && millis > 0 {
        return format!("{millis}ms");
    }
    let seconds = millis.div_ceil(1_000);
    match (seconds / 3_600, seconds / 60 % 60, seconds % 60) {
        (0, 0, seconds) => format!("{seconds}s"),
        (0, minutes, seconds) => format!("{minutes}m{seconds}s"),
        (hours, minutes, seconds) => format!("{hours}h{minutes}m{seconds}s"),
    }
}

/// The answer to a request that met a limit.
pub(crate) fn refusal(met: Met, model: &str) -> Refused {
    let size = met.size;
    let what = match met.limit {
        Limit::Requests => format!("{size} requests per minute"),
        Limit::Tokens => format!("{size} tokens per minute"),
        Limit::Concurrent => format!("{size} requests at the same time"),
    };
    // At least a second: what a client is told to wait is not nothing.
    let seconds = met
        .wait
        .map_or(60, |ticks| ticks.div_ceil(TICKS_PER_SECOND).max(1));
    let message = format!("Rate limit exceeded for model {model}: {what}. Please retry after {seconds}s");
    Refused::new(429, "rate_limit_exceeded", message).retry_after(seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_openai_does() {
        let milli = TICKS_PER_SECOND / 1_000;
        for (millis, shown) in [
            (0, "0s"),
            (1, "1ms"),
            (999, "999ms"),
            (1_000, "1s"),
            (1_001, "2s"),
            (59_001, "1m0s"),
            (360_000, "6m0s"),
            (3_723_000, "1h2m3s"),
        ] {
            assert_eq!(time(millis * milli), shown);
        }
    }

    #[test]
    fn a_client_is_told_which_limit_and_when_to_come_back() {
        let wait = |ticks| Met {
            limit: Limit::Requests,
            size: 10,
            wait: ticks,
        };
        let refused = refusal(wait(Some(5 * TICKS_PER_SECOND + 1)), "gpt-4.1");
        assert_eq!(
            (refused.status, refused.code, refused.retry_after),
            (429, "rate_limit_exceeded", Some(6))
        );
        assert!(
            refused
                .message
                .starts_with("Rate limit exceeded for model gpt-4.1: 10 requests")
        );
        assert_eq!(refusal(wait(Some(0)), "m").retry_after, Some(1));
    }
}
