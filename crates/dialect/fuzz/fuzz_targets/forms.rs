//! Run with `cargo +nightly fuzz run forms` in `crates/dialect`.

#![no_main]

#[path = "../checks.rs"]
mod checks;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| checks::forms(bytes));
