//! Run with `scripts/fuzz 600 forms`.

#![no_main]

#[path = "../checks.rs"]
mod checks;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| checks::forms(bytes));
