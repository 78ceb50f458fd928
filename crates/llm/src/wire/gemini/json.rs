//! JSON without its blanks, for arguments that Google writes over many lines.

use crate::json_scan;

/// The JSON with the blanks between its tokens taken out.
pub(super) fn compact(json: &[u8]) -> String {
    let mut out = Vec::with_capacity(json.len());
    tokens(json, |run| out.extend_from_slice(run));
    String::from_utf8(out).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

/// How many characters [`compact`] has.
pub(super) fn compact_characters(json: &[u8]) -> u64 {
    let mut count = 0;
    tokens(json, |run| count += run.iter().filter(|byte| **byte & 0xC0 != 0x80).count() as u64);
    count
}

/// A call's arguments as the JSON object that Gemini's form demands: text that
/// is none is kept inside one. On one line: a piece of a stream has no other.
pub(super) fn object_of(arguments: &str) -> std::borrow::Cow<'_, str> {
    let text = arguments.trim();
    if text.starts_with('{') && json_scan::check(text.as_bytes()).is_ok() {
        return if text.contains(['\n', '\r']) { compact(text.as_bytes()).into() } else { text.into() };
    }
    if text.is_empty() { "{}".into() } else { format!("{{\"arguments\":{}}}", json_scan::quoted(text)).into() }
}

fn tokens<'a>(json: &'a [u8], mut each: impl FnMut(&'a [u8])) {
    let (mut start, mut is_inside, mut is_escaped) = (0, false, false);
    for (at, byte) in json.iter().enumerate() {
        if is_inside {
            (is_inside, is_escaped) = (is_escaped || *byte != b'"', !is_escaped && *byte == b'\\');
        } else if *byte == b'"' {
            is_inside = true;
        } else if byte.is_ascii_whitespace() {
            each(json.get(start..at).unwrap_or_default());
            start = at + 1;
        }
    }
    each(json.get(start..).unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_blanks_between_tokens_go() {
        for (json, expected) in [
            ("{\n  \"a b\": [1, \"\\\" \\\\\", 2]\n}", "{\"a b\":[1,\"\\\" \\\\\",2]}"),
            ("{ }", "{}"),
            ("{\"é\":\"é \"}", "{\"é\":\"é \"}"),
        ] {
            assert_eq!(compact(json.as_bytes()), expected);
            assert_eq!(compact_characters(json.as_bytes()), expected.chars().count() as u64);
        }
    }

    #[test]
    fn arguments_are_always_an_object() {
        for (text, expected) in [
            ("", "{}"),
            (" {\"a\": 1.50} ", "{\"a\": 1.50}"),
            ("{\r\n  \"a\": \"b c\"\n}", "{\"a\":\"b c\"}"),
            ("{\"a\":\"\n\"}", "{\"arguments\":\"{\\\"a\\\":\\\"\\n\\\"}\"}"),
            ("[1]", "{\"arguments\":\"[1]\"}"),
            ("{\"a\":", "{\"arguments\":\"{\\\"a\\\":\"}"),
        ] {
            assert_eq!(object_of(text), expected);
        }
    }
}
