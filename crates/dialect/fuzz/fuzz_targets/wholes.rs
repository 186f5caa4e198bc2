//! Run with `scripts/fuzz 600 wholes`.

#![no_main]

#[path = "../checks.rs"]
mod checks;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| checks::wholes(bytes));
