//! Signatures of webhooks: `t=SECONDS,v1=HEX`, the HMAC-SHA-256 of `SECONDS.BODY`, as Stripe defines it
//! (<https://docs.stripe.com/webhooks#verify-manually>). Our own bank feed is signed the same way.

use aws_lc_rs::hmac;

/// A message that is older, or newer, is refused: it may have been recorded and sent again.
const TOLERANCE_SECONDS: i64 = 300;

/// Whether `header` signs `body` with `secret`, at about `now` (Unix seconds).
pub(super) fn is_good(header: &str, body: &[u8], secret: &str, now: i64) -> bool {
    let parts = || header.split(',').filter_map(|part| part.trim().split_once('='));
    let time = parts().find(|(name, _)| *name == "t").map(|(_, value)| value);
    let Some((text, seconds)) = time.and_then(|text| Some((text, text.parse::<i64>().ok()?))) else {
        return false;
    };
    if now.saturating_sub(seconds).saturating_abs() > TOLERANCE_SECONDS {
        return false;
    }
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let mut signed = format!("{text}.").into_bytes();
    signed.extend_from_slice(body);
    // There may be several while a secret is being changed. `verify` compares in constant time.
    let signatures = parts().filter(|(name, _)| *name == "v1");
    signatures
        .filter_map(|(_, hex)| from_hex(hex))
        .any(|signature| hmac::verify(&key, &signed, &signature).is_ok())
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(2) || !text.is_ascii() {
        return None;
    }
    let digits = (0..text.len()).step_by(2);
    digits
        .map(|at| u8::from_str_radix(text.get(at..at + 2)?, 16).ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signed(secret: &str, seconds: i64, body: &str) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
        let tag = hmac::sign(&key, format!("{seconds}.{body}").as_bytes());
        let hex: String = tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        format!("t={seconds},v1={hex}")
    }

    #[test]
    fn only_the_secret_the_time_and_the_body_that_were_signed_are_good() {
        let header = signed("secret", 1_000, "{}");
        assert!(is_good(&header, b"{}", "secret", 1_000));
        assert!(is_good(&format!("{header},v1=00ff"), b"{}", "secret", 1_300));
        for (header, body, secret, now) in [
            (header.as_str(), "{ }", "secret", 1_000),
            (header.as_str(), "{}", "other", 1_000),
            (header.as_str(), "{}", "secret", 1_301),
            (header.as_str(), "{}", "secret", 699),
            ("", "{}", "secret", 1_000),
            ("t=1000", "{}", "secret", 1_000),
            ("t=1000,v1=", "{}", "secret", 1_000),
            ("t=1000,v1=zz", "{}", "secret", 1_000),
        ] {
            assert!(
                !is_good(header, body.as_bytes(), secret, now),
                "{header} {body} {secret} {now}"
            );
        }
    }
}
