//! Tools and schemas as Anthropic wants them.

use serde_json::Value;

use crate::conversation::{Choice, Tool};
use crate::models;
use crate::strict::{items, stranger, text};

/// The tools of a request and whether one must be called.
#[derive(Debug)]
pub(super) struct Tools {
    pub(super) tools: Vec<Tool>,
    pub(super) choice: Choice,
}

/// The members of a tool of one's own.
const TOOL: [&str; 10] = [
    "type",
    "name",
    "description",
    "input_schema",
    "cache_control",
    "strict",
    "defer_loading",
    "allowed_callers",
    "eager_input_streaming",
    "input_examples",
];

pub(super) fn read(body: &Value) -> Result<Tools, String> {
    let tools = items(body, "tools").iter().enumerate().map(|(at, tool)| tool_of(at, tool));
    let tools: Vec<Tool> = tools.collect::<Result<_, _>>()?;
    let choice = choice(body, &tools)?;
    Ok(Tools { tools, choice })
}

fn tool_of(at: usize, tool: &Value) -> Result<Tool, String> {
    let object = tool.as_object().ok_or_else(|| format!("tools.{at}: Input should be a valid dictionary"))?;
    if let Some(field) = stranger(object, &TOOL) {
        return Err(format!("tools.{at}.custom.{field}: Extra inputs are not permitted"));
    }
    let name = text(tool, "name").ok_or_else(|| format!("tools.{at}.custom.name: Field required"))?;
    let letter = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    if name.is_empty() || name.len() > 128 || !name.bytes().all(letter) {
        return Err(format!("tools.{at}.custom.name: String should match pattern '^[a-zA-Z0-9_-]{{1,128}}$'"));
    }
    let schema = tool.get("input_schema").ok_or_else(|| format!("tools.{at}.custom.input_schema: Field required"))?;
    if text(schema, "type") != Some("object") {
        return Err(format!("tools.{at}.custom.input_schema.type: Input should be 'object'"));
    }
    Ok(Tool { name: name.to_owned(), parameters: Some(schema.clone()) })
}

fn choice(body: &Value, tools: &[Tool]) -> Result<Choice, String> {
    let Some(choice) = body.get("tool_choice") else { return Ok(Choice::Auto) };
    if tools.is_empty() {
        return Err("tool_choice may only be specified while providing tools.".to_owned());
    }
    let forced = match text(choice, "type") {
        Some("auto") => return Ok(Choice::Auto),
        Some("none") => return Ok(Choice::Never),
        Some("any") => Choice::Required,
        Some("tool") => Choice::Named(text(choice, "name").ok_or("tool_choice.tool.name: Field required")?.to_owned()),
        _ => return Err("tool_choice: Input should be a valid dictionary with type auto, any, tool or none".to_owned()),
    };
    if let Choice::Named(name) = &forced
        && !tools.iter().any(|tool| tool.name == *name)
    {
        return Err(format!("Tool '{name}' not found in provided tools"));
    }
    if models::refuses(text(body, "model").unwrap_or_default(), "forced") {
        return Err("tool_choice: forced tool use is not supported on this model".to_owned());
    }
    if body.pointer("/thinking/type").and_then(Value::as_str) == Some("enabled") {
        return Err("Thinking may not be enabled when tool_choice forces tool use.".to_owned());
    }
    Ok(forced)
}

/// A schema for an answer: every object closed, none of the words that are not supported.
pub(super) fn strict_schema(schema: &Value, path: &str) -> Result<(), String> {
    match schema {
        Value::Object(fields) => {
            let is_object = fields.get("type").and_then(Value::as_str) == Some("object");
            if is_object && fields.get("additionalProperties") != Some(&Value::Bool(false)) {
                return Err(format!(
                    "{path}: For 'object' type, 'additionalProperties' must be explicitly set to false"
                ));
            }
            for refused in ["minimum", "maximum", "pattern", "minLength", "maxLength", "oneOf"] {
                if fields.get("type").is_some() && fields.contains_key(refused) {
                    return Err(format!("{path}: property '{refused}' is not supported"));
                }
            }
            fields.iter().try_for_each(|(name, inner)| strict_schema(inner, &format!("{path}.{name}")))
        }
        Value::Array(list) => list.iter().try_for_each(|inner| strict_schema(inner, path)),
        _ => Ok(()),
    }
}
