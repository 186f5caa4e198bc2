//! OpenAI's chat completions as a vendor: OpenAI itself, DeepSeek and every compatible server.

mod answer;
mod request;
mod turns;

pub(crate) use answer::Decoder;
pub(crate) use request::{thinks, write};
