#![allow(clippy::unwrap_used, clippy::panic)]

use proptest::prelude::*;

use super::*;

fn check(bytes: &[u8], rules: Rules) -> Result<(), FlawKind> {
    let read = || {
        let mut cursor = Cursor::new(bytes, rules)?;
        cursor.value()?;
        cursor.finish()
    };
    read().map_err(|flaw: Flaw| flaw.kind())
}

#[test]
fn the_grammar_is_rfc_8259() {
    let right = [
        "0",
        "-0",
        "10",
        "-1.5e+10",
        "1E3",
        "0.0",
        "\"\"",
        "[]",
        "{}",
        " [ 1 , 2 ] ",
        "null",
        "true",
        "false",
        r#"{"":0}"#,
        r#"{"a":{"a":[{"a":1}]}}"#,
        r#""\u0000\ud83d\ude00""#,
        "\r\n\t 1\n",
    ];
    for text in right {
        assert_eq!(check(text.as_bytes(), Rules::Client), Ok(()), "{text}");
    }
    let wrong = [
        "",
        " ",
        "01",
        "1.",
        ".5",
        "+1",
        "1e",
        "--1",
        "NaN",
        "Infinity",
        "tru",
        "nulll",
        "[1,]",
        "[,1]",
        "[1 2]",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1,}",
        "{a:1}",
        "{'a':1}",
        "\"\\x\"",
        "\"\\u12g4\"",
        "\"\n\"",
        "\"\t\"",
        "\"",
        "[",
        "{",
        "]",
        "1 2",
        "/*x*/1",
        "\u{feff}1",
        "{\"a\":1}}",
        "\"\\\"",
        "\u{b}1",
        "-",
        "1.e3",
        "[1}",
        "{\"a\":1]",
    ];
    for text in wrong {
        assert_eq!(
            check(text.as_bytes(), Rules::Client),
            Err(FlawKind::Syntax),
            "{text}"
        );
    }
}

#[test]
fn bytes_that_are_not_utf8_are_refused_even_where_nobody_looks() {
    assert_eq!(check(b"{\"x\":\"\xff\"}", Rules::Client), Err(FlawKind::NotUtf8));
    assert_eq!(check(b"\"\xed\xa0\x80\"", Rules::Vendor), Err(FlawKind::NotUtf8));
}

#[test]
fn half_a_surrogate_pair_is_refused_from_clients_only() {
    for text in [
        r#""\ud800""#,
        r#""\udc00""#,
        r#""\ud800x""#,
        r#""\ud800\ud800""#,
        r#""\ud800xudc00""#,
        r#"{"\ud800":1}"#,
    ] {
        assert_eq!(
            check(text.as_bytes(), Rules::Client),
            Err(FlawKind::Syntax),
            "{text}"
        );
        assert_eq!(check(text.as_bytes(), Rules::Vendor), Ok(()), "{text}");
    }
}

#[test]
fn depth_is_limited_for_every_mix_of_containers() {
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        for (depth, verdict) in [
            (64, Ok(())),
            (65, Err(FlawKind::TooDeep)),
            (1_000_000, Err(FlawKind::TooDeep)),
        ] {
            let text = format!("{}1{}", open.repeat(depth), close.repeat(depth));
            assert_eq!(check(text.as_bytes(), Rules::Client), verdict, "{open} {depth}");
        }
    }
}

#[test]
fn a_key_twice_is_refused_at_every_depth_and_in_every_spelling() {
    let table = [
        r#"{"model":"a","model":"b"}"#,
        r#"{"model":"a","mo\u0064el":"b"}"#,
        r#"[[{"x":{"a":1,"b":2,"a":1}}]]"#,
        r#"{"":1,"":2}"#,
        r#"{"\/":1,"/":2}"#,
    ];
    for text in table {
        assert_eq!(
            check(text.as_bytes(), Rules::Client),
            Err(FlawKind::Duplicate),
            "{text}"
        );
        assert_eq!(check(text.as_bytes(), Rules::Vendor), Ok(()), "{text}");
    }
    assert_eq!(check(br#"[{"a":1},{"a":1,"b":{"a":2}}]"#, Rules::Client), Ok(()));
}

#[test]
fn a_large_object_is_checked_without_comparing_all_with_all() {
    let many = |last: &str| {
        let keys: Vec<_> = (0..100_000)
            .map(|n| format!("\"same start {n:06} same end\":0"))
            .collect();
        format!("{{{},\"{last}\":0}}", keys.join(","))
    };
    assert_eq!(check(many("other").as_bytes(), Rules::Client), Ok(()));
    assert_eq!(
        check(many("same start 000007 same end").as_bytes(), Rules::Client),
        Err(FlawKind::Duplicate)
    );
}

/// serde_json takes what we refuse by choice (a key twice, depth 65 to 127) and refuses what RFC 8259 allows
/// (numbers beyond f64); otherwise the two must agree.
fn agrees(bytes: &[u8]) -> Result<(), String> {
    let ours = check(bytes, Rules::Client);
    let theirs = serde_json::from_slice::<serde_json::Value>(bytes);
    match (&ours, &theirs) {
        (Ok(()), Ok(_)) | (Err(_), Err(_)) => Ok(()),
        (Ok(()), Err(error)) if error.to_string().contains("number out of range") => Ok(()),
        (Err(FlawKind::Duplicate | FlawKind::TooDeep), Ok(_)) => Ok(()),
        _ => Err(format!(
            "{ours:?} against {theirs:?} for {:?}",
            String::from_utf8_lossy(bytes)
        )),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn agrees_with_serde_json_on_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
        prop_assert_eq!(agrees(&bytes), Ok(()));
    }

    #[test]
    fn agrees_with_serde_json_on_almost_json(
        parts in proptest::collection::vec(
            proptest::sample::select(vec![
                "{", "}", "[", "]", ",", ":", "\"a\"", "\"b\"", "\"", "\\", "\\u00", "41", "ud8", "1", "-", ".", "e", "0", "true", "null", " ", "\n", "é",
            ]),
            0..14,
        )
    ) {
        prop_assert_eq!(agrees(parts.concat().as_bytes()), Ok(()));
    }

    #[test]
    fn takes_whatever_serde_json_writes(text in any::<String>(), number in any::<f64>(), deep in 0_usize..20) {
        let value = serde_json::json!({ "t": text, "n": number, "list": [null, true, text, { "": number }] });
        let wrapped = (0..deep).fold(value, |inner, _| serde_json::json!({ "in": [inner] }));
        let bytes = serde_json::to_vec(&wrapped).unwrap();
        prop_assert_eq!(check(&bytes, Rules::Client), Ok(()));
    }
}
