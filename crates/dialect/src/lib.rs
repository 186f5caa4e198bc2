//! Vendor APIs and the way between them: bytes in, bytes out.
//!
//! A request comes through a *door* (the API the client called) and goes to a vendor that speaks a *dialect*.
//! `Scan::read` finds what policy needs in one strict pass; `call` makes the vendor's request, passing bytes
//! through where door and dialect are the same; the `Reader` that comes with it turns the vendor's answer,
//! whole or streamed, into the answer the door promises, and says what it cost. Nothing here does IO, reads a
//! clock or rolls dice.

pub mod json;
pub mod multipart;

mod broken;
mod call;
mod door;
mod estimate;
mod fault;
mod passing;
mod reader;
mod refusal;
mod scan;
mod settings;
mod sse;
mod translate;
mod usage;
mod vendor_error;

pub use broken::Broken;
pub use call::{Call, Server, Target, call, call_form};
pub use door::{Dialect, Door};
pub use estimate::{counts_tokens, output_tokens, prompt_tokens, streamed_tokens, written_tokens};
pub use fault::{Fault, error_body, error_event};
pub use reader::Reader;
pub use refusal::{BadRequest, BadRequestCode};
pub use scan::{Field, Named, Scan};
pub use sse::EVENT_LIMIT_BYTES;
pub use translate::{field_tables_markdown, made_up_max_tokens};
pub use usage::Usage;
pub use vendor_error::{Asked, VendorAnswer, vendor_error};
