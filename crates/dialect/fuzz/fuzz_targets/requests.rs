//! Run with `cargo +nightly fuzz run requests` in `crates/dialect`.

#![no_main]

#[path = "../checks.rs"]
mod checks;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| checks::requests(bytes));
