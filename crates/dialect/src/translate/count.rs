//! Counting the tokens of a request: two vendors can, each in its own words.

use crate::broken::Broken;
use crate::door::Door;
use crate::json::{Json, Rules, Writer};
use crate::passing::Facts;

/// Google's countTokens may hold the whole request to count inside `generateContentRequest`.
pub(super) fn request_to_count<'j, 'a>(door: Door, body: &'j Json<'a>) -> Option<&'j Json<'a>> {
    if door != Door::GeminiCountTokens {
        return None;
    }
    super::doors::generate::field(body, "generateContentRequest")
}

pub(crate) struct Counting {
    door: Door,
    pub(crate) facts: Facts,
}

impl Counting {
    pub(super) fn new(door: Door) -> Counting {
        Counting {
            door,
            facts: Facts::default(),
        }
    }

    pub(crate) fn whole(&mut self, body: &[u8], out: &mut Vec<u8>) -> Result<(), Broken> {
        let answer = Json::parse(body, Rules::Vendor).map_err(|_| Broken::Garbage("the body is not JSON"))?;
        if let Some(error) = answer.get("error") {
            return Err(Broken::vendor(error));
        }
        let count = answer
            .integer_at("totalTokens")
            .or(answer.integer_at("input_tokens"));
        let count = count.ok_or(Broken::Garbage("the answer has no count"))?;
        Writer::new(out).object(|written| {
            written
                .key(if self.door == Door::CountTokens {
                    "input_tokens"
                } else {
                    "totalTokens"
                })
                .integer(count);
        });
        self.facts.begun = true;
        self.facts.ended = true;
        Ok(())
    }
}
