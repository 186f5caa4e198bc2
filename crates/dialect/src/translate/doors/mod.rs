//! The doors: each reads its API's requests into the one form, and writes answers as its API gives them.

pub(crate) mod chat;
pub(crate) mod chat_answer;
mod chat_parts;
pub(crate) mod generate;
pub(crate) mod generate_answer;
mod generate_parts;
pub(crate) mod messages;
pub(crate) mod messages_answer;
mod messages_parts;
pub(crate) mod responses;
pub(crate) mod responses_answer;
mod responses_items;
