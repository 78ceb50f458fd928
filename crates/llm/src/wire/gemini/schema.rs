//! Google's older schemas, a subset of `OpenAPI`: types in capitals, `nullable`,
//! whole numbers as text. Made into plain JSON Schema, which all others take.

use serde_json::{Map, Value, json};

/// Limits that may come as text.
const NUMBERS: [&str; 6] = ["minItems", "maxItems", "minLength", "maxLength", "minProperties", "maxProperties"];

/// The same as plain JSON Schema. What is plain already stays as it is.
pub(super) fn plain(schema: &Value) -> Value {
    let Some(schema) = schema.as_object() else { return schema.clone() };
    let is_nullable = schema.get("nullable").and_then(Value::as_bool) == Some(true);
    let mut out = Map::new();
    for (name, value) in schema {
        let name = super::names::camel(name);
        match &*name {
            // Only an order of writing.
            "nullable" | "propertyOrdering" => {}
            "type" => out.extend(kind(value, is_nullable).map(|kind| ("type".to_owned(), kind))),
            "properties" => {
                let members = value.as_object().into_iter().flatten();
                let members: Map<String, Value> = members.map(|(name, value)| (name.clone(), plain(value))).collect();
                out.insert("properties".into(), members.into());
            }
            "items" | "additionalProperties" | "not" => {
                out.insert(name.into_owned(), plain(value));
            }
            "anyOf" | "oneOf" | "allOf" | "prefixItems" => {
                let list = value.as_array().into_iter().flatten().map(plain).collect::<Vec<_>>();
                out.insert(name.into_owned(), list.into());
            }
            "enum" if is_nullable => {
                let mut values = value.as_array().cloned().unwrap_or_default();
                values.push(Value::Null);
                out.insert("enum".into(), values.into());
            }
            // Says that `enum` follows, which it does.
            "format" if value == "enum" => {}
            "example" => {
                out.insert("examples".into(), json!([value]));
            }
            number if NUMBERS.contains(&number) => {
                out.insert(number.to_owned(), whole(value));
            }
            _ => {
                out.insert(name.into_owned(), value.clone());
            }
        }
    }
    out.into()
}

fn kind(value: &Value, is_nullable: bool) -> Option<Value> {
    let Some(word) = value.as_str() else { return Some(value.clone()) };
    if word == "TYPE_UNSPECIFIED" {
        return None;
    }
    let word = word.to_ascii_lowercase();
    Some(if is_nullable && word != "null" { json!([word, "null"]) } else { word.into() })
}

fn whole(value: &Value) -> Value {
    let number = value.as_str().and_then(|text| text.parse::<u64>().ok());
    number.map_or_else(|| value.clone(), Value::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn capitals_and_their_like_become_plain() {
        let theirs = json!({
            "type": "OBJECT",
            "properties": {
                "type": {"type": "STRING", "format": "enum", "enum": ["a", "b"], "nullable": true},
                "many": {"type": "ARRAY", "items": {"type": "INTEGER", "format": "int32"}, "minItems": "1"},
                "one": {"any_of": [{"type": "NUMBER"}, {"type": "NULL"}]},
            },
            "propertyOrdering": ["type", "many", "one"],
            "required": ["type"],
        });
        let ours = json!({
            "type": "object",
            "properties": {
                "type": {"type": ["string", "null"], "enum": ["a", "b", null]},
                "many": {"type": "array", "items": {"type": "integer", "format": "int32"}, "minItems": 1},
                "one": {"anyOf": [{"type": "number"}, {"type": "null"}]},
            },
            "required": ["type"],
        });
        assert_eq!(plain(&theirs), ours);
        assert_eq!(plain(&ours), ours, "what is plain stays");
    }
}
