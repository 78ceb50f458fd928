//! A JSON value that fits a JSON Schema in the simplest way: the arguments of tool calls and structured answers.

use serde_json::{Map, Value};

/// How deep references and nesting are followed.
const DEPTH: usize = 16;

/// An example for the schema; `text` is what its strings say.
pub(crate) fn example(schema: &Value, text: &str) -> Value {
    fit(schema, schema, text, DEPTH)
}

fn fit(root: &Value, schema: &Value, text: &str, depth: usize) -> Value {
    if depth == 0 {
        return Value::Null;
    }
    let inside = |schema: &Value| fit(root, schema, text, depth - 1);
    if let Some(pointer) = schema.get("$ref").and_then(Value::as_str).and_then(|name| name.strip_prefix('#')) {
        return root.pointer(pointer).map_or(Value::Null, inside);
    }
    let chosen = schema.get("const").or_else(|| schema.get("default")).or_else(|| schema.get("enum")?.get(0));
    if let Some(value) = chosen {
        return value.clone();
    }
    if let Some(first) = ["anyOf", "oneOf", "allOf"].iter().find_map(|name| schema.get(name)?.get(0)) {
        return inside(first);
    }
    // Google's older schemas say OBJECT.
    match kind(schema).to_ascii_lowercase().as_str() {
        "object" => object(schema, inside),
        "array" => array(schema, inside),
        "string" => Value::from(string(schema, text)),
        "integer" => Value::from(schema.get("minimum").and_then(Value::as_i64).unwrap_or(1)),
        "number" => Value::from(schema.get("minimum").and_then(Value::as_f64).unwrap_or(1.5)),
        "boolean" => Value::from(true),
        _ => Value::Null,
    }
}

/// The schema's type; of several the first that is not null; none: what its other words suggest.
fn kind(schema: &Value) -> &str {
    match schema.get("type") {
        Some(Value::String(kind)) => kind,
        Some(Value::Array(kinds)) => {
            kinds.iter().filter_map(Value::as_str).find(|kind| *kind != "null").unwrap_or("null")
        }
        _ if schema.get("properties").is_some() => "object",
        _ if schema.get("items").is_some() => "array",
        _ => "string",
    }
}

fn object(schema: &Value, inside: impl Fn(&Value) -> Value) -> Value {
    let properties = schema.get("properties").and_then(Value::as_object);
    let fields = properties.into_iter().flatten().map(|(name, schema)| (name.clone(), inside(schema)));
    Value::Object(fields.collect::<Map<_, _>>())
}

fn array(schema: &Value, inside: impl Fn(&Value) -> Value) -> Value {
    let count = schema.get("minItems").and_then(Value::as_u64).unwrap_or(1).clamp(1, 20);
    let item = schema.get("items").map_or(Value::Null, inside);
    Value::Array((0..count).map(|_| item.clone()).collect())
}

fn string(schema: &Value, text: &str) -> String {
    let length = |name: &str| schema.get(name).and_then(Value::as_u64).and_then(|n| usize::try_from(n).ok());
    let plain = match schema.get("format").and_then(Value::as_str) {
        Some("date-time") => "2026-11-20T12:00:00Z",
        Some("date") => "2026-11-20",
        Some("time") => "12:00:00Z",
        Some("email") => "ann@example.com",
        Some("uri") => "https://example.com/",
        Some("uuid") => "6f1c9a7e-5b2d-48c6-a0f4-e8d2b6c1a795",
        _ => text,
    };
    let mut string: String = plain.chars().take(length("maxLength").unwrap_or(usize::MAX)).collect();
    let missing = length("minLength").unwrap_or(0).min(10_000).saturating_sub(string.chars().count());
    string.extend(std::iter::repeat_n('x', missing));
    string
}
