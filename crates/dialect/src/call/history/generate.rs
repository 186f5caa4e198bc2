//! Google's contents: signatures of other vendors are taken out, and the first call of a turn that another
//! vendor made gets Google's documented stand-in for a signature, which Gemini 3 asks for.

use super::{replace, with_fields};
use crate::json::{Edits, Json, Writer};
use crate::translate::{FOREIGN_CALL_SIGNATURE, MARK_IN_BASE64, gemini_wants_signatures};

pub(super) fn clean(contents: &Json<'_>, body: &[u8], model: &str, edits: &mut Edits) {
    let wanted = gemini_wants_signatures(model);
    for content in contents
        .items()
        .iter()
        .filter(|content| content.text_at("role") == Some("model"))
    {
        let Some(parts) = content.get("parts").filter(|parts| parts.is_list()) else {
            continue;
        };
        let first_call = parts.items().iter().position(is_call);
        let lacks = |part: &Json<'_>| {
            part.text_at("thoughtSignature")
                .is_none_or(|words| words.starts_with(MARK_IN_BASE64))
        };
        let unsigned =
            first_call.filter(|position| wanted && parts.items().get(*position).is_some_and(lacks));
        if unsigned.is_none() && !parts.items().iter().any(is_foreign) {
            continue;
        }
        let mut out = Vec::new();
        Writer::new(&mut out).list(|list| {
            for (position, part) in parts.items().iter().enumerate() {
                write_part(part, unsigned == Some(position), list);
            }
        });
        replace(body, parts, out, edits);
    }
}

fn is_call(part: &Json<'_>) -> bool {
    part.get("functionCall").is_some()
}

fn is_foreign(part: &Json<'_>) -> bool {
    part.text_at("thoughtSignature")
        .is_some_and(|words| words.starts_with(MARK_IN_BASE64))
}

fn write_part(part: &Json<'_>, stand_in: bool, list: &mut Writer<'_>) {
    let thought = part.get("thought").and_then(Json::bool) == Some(true);
    if is_foreign(part) && thought {
        return;
    }
    if !is_foreign(part) && !stand_in {
        list.raw(part.raw);
        return;
    }
    let cleaned = with_fields(
        part,
        |name| name != "thoughtSignature",
        |written| {
            if stand_in {
                written.field("thoughtSignature", FOREIGN_CALL_SIGNATURE);
            }
        },
    );
    list.raw(&String::from_utf8(cleaned).unwrap_or_default());
}
