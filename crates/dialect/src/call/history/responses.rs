//! Responses: reasoning items that carry another vendor's proof are left out.

use super::replace;
use crate::json::{Edits, Json, Writer};
use crate::translate::MARK;

pub(super) fn clean(input: &Json<'_>, body: &[u8], edits: &mut Edits) {
    let is_foreign = |item: &&Json<'_>| {
        let proof = item.text_at("encrypted_content");
        item.text_at("type") == Some("reasoning") && proof.is_some_and(|words| words.starts_with(MARK))
    };
    if !input.items().iter().any(|item| is_foreign(&item)) {
        return;
    }
    let mut out = Vec::new();
    Writer::new(&mut out).list(|list| {
        for item in input.items().iter().filter(|item| !is_foreign(item)) {
            list.raw(item.raw);
        }
    });
    replace(body, input, out, edits);
}
