//! Google reads every field under two names, `inlineData` and `inline_data`, as protocol buffers do in JSON.

use serde_json::{Map, Value};

/// Members whose content is the caller's own: schemas, arguments, results, labels.
const OPAQUE: [&str; 7] =
    ["parameters", "parametersJsonSchema", "responseSchema", "responseJsonSchema", "args", "response", "labels"];

/// The body with each field under the name that the reference gives it.
pub(super) fn as_in_the_reference(value: Value) -> Value {
    match value {
        Value::Array(items) => items.into_iter().map(as_in_the_reference).collect(),
        Value::Object(object) => Value::Object(object.into_iter().map(member).collect::<Map<_, _>>()),
        plain => plain,
    }
}

fn member((name, value): (String, Value)) -> (String, Value) {
    let name = camel(&name);
    let value = if OPAQUE.contains(&name.as_str()) { value } else { as_in_the_reference(value) };
    (name, value)
}

fn camel(name: &str) -> String {
    let mut words = name.split('_');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |mut all, word| {
        let mut letters = word.chars();
        all.extend(letters.next().map(|letter| letter.to_ascii_uppercase()));
        all.push_str(letters.as_str());
        all
    })
}
