//! JSON from one place to another without a tree in between.

use crate::json_scan;

/// A JSON text without the blanks between its tokens. The order of members and
/// the spelling of numbers and strings stay as they are.
pub(super) fn compact(json: &[u8]) -> String {
    let mut out = Vec::with_capacity(json.len());
    let (mut is_inside, mut is_escaped) = (false, false);
    for &byte in json {
        if !is_inside && byte.is_ascii_whitespace() {
            continue;
        }
        if byte == b'"' && !is_escaped {
            is_inside = !is_inside;
        }
        is_escaped = is_inside && byte == b'\\' && !is_escaped;
        out.push(byte);
    }
    String::from_utf8(out).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

/// Appends a text as a JSON string, quotes included.
pub(super) fn push_text(out: &mut Vec<u8>, text: &str) {
    json_scan::push_quoted(out, text);
}

/// Arguments of a call as the object that this wire wants. What is no object,
/// because the model broke off or wrote something else, is kept as a text.
pub(super) fn input_of(arguments: &str) -> String {
    let trimmed = arguments.trim();
    if trimmed.is_empty() {
        return "{}".to_owned();
    }
    let is_object = trimmed.starts_with('{') && json_scan::check(trimmed.as_bytes()).is_ok();
    // A lone half of a character is no text for most readers.
    if is_object && serde_json::from_str::<serde::de::IgnoredAny>(trimmed).is_ok() {
        return compact(trimmed.as_bytes());
    }
    let mut out = b"{\"arguments\":".to_vec();
    push_text(&mut out, arguments);
    out.push(b'}');
    String::from_utf8(out).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blanks_go_only_between_tokens() {
        for (json, expected) in [
            ("{\n  \"a b\": [1, 2.0e1],\n  \"c\": \" \\\" x \\\\\" }", "{\"a b\":[1,2.0e1],\"c\":\" \\\" x \\\\\"}"),
            ("{ }", "{}"),
            ("{\"z\":1,\"a\":\"é \"}", "{\"z\":1,\"a\":\"é \"}"),
        ] {
            assert_eq!(compact(json.as_bytes()), expected);
        }
    }

    #[test]
    fn arguments_are_always_an_object() {
        for (arguments, expected) in [
            ("", "{}"),
            ("  ", "{}"),
            ("{\"b\": 1, \"a\": 2}", "{\"b\":1,\"a\":2}"),
            ("{\"city\": \"Par", "{\"arguments\":\"{\\\"city\\\": \\\"Par\"}"),
            ("[1]", "{\"arguments\":\"[1]\"}"),
        ] {
            assert_eq!(input_of(arguments), expected, "{arguments}");
        }
    }
}
