//! Paths of the admin API. Names are the operators' own, slashes and spaces included.

use std::fmt::Write;

/// Joins segments to `/a/b`, each encoded so that it stays one segment.
pub(crate) fn path(segments: &[&str]) -> String {
    segments
        .iter()
        .fold(String::new(), |path, name| path + "/" + &segment(name))
}

/// A path with those questions that are asked.
pub(crate) fn query(path: &str, asked: &[(&str, Option<&String>)]) -> String {
    let asked = asked.iter().filter_map(|(name, value)| Some((name, (*value)?)));
    asked.fold(path.to_owned(), |path, (name, value)| {
        let sign = if path.contains('?') { '&' } else { '?' };
        format!("{path}{sign}{name}={}", segment(value))
    })
}

/// RFC 3986: everything but unreserved characters as `%XX`.
pub(super) fn segment(name: &str) -> String {
    name.bytes().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing into a string cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
        out
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn questions_that_are_not_asked_are_left_out() {
        let (a, c) = ("x,y".to_owned(), "1&2".to_owned());
        let asked = [("a", Some(&a)), ("b", None), ("c", Some(&c))];
        assert_eq!(query("/usage", &asked), "/usage?a=x%2Cy&c=1%262");
    }

    #[test]
    fn a_name_stays_one_segment_whatever_it_holds() {
        assert_eq!(
            path(&["deployments", "org/gpt 4.1?", "split"]),
            "/deployments/org%2Fgpt%204.1%3F/split"
        );
    }
}
