//! Carrying a vendor's proof of reasoning through an API that has no place for it. A proof from elsewhere is
//! written with a mark that names its vendor, in whatever opaque field the door has; it comes back with the
//! client's next request, goes to its own vendor again and to no other.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use crate::door::Dialect;
use crate::translate::request::{Proof, ProofKind};

/// How every carried proof begins.
pub(crate) const MARK: &str = "crossfade.";

/// What `MARK` looks like at the start of base64, but for its last character.
pub(crate) const MARK_IN_BASE64: &str = "Y3Jvc3NmYWRl";

/// A proof as text: `crossfade.<vendor>.<kind>.<words>`.
pub(crate) fn write(proof: &Proof) -> String {
    let kind = match proof.kind {
        ProofKind::Signature => "signature",
        ProofKind::Redacted => "redacted",
    };
    format!("{MARK}{}.{kind}.{}", proof.vendor.name(), proof.words)
}

/// Reads what `write` wrote; None for anything else.
pub(crate) fn read(text: &str) -> Option<Proof> {
    let (vendor, rest) = text.strip_prefix(MARK)?.split_once('.')?;
    let (kind, words) = rest.split_once('.')?;
    let vendor = [Dialect::OpenAi, Dialect::Anthropic, Dialect::Gemini]
        .into_iter()
        .find(|one| one.name() == vendor)?;
    let kind = match kind {
        "signature" => ProofKind::Signature,
        "redacted" => ProofKind::Redacted,
        _ => return None,
    };
    Some(Proof {
        vendor,
        kind,
        words: words.to_owned(),
    })
}

/// For Google's API, whose clients take the field for base64.
pub(crate) fn write_base64(proof: &Proof) -> String {
    BASE64.encode(write(proof))
}

pub(crate) fn read_base64(text: &str) -> Option<Proof> {
    if !text.starts_with(MARK_IN_BASE64) {
        return None;
    }
    read(&String::from_utf8(BASE64.decode(text).ok()?).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_carried_proof_comes_back_whole() {
        for vendor in [Dialect::OpenAi, Dialect::Anthropic, Dialect::Gemini] {
            for kind in [ProofKind::Signature, ProofKind::Redacted] {
                for words in ["", "EvMC.a=/+", "x.y.z"] {
                    let proof = Proof {
                        vendor,
                        kind,
                        words: words.to_owned(),
                    };
                    assert_eq!(read(&write(&proof)), Some(proof.clone()));
                    assert_eq!(read_base64(&write_base64(&proof)), Some(proof));
                }
            }
        }
        for foreign in [
            "",
            "EvMCCm4I",
            "crossfade",
            "crossfade.x.signature.y",
            "crossfade.openai.y",
        ] {
            assert_eq!(read(foreign), None);
        }
    }
}
