//! Function declarations and the calling mode.

use serde_json::Value;

use crate::conversation::{Choice, Tool};
use crate::strict::{items, stranger, text};

use super::errors::Complaint;

/// The functions of a request and whether one must be called.
pub(super) fn read(body: &Value) -> Result<(Vec<Tool>, Choice), Complaint> {
    let mut tools = Vec::new();
    for (at, entry) in items(body, "tools").iter().enumerate() {
        let known = ["functionDeclarations", "googleSearch", "codeExecution", "urlContext", "googleMaps", "fileSearch"];
        if let Some(field) = entry.as_object().and_then(|entry| stranger(entry, &known)) {
            return Err(Complaint::unknown(field, &format!("tools[{at}]")));
        }
        for (number, function) in items(entry, "functionDeclarations").iter().enumerate() {
            tools.push(function_of(function, &format!("tools[{at}].function_declarations[{number}]"))?);
        }
    }
    let choice = choice(body, &tools)?;
    Ok((tools, choice))
}

fn function_of(function: &Value, place: &str) -> Result<Tool, Complaint> {
    let known =
        ["name", "description", "parameters", "parametersJsonSchema", "response", "responseJsonSchema", "behavior"];
    if let Some(field) = function.as_object().and_then(|function| stranger(function, &known)) {
        return Err(Complaint::unknown(field, place));
    }
    let name = text(function, "name").unwrap_or_default();
    let letter = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.:".contains(&byte);
    if name.is_empty() || name.len() > 64 || !name.bytes().all(letter) {
        let message = format!(
            "* GenerateContentRequest.{place}.name: Invalid function name. Must start with a letter or an underscore."
        );
        return Err(Complaint::new(message));
    }
    let (old, new) = (function.get("parameters"), function.get("parametersJsonSchema"));
    if old.is_some() && new.is_some() {
        return Err(Complaint::new(format!("{place}: only one of parameters and parameters_json_schema can be set")));
    }
    if let Some(schema) = old {
        subset(schema, &format!("{place}.parameters"))?;
    }
    Ok(Tool { name: name.to_owned(), parameters: new.or(old).cloned() })
}

/// The older schema is a part of OpenAPI's.
pub(super) fn subset(schema: &Value, place: &str) -> Result<(), Complaint> {
    let Some(object) = schema.as_object() else { return Ok(()) };
    for refused in ["additionalProperties", "$ref", "$defs", "$schema", "const", "oneOf", "allOf", "patternProperties"]
    {
        if object.contains_key(refused) {
            return Err(Complaint::unknown(refused, place));
        }
    }
    let properties = object.get("properties").and_then(Value::as_object);
    let kind = text(schema, "type").unwrap_or_default();
    if kind.eq_ignore_ascii_case("object") && properties.is_none_or(serde_json::Map::is_empty) {
        let message = format!("* GenerateContentRequest.{place}.properties: should be non-empty for OBJECT type");
        return Err(Complaint::new(message));
    }
    for (name, inner) in properties.into_iter().flatten() {
        subset(inner, &format!("{place}.properties[{name}]"))?;
    }
    object.get("items").map_or(Ok(()), |inner| subset(inner, &format!("{place}.items")))
}

fn choice(body: &Value, tools: &[Tool]) -> Result<Choice, Complaint> {
    let Some(config) = body.pointer("/toolConfig/functionCallingConfig") else { return Ok(Choice::Auto) };
    let allowed = items(config, "allowedFunctionNames");
    let mode = text(config, "mode").unwrap_or("AUTO");
    if !allowed.is_empty() && !matches!(mode, "ANY" | "VALIDATED") {
        let message = "Function calling config is set without mode ANY, but allowed_function_names is set.";
        return Err(Complaint::new(message));
    }
    match (mode, allowed) {
        ("AUTO" | "VALIDATED" | "MODE_UNSPECIFIED", _) => Ok(Choice::Auto),
        ("NONE", _) => Ok(Choice::Never),
        ("ANY", _) if tools.is_empty() => {
            Err(Complaint::new("Function calling mode ANY needs at least one function declaration."))
        }
        ("ANY", [one]) => Ok(Choice::Named(one.as_str().unwrap_or_default().to_owned())),
        ("ANY", _) => Ok(Choice::Required),
        _ => Err(Complaint::new("Invalid value at 'tool_config.function_calling_config.mode'")),
    }
}
