//! Compares JSON by shape: the same keys in the same places, the same kinds of values.

use serde_json::Value;

/// Reads a fixture copied from the reference wires.
pub(crate) fn fixture(name: &str) -> String {
    let path = format!("{}/tests/fixtures/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(path).expect("a fixture")
}

pub(crate) fn fixture_json(name: &str) -> Value {
    serde_json::from_str(&fixture(name)).expect("JSON")
}

/// `/choices/0/index number` for every leaf; arrays show their first element.
pub(crate) fn shape(value: &Value) -> Vec<String> {
    let mut lines = Vec::new();
    walk(value, "", &mut lines);
    lines.sort();
    lines
}

fn walk(value: &Value, path: &str, lines: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                walk(field, &format!("{path}/{name}"), lines);
            }
        }
        Value::Array(items) => match items.first() {
            Some(first) => walk(first, &format!("{path}/[]"), lines),
            None => lines.push(format!("{path} []")),
        },
        Value::Null => lines.push(format!("{path} null")),
        Value::Bool(_) => lines.push(format!("{path} boolean")),
        Value::Number(_) => lines.push(format!("{path} number")),
        Value::String(_) => lines.push(format!("{path} string")),
    }
}

#[track_caller]
pub(crate) fn same_shape(ours: &Value, fixture: &Value) {
    assert_eq!(shape(ours), shape(fixture));
}
