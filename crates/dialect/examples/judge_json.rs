//! What the JSON reader makes of files whose names say what is expected: `y_` accept, `n_` refuse, `i_` either.
//!
//! `cargo run -p dialect --example judge_json -- FOLDER`, with the `test_parsing` folder of JSONTestSuite. Prints what differs
//! from the expectation, and ends with 1 if it is more than a client's doubled key, which is refused on purpose.
#![allow(clippy::print_stdout, clippy::disallowed_methods, clippy::disallowed_types)]

use std::process::ExitCode;

use dialect::json::{Cursor, Flaw, FlawKind, Json, Rules};

/// Both readers, which have to agree: the walk that policy sees, and the tree that translation reads.
fn read(bytes: &[u8], rules: Rules) -> (Result<(), Flaw>, bool) {
    let mut cursor = Cursor::new(bytes, rules);
    let walked = cursor.value().and_then(|_| cursor.finish());
    let agree = walked.is_ok() == Json::parse(bytes, rules).is_ok();
    (walked, agree)
}

fn main() -> ExitCode {
    let Some(folder) = std::env::args().nth(1) else {
        println!("usage: judge_json FOLDER");
        return ExitCode::from(2);
    };
    let Ok(files) = std::fs::read_dir(&folder) else {
        println!("{folder} is no folder");
        return ExitCode::from(2);
    };
    let mut paths: Vec<_> = files.flatten().map(|file| file.path()).collect();
    paths.sort();
    let (mut wrong, mut free) = (0, 0);
    for rules in [Rules::Client, Rules::Vendor] {
        for path in &paths {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let Ok(bytes) = std::fs::read(path) else { continue };
            let (walked, agree) = read(&bytes, rules);
            let expected = match name.as_bytes().first() {
                Some(b'y') => true,
                Some(b'n') => false,
                _ => walked.is_ok(),
            };
            free += u32::from(name.starts_with("i_"));
            if agree && walked.is_ok() == expected {
                continue;
            }
            let on_purpose = agree && matches!(&walked, Err(flaw) if flaw.kind() == FlawKind::Duplicate);
            println!(
                "{rules:?} {name}: {walked:?}{}",
                if on_purpose { ", on purpose" } else { "" }
            );
            wrong += u32::from(!on_purpose);
        }
    }
    println!(
        "{} files, read by both sets of rules; {free} readings may go either way; {wrong} wrong",
        paths.len()
    );
    ExitCode::from(u8::from(wrong > 0))
}
