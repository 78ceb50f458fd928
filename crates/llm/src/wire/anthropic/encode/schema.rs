//! A JSON schema in the part of the language that Anthropic's structured outputs
//! know. What they do not know is said in the description, where the model reads
//! it.

use serde_json::{Map, Value};

/// Words that are refused.
const UNKNOWN: [&str; 27] = [
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minLength",
    "maxLength",
    "pattern",
    "minItems",
    "maxItems",
    "uniqueItems",
    "contains",
    "minContains",
    "maxContains",
    "minProperties",
    "maxProperties",
    "patternProperties",
    "propertyNames",
    "dependentRequired",
    "dependentSchemas",
    "unevaluatedItems",
    "unevaluatedProperties",
    "if",
    "then",
    "else",
    "not",
    "examples",
];

/// Words that say nothing about a value.
const EMPTY: [&str; 3] = ["$schema", "$id", "$comment"];

/// The schema, cleaned.
pub(super) fn cleaned(schema: &Value) -> Value {
    let Value::Object(members) = schema else {
        return schema.clone();
    };
    let mut out = Map::new();
    let mut said = Vec::new();
    for (name, value) in members {
        match name.as_str() {
            _ if EMPTY.contains(&name.as_str()) => {}
            _ if UNKNOWN.contains(&name.as_str()) => said.push(format!("{name}: {value}")),
            "properties" | "$defs" | "definitions" => drop(out.insert(name.clone(), of_each(value))),
            "items" => drop(out.insert(name.clone(), of_items(value))),
            "anyOf" | "allOf" => drop(out.insert(name.clone(), of_items(value))),
            "oneOf" => drop(out.insert("anyOf".to_owned(), of_items(value))),
            "additionalProperties" => {
                if value.is_object() {
                    said.push(format!("{name}: {value}"));
                }
            }
            _ => drop(out.insert(name.clone(), value.clone())),
        }
    }
    if is_object(&out) {
        out.insert("additionalProperties".to_owned(), false.into());
    }
    if !said.is_empty() {
        let before = out.get("description").and_then(Value::as_str).map(|text| format!("{text}\n\n"));
        let text = format!("{}{{{}}}", before.unwrap_or_default(), said.join(", "));
        out.insert("description".to_owned(), text.into());
    }
    out.into()
}

fn of_each(members: &Value) -> Value {
    match members {
        Value::Object(members) => {
            members.iter().map(|(name, schema)| (name.clone(), cleaned(schema))).collect::<Map<_, _>>().into()
        }
        other => other.clone(),
    }
}

fn of_items(items: &Value) -> Value {
    match items {
        Value::Array(schemas) => schemas.iter().map(cleaned).collect::<Vec<_>>().into(),
        schema => cleaned(schema),
    }
}

fn is_object(schema: &Map<String, Value>) -> bool {
    let is_named = match schema.get("type") {
        Some(Value::String(kind)) => kind == "object",
        Some(Value::Array(kinds)) => kinds.iter().any(|kind| kind == "object"),
        _ => false,
    };
    is_named || schema.contains_key("properties")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_object_is_closed_and_what_is_refused_is_said() {
        let schema = json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "type": "object",
            "properties": {
                "pattern": {"type": "string", "pattern": "^a", "description": "A word."},
                "list": {"type": "array", "minItems": 2, "items": {"type": "object", "properties": {}}},
                "one": {"oneOf": [{"type": "null"}, {"$ref": "#/$defs/two"}]},
                "map": {"type": "object", "additionalProperties": {"type": "string"}},
            },
            "$defs": {"two": {"type": ["object", "null"], "additionalProperties": true}},
            "required": ["pattern"],
        });
        let expected = json!({
            "type": "object",
            "properties": {
                "pattern": {"type": "string", "description": "A word.\n\n{pattern: \"^a\"}"},
                "list": {
                    "type": "array",
                    "description": "{minItems: 2}",
                    "items": {"type": "object", "properties": {}, "additionalProperties": false},
                },
                "one": {"anyOf": [{"type": "null"}, {"$ref": "#/$defs/two"}]},
                "map": {
                    "type": "object",
                    "additionalProperties": false,
                    "description": "{additionalProperties: {\"type\":\"string\"}}",
                },
            },
            "$defs": {"two": {"type": ["object", "null"], "additionalProperties": false}},
            "required": ["pattern"],
            "additionalProperties": false,
        });
        assert_eq!(cleaned(&schema), expected);
        assert_eq!(cleaned(&expected), expected, "cleaning twice changes nothing");
    }
}
