#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::HashMap;

use proptest::prelude::*;
use serde_json::value::RawValue;

use super::*;
use crate::json::FlawKind;

fn check(bytes: &[u8], rules: Rules) -> Result<(), FlawKind> {
    let read = || {
        let mut cursor = Cursor::new(bytes, rules);
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
        r#"{"a":{"b":1},"a":2}"#,
        r#"{"a":[{"b":{}}],"c":{},"a":2}"#,
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

/// The places of all values, outermost first, but for what is in a field called `left`: that the walk leaves.
fn walked(cursor: &mut Cursor<'_>, places: &mut Vec<Span>) -> Result<(), Flaw> {
    let own = places.len();
    places.push(Span::default());
    let span = if cursor.at_object() {
        cursor.object(|cursor, key| {
            if key.is("left") {
                return Ok(());
            }
            walked(cursor, places)
        })?
    } else if cursor.at_list() {
        cursor.list(|cursor| walked(cursor, places))?
    } else {
        cursor.value()?.span
    };
    places[own] = span;
    Ok(())
}

/// The same as serde_json sees it.
fn seen_by_serde_json(whole: &str, value: &RawValue, places: &mut Vec<Span>) {
    places.push(Span::of_slice(whole.as_bytes(), value.get()));
    let mut inner: Vec<&RawValue> = match value.get().as_bytes()[0] {
        b'{' => {
            let mut fields: HashMap<String, &RawValue> = serde_json::from_str(value.get()).unwrap();
            fields.remove("left");
            fields.into_values().collect()
        }
        b'[' => serde_json::from_str(value.get()).unwrap(),
        _ => return,
    };
    inner.sort_by_key(|value| value.get().as_ptr());
    inner
        .iter()
        .for_each(|value| seen_by_serde_json(whole, value, places));
}

/// Both see the same values at the same places, if the text is taken.
fn sees_the_same(bytes: &[u8]) -> Result<(), String> {
    agrees(bytes)?;
    let mut ours = Vec::new();
    let mut cursor = Cursor::new(bytes, Rules::Client);
    let taken = walked(&mut cursor, &mut ours).and_then(|()| cursor.finish());
    if taken.is_ok() != check(bytes, Rules::Client).is_ok() {
        return Err("looking into a value and stepping over it differ".to_owned());
    }
    let text = std::str::from_utf8(bytes).unwrap_or_default();
    let (Ok(()), Ok(value)) = (taken, serde_json::from_str(text)) else {
        return Ok(());
    };
    let mut theirs = Vec::new();
    seen_by_serde_json(text, value, &mut theirs);
    if ours == theirs {
        Ok(())
    } else {
        Err(format!("{ours:?} against {theirs:?} for {text}"))
    }
}

/// White space as it may stand between tokens; most texts have none, or one space.
fn white() -> impl Strategy<Value = &'static str> {
    proptest::sample::select(vec![
        "",
        "",
        "",
        "",
        "",
        " ",
        "\n  ",
        "\t\r\n ",
        "\n                    ",
    ])
}

/// Texts whose strings end before, at and behind the places where blocks of 16 bytes do.
fn json() -> impl Strategy<Value = String> {
    let words = proptest::sample::select(vec!["", "a\\n", "\\ud83d\\ude00", "é", "\\u0041\\\"", "x"]);
    let string = (0_usize..70, words).prop_map(|(length, end)| format!("\"{}{end}\"", "w".repeat(length)));
    let number = proptest::sample::select(vec![
        "0",
        "-0",
        "7",
        "189",
        "1760000000",
        "-12",
        "0.2",
        "-1.5e+10",
        "2E3",
        "18446744073709551616",
    ]);
    let word = proptest::sample::select(vec!["null", "true", "false"]);
    let leaf = prop_oneof![
        string,
        number.prop_map(str::to_owned),
        word.prop_map(str::to_owned)
    ];
    leaf.prop_recursive(5, 60, 6, |inner| {
        let name = prop_oneof![
            1 => Just("left".to_owned()),
            3 => (0_usize..40).prop_map(|length| "k".repeat(length)),
            1 => (0_usize..40).prop_map(|length| format!("{}\\u006b", "é".repeat(length))),
        ];
        let field = (name, inner.clone(), [white(), white(), white(), white()]);
        let fields = proptest::collection::vec(field, 0..6).prop_map(|fields| {
            let written = |(place, (name, value, [a, b, c, d])): (usize, &(String, String, [&str; 4]))| {
                let number = if place == 0 {
                    String::new()
                } else {
                    place.to_string()
                };
                format!("{a}\"{name}{number}\"{b}:{c}{value}{d}")
            };
            let fields: Vec<_> = fields.iter().enumerate().map(written).collect();
            format!("{{{}}}", fields.join(","))
        });
        let element = (white(), inner, white());
        let elements = proptest::collection::vec(element, 0..6).prop_map(|elements| {
            let elements: Vec<_> = elements
                .iter()
                .map(|(a, value, b)| format!("{a}{value}{b}"))
                .collect();
            format!("[{}]", elements.join(","))
        });
        prop_oneof![3 => fields, 1 => elements]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn sees_every_value_where_serde_json_does(text in json()) {
        prop_assert!(check(text.as_bytes(), Rules::Client).is_ok(), "{text}");
        prop_assert_eq!(sees_the_same(text.as_bytes()), Ok(()));
    }

    #[test]
    fn sees_what_serde_json_does_in_bent_texts(
        text in json(),
        bends in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>(), 0_usize..4), 1..4),
    ) {
        let mut bytes = text.into_bytes();
        for (place, byte, how) in bends {
            let near = b"{}[]:,\"\\ \n.eE-0u\x00\xff";
            let at = place.index(bytes.len().max(1)).min(bytes.len());
            match how {
                0 => bytes.truncate(at),
                1 => drop(bytes.splice(at..bytes.len().min(at + 1), [])),
                2 => bytes.insert(at, near[usize::from(byte) % near.len()]),
                _ => drop(bytes.splice(at..bytes.len().min(at + 1), [byte])),
            }
        }
        prop_assert_eq!(sees_the_same(&bytes), Ok(()));
    }

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
