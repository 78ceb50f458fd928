//! Schemas as people read them: a word for the type, a table for the fields.

use maud::{Markup, html};
use serde_json::Value;

const SCHEMAS: &str = "#/components/schemas/";

/// What a reference leads to; anything else is itself.
pub(super) fn follow<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    let pointer = value["$ref"].as_str().and_then(|reference| reference.strip_prefix('#'));
    pointer.and_then(|pointer| document.pointer(pointer)).unwrap_or(value)
}

/// A text whose `words` are code.
pub(super) fn prose(text: &str) -> Markup {
    html! {
        @for (at, part) in text.split('`').enumerate() {
            @if at % 2 == 1 { code { (part) } } @else { (part) }
        }
    }
}

/// The type in a word or two, with a link where it has a table of its own.
pub(super) fn kind(schema: &Value) -> Markup {
    if let Some(name) = schema["$ref"].as_str().and_then(|reference| reference.strip_prefix(SCHEMAS)) {
        return html! { a href={ "#schema-" (name) } { (name) } };
    }
    for word in ["allOf", "oneOf", "anyOf"] {
        if let Some(parts) = schema[word].as_array() {
            let first = parts.iter().find(|part| part["type"] != "null").unwrap_or(&Value::Null);
            let may_be_null = parts.iter().any(|part| part["type"] == "null");
            return html! { (kind(first)) @if may_be_null { " or null" } };
        }
    }
    let names: Vec<&str> = match &schema["type"] {
        Value::String(name) => vec![name],
        Value::Array(names) => names.iter().filter_map(Value::as_str).collect(),
        _ => vec!["anything"],
    };
    html! {
        @for (at, name) in names.iter().enumerate() {
            @if at > 0 { " or " }
            @if *name == "array" && !schema["items"].is_null() { "list of " (kind(&schema["items"])) } @else { (name) }
        }
        @if let Some(format) = schema["format"].as_str().filter(|format| !format.starts_with("int") && *format != "double") {
            " (" (format) ")"
        }
    }
}

/// What a value has to keep to, beside its type.
pub(super) fn limits(schema: &Value) -> Markup {
    let number = |name: &str| schema[name].as_i64();
    let mut words = Vec::new();
    match (number("minimum"), number("maximum")) {
        (Some(least), Some(most)) => words.push(format!("{least} to {most}")),
        (Some(least), None) => words.push(format!("at least {least}")),
        (None, Some(most)) => words.push(format!("at most {most}")),
        (None, None) => {}
    }
    if let Some(most) = number("maxLength").or_else(|| number("x-most-characters")) {
        words.push(format!("at most {most} characters"));
    }
    if let Some(least) = number("minLength").filter(|least| *least > 1) {
        words.push(format!("at least {least} characters"));
    }
    if let Some(most) = number("maxItems") {
        words.push(format!("at most {most} items"));
    }
    let choices: Vec<&str> = schema["enum"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    html! {
        @if !choices.is_empty() {
            div.choices { @for choice in &choices { code.choice { (choice) } " " } }
        }
        @if !words.is_empty() { div.small { (words.join(", ")) } }
    }
}

/// A mark for what cannot be left out.
pub(super) fn required(is_required: bool) -> Markup {
    html! { @if is_required { " " span.required { "required" } } }
}

/// The fields of an object, references and parts followed.
pub(super) fn fields(document: &Value, schema: &Value) -> Markup {
    let schema = follow(document, schema);
    let parts: Vec<&Value> = match schema["allOf"].as_array() {
        Some(parts) => parts.iter().map(|part| follow(document, part)).collect(),
        None => vec![schema],
    };
    let has_fields = parts.iter().any(|part| part["properties"].is_object());
    html! {
        @if let Some(words) = schema["description"].as_str() { p.small { (prose(words)) } }
        @if has_fields {
            div.scroll tabindex="0" role="group" aria-label="Fields" {
                table {
                    thead { tr { th { "Field" } th { "Type" } th { "What it is" } } }
                    tbody { @for part in parts { (rows(part)) } }
                }
            }
        } @else { p { (kind(schema)) (limits(schema)) } }
    }
}

fn rows(schema: &Value) -> Markup {
    let is_required = |name: &str| schema["required"].as_array().is_some_and(|names| names.iter().any(|n| n == name));
    let mut fields: Vec<_> = schema["properties"].as_object().into_iter().flatten().collect();
    fields.sort_by_key(|(name, _)| !is_required(name));
    html! {
        @for (name, field) in fields {
            tr {
                td { code { (name) } (required(is_required(name))) }
                td { (kind(field)) }
                td { (prose(field["description"].as_str().unwrap_or_default())) (limits(field)) }
            }
        }
    }
}

/// Every schema with its fields.
pub(super) fn section(document: &Value) -> Markup {
    html! {
        section.group {
            h2 id="schemas" { "Schemas" }
            @for (name, schema) in document["components"]["schemas"].as_object().into_iter().flatten() {
                details.card id={ "schema-" (name) } {
                    summary { code { (name) } }
                    (fields(document, schema))
                }
            }
        }
    }
}
