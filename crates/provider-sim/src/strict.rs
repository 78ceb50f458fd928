//! Objects read strictly: what a wire does not know is found and named.

use serde_json::{Map, Value};

/// The first member whose name is not among these.
pub(crate) fn stranger<'a>(object: &'a Map<String, Value>, known: &[&str]) -> Option<&'a str> {
    object.keys().map(String::as_str).find(|name| !known.contains(name))
}

/// A member's text.
pub(crate) fn text<'a>(object: &'a Value, name: &str) -> Option<&'a str> {
    object.get(name)?.as_str()
}

/// A list member's items; a missing list is empty.
pub(crate) fn items<'a>(object: &'a Value, name: &str) -> &'a [Value] {
    object.get(name).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// The characters of a text.
pub(crate) fn length(text: &str) -> usize {
    text.chars().count()
}
