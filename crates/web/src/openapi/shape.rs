//! Schemas as `utoipa` makes them, tidied: patterns that stand for something are
//! spelt out, names keep their promises, and a query parameter that may be left
//! out is not `null`.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use utoipa::openapi::RefOr;
use utoipa::openapi::path::Parameter;
use utoipa::openapi::schema::Schema;
use utoipa::{PartialSchema, ToSchema};

use super::words::{self, Meaning};

/// A type's schema, and those it refers to.
pub(super) struct Shape {
    pub(super) name: String,
    pub(super) schema: RefOr<Schema>,
    pub(super) others: Vec<(String, RefOr<Schema>)>,
}

impl Shape {
    pub(super) fn of<T: ToSchema + PartialSchema>() -> Self {
        let mut others = Vec::new();
        T::schemas(&mut others);
        Self { name: T::name().into_owned(), schema: T::schema(), others }
    }
}

/// A reference to a shape, which is put among the components.
pub(super) fn reference(shape: &Shape, schemas: &mut BTreeMap<String, Value>) -> Value {
    schemas.insert(shape.name.clone(), tidy(as_json(&shape.schema)));
    for (name, schema) in &shape.others {
        schemas.insert(name.clone(), tidy(as_json(schema)));
    }
    super::components::reference("schemas", &shape.name)
}

/// One parameter of a query.
pub(super) fn parameter(parameter: &Parameter) -> Value {
    let mut parameter = as_json(parameter);
    let name = parameter["name"].as_str().unwrap_or_default().to_owned();
    if let Some(schema) = parameter.get_mut("schema") {
        promise(&name, schema);
        // The query as a whole takes no control characters, see `body::Query`.
        let is_free = ["format", "pattern"].iter().all(|limit| schema.get(limit).is_none());
        if is_free && !schema["type"].is_null() && schema["type"].to_string().contains("string") {
            schema["pattern"] = "@plain".into();
        }
        *schema = without_null(tidy(schema.take()));
    }
    parameter
}

/// Text that is one of the words that `pattern` stands for.
pub(super) fn schema_of_words(pattern: &str) -> Value {
    tidy(json!({"type": "string", "pattern": pattern}))
}

fn as_json(value: &impl serde::Serialize) -> Value {
    serde_json::to_value(value).unwrap_or(Value::Null)
}

/// Spells out what a schema's patterns stand for, and what the names of its
/// properties promise.
fn tidy(schema: Value) -> Value {
    match schema {
        Value::Object(mut members) => {
            if let Some(Value::Object(properties)) = members.get_mut("properties") {
                for (name, property) in properties.iter_mut() {
                    promise(name, property);
                }
            }
            let pattern = members.get("pattern").and_then(Value::as_str).map(str::to_owned);
            if let Some(pattern) = pattern {
                spell_out(&mut members, &pattern);
            }
            Value::Object(members.into_iter().map(|(name, member)| (name, tidy(member))).collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(tidy).collect()),
        other => other,
    }
}

/// A name ending in `_at` is a moment, one ending in `_id` an id of ours,
/// unless the field says otherwise.
fn promise(name: &str, property: &mut Value) {
    let Some(members) = property.as_object_mut() else { return };
    let is_text = members.get("type").is_some_and(|kind| kind == "string" || kind == &json!(["string", "null"]));
    if !is_text || members.contains_key("format") || members.contains_key("pattern") {
        return;
    }
    if name.ends_with("_at") {
        members.insert("format".into(), "date-time".into());
    } else if name == "id" || name.ends_with("_id") {
        members.insert("format".into(), "uuid".into());
    }
}

fn spell_out(members: &mut Map<String, Value>, pattern: &str) {
    let words = match words::meaning(pattern) {
        Some(Meaning::Form(form)) => {
            members.insert("pattern".into(), form.into());
            return;
        }
        Some(Meaning::Trimmed(form)) => {
            // Blanks around it do not count, so the bound is part of the form.
            let most = members.remove("maxLength").as_ref().and_then(Value::as_u64).unwrap_or(u64::from(u16::MAX));
            members.insert("pattern".into(), form(most).into());
            members.insert("x-most-characters".into(), most.into());
            return;
        }
        Some(Meaning::Anything) => {
            members.remove("pattern");
            return;
        }
        Some(Meaning::Words(words)) => words.into_iter().map(str::to_owned).collect(),
        None => match closed_list(pattern) {
            Some(words) => words,
            None => return,
        },
    };
    let is_nullable = members.get("type").and_then(Value::as_array).is_some_and(|kinds| kinds.contains(&json!("null")));
    let null = is_nullable.then_some(Value::Null);
    members.remove("pattern");
    members.insert("enum".into(), words.into_iter().map(Value::from).chain(null).collect());
}

/// The words of `^(a|b)$`; `None` for a pattern that is more than a list.
fn closed_list(pattern: &str) -> Option<Vec<String>> {
    let list = pattern.strip_prefix("^(")?.strip_suffix(")$")?;
    let is_plain = list.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | ':' | '.' | ' ' | '|'));
    is_plain.then(|| list.split('|').map(str::to_owned).collect())
}

fn without_null(mut schema: Value) -> Value {
    if let Some(Value::Array(kinds)) = schema.get("type") {
        let kinds: Vec<Value> = kinds.iter().filter(|kind| *kind != "null").cloned().collect();
        if let [only] = kinds.as_slice() {
            schema["type"] = only.clone();
        }
    }
    if let Some(words) = schema.get_mut("enum").and_then(Value::as_array_mut) {
        words.retain(|word| !word.is_null());
    }
    schema
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_that_lists_words_is_said_as_those_words() {
        let nullable = json!({"type": ["string", "null"], "pattern": "^(chain|strict)$", "description": "d"});
        let expected = json!({"type": ["string", "null"], "enum": ["chain", "strict", null], "description": "d"});
        assert_eq!(tidy(nullable.clone()), expected);
        assert_eq!(
            without_null(tidy(nullable)),
            json!({"type": "string", "enum": ["chain", "strict"], "description": "d"})
        );
        for pattern in ["^[a-z]+$", "chain|strict", "^(a+)$"] {
            assert_eq!(tidy(json!({"pattern": pattern})), json!({"pattern": pattern}));
        }
        assert_eq!(
            tidy(json!({"type": "string", "pattern": "@role"})),
            json!({"type": "string", "enum": ["admin", "member"]})
        );
    }

    #[test]
    fn a_name_promises_a_moment_or_an_id_unless_the_field_says_otherwise() {
        let text = json!({"type": "string"});
        let anything = json!({"type": "string", "pattern": "@text"});
        let tidied =
            tidy(json!({"properties": {"created_at": text, "user_id": text, "model_id": anything, "name": text}}));
        let expected = json!({
            "created_at": {"type": "string", "format": "date-time"},
            "user_id": {"type": "string", "format": "uuid"},
            "model_id": text,
            "name": text,
        });
        assert_eq!(tidied["properties"], expected);
    }
}
