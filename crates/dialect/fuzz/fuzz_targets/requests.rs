//! Run with `scripts/fuzz 600 requests`.

#![no_main]

#[path = "../checks.rs"]
mod checks;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| checks::requests(bytes));
