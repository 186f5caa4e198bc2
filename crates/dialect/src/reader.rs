//! One reader follows one attempt's answer from its first byte to its end: it writes what the client gets and
//! keeps what the gateway must know (has it begun, did it end, what did it cost).

use crate::broken::Broken;
use crate::door::Door;
use crate::fault::{Fault, error_body, error_event};
use crate::passing::{Facts, Passing};
use crate::translate::{Counting, Embedding, Translating};
use crate::usage::Usage;

/// Reads a 2xx answer. Either `whole` once, for a body that is complete, or `feed` for each piece of a stream
/// and `end` at its orderly end.
pub struct Reader {
    door: Door,
    way: Way,
}

enum Way {
    Passing(Box<Passing>),
    Translating(Box<Translating>),
    Counting(Counting),
    Embedding(Embedding),
}

impl Reader {
    pub(crate) fn passing(door: Door, passing: Passing) -> Reader {
        Reader {
            door,
            way: Way::Passing(Box::new(passing)),
        }
    }

    pub(crate) fn translating(door: Door, translating: Translating) -> Reader {
        Reader {
            door,
            way: Way::Translating(Box::new(translating)),
        }
    }

    pub(crate) fn counting(door: Door, counting: Counting) -> Reader {
        Reader {
            door,
            way: Way::Counting(counting),
        }
    }

    pub(crate) fn embedding(embedding: Embedding) -> Reader {
        Reader {
            door: Door::Embeddings,
            way: Way::Embedding(embedding),
        }
    }

    /// Takes a complete JSON answer and appends the client's. If the client asked for a stream, what is
    /// appended is a whole stream.
    pub fn whole(&mut self, body: &[u8], out: &mut Vec<u8>) -> Result<(), Broken> {
        match &mut self.way {
            Way::Passing(passing) => passing.whole(body, out),
            Way::Translating(translating) => translating.whole(body, out),
            Way::Counting(counting) => counting.whole(body, out),
            Way::Embedding(embedding) => embedding.whole(body, out),
        }
    }

    /// Makes a complete JSON answer the client's: as `whole`, but one that passes as it is is not copied.
    pub fn whole_body(&mut self, body: Vec<u8>) -> Result<Vec<u8>, Broken> {
        if let Way::Passing(passing) = &mut self.way
            && passing.passes_whole(&body)?
        {
            return Ok(body);
        }
        let mut out = Vec::new();
        self.whole(&body, &mut out)?;
        Ok(out)
    }

    /// Takes the next bytes of a stream, cut anywhere, and appends what the client gets by now.
    pub fn feed(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Result<(), Broken> {
        match &mut self.way {
            Way::Passing(passing) => passing.feed(bytes, out),
            Way::Translating(translating) => translating.feed(bytes, out),
            Way::Counting(_) | Way::Embedding(_) => Err(Broken::Garbage("a stream where none was asked for")),
        }
    }

    /// The vendor's body has ended in order. `Disconnected` if the answer in it has not.
    pub fn end(&mut self, out: &mut Vec<u8>) -> Result<(), Broken> {
        match &mut self.way {
            Way::Passing(passing) => passing.end(out),
            Way::Translating(translating) => translating.end(out),
            Way::Counting(_) | Way::Embedding(_) => Err(Broken::Disconnected),
        }
    }

    /// Appends an error as the last thing of an answer that had begun.
    pub fn fail(&mut self, fault: &Fault<'_>, out: &mut Vec<u8>) {
        let separator = match &self.way {
            Way::Passing(passing) => passing.array_separator(),
            Way::Translating(translating) => translating.array_separator(),
            Way::Counting(_) | Way::Embedding(_) => None,
        };
        match separator {
            Some(separator) => {
                out.extend_from_slice(separator.as_bytes());
                out.extend_from_slice(&error_body(self.door, fault));
                out.push(b']');
            }
            None => error_event(self.door, fault, out),
        }
    }

    /// A first real event (no comment, no ping) was seen and it was not an error. Until then nothing that was
    /// appended needs to be sent, and another attempt may take over.
    pub fn begun(&self) -> bool {
        self.facts().begun
    }

    /// What the vendor says the answer cost, as far as it has said so.
    pub fn usage(&self) -> Option<Usage> {
        self.facts().usage
    }

    /// Events that carried something the model wrote.
    pub fn output_events(&self) -> u64 {
        self.facts().output_events
    }

    /// Bytes the model wrote, roughly: the ground for an estimate when a stream breaks before its usage.
    pub fn output_bytes(&self) -> u64 {
        self.facts().output_bytes
    }

    /// Why the model stopped, once it said so: in the vendor's word where bytes pass, else in OpenAI's.
    pub fn finish(&self) -> Option<&str> {
        self.facts().finish.as_deref()
    }

    /// The Content-Type of the client's answer where the reader decides it; None: the vendor's own.
    pub fn content_type(&self) -> Option<&'static str> {
        match &self.way {
            Way::Passing(passing) => passing.content_type(),
            Way::Translating(translating) => Some(translating.content_type()),
            Way::Counting(_) | Way::Embedding(_) => Some("application/json"),
        }
    }

    fn facts(&self) -> &Facts {
        match &self.way {
            Way::Passing(passing) => &passing.facts,
            Way::Translating(translating) => &translating.facts,
            Way::Counting(counting) => &counting.facts,
            Way::Embedding(embedding) => &embedding.facts,
        }
    }
}
