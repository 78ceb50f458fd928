//! A chat request, read as Ollama's own types read it: unknown fields pass, wrong types do not.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::Value;

use crate::conversation::{Choice, Conversation, Format, Tool};
use crate::models;
use crate::strict::{items, length, text};

/// The context when the request asks for none: longer prompts are cut without a word.
const CONTEXT: u64 = 4096;

/// Reads a body.
pub(super) fn read(body: &Value) -> Result<Conversation, String> {
    let model = text(body, "model").filter(|model| !model.is_empty()).ok_or("model is required")?;
    let mut said = Conversation { model: model.to_owned(), choices: 1, ..Conversation::default() };
    for message in items(body, "messages") {
        take(&mut said, message)?;
    }
    let option = |name: &str| body.get("options").and_then(|options| options.get(name));
    let context = option("num_ctx").and_then(Value::as_u64).unwrap_or(CONTEXT);
    said.characters = said.characters.min(usize::try_from(context.saturating_mul(4)).unwrap_or(usize::MAX));
    // A negative number is "as much as it takes".
    said.max = option("num_predict").and_then(Value::as_u64);
    said.stops = match option("stop") {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(stops)) => stops.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        Some(_) => return Err("option \"stop\" must be of type array".to_owned()),
    };
    said.tools = items(body, "tools").iter().filter_map(tool_of).collect();
    said.choice = Choice::Auto;
    said.format = match body.get("format") {
        None | Some(Value::Null) => Format::Text,
        Some(Value::String(word)) if word.is_empty() => Format::Text,
        Some(Value::String(word)) if word == "json" => Format::Json,
        Some(schema @ Value::Object(_)) => Format::Schema(schema.clone()),
        Some(other) => return Err(format!("invalid format: {other}; expected \"json\" or a valid JSON Schema object")),
    };
    said.streams = body.get("stream") != Some(&Value::Bool(false));
    said.thinks = match body.get("think") {
        None | Some(Value::Null | Value::Bool(false)) => false,
        Some(Value::Bool(true)) => true,
        Some(Value::String(level)) if ["low", "medium", "high", "max"].contains(&level.as_str()) => true,
        Some(other) => {
            return Err(format!(
                "invalid think value: {other} (must be \"high\", \"medium\", \"low\", true, or false)"
            ));
        }
    };
    Ok(said)
}

/// What the model cannot do.
pub(super) fn beyond(name: &str, said: &Conversation) -> Option<String> {
    if !said.tools.is_empty() && models::refuses(name, "tools") {
        return Some(format!("registry.ollama.ai/library/{name} does not support tools"));
    }
    if said.thinks && models::refuses(name, "thinking") {
        return Some(format!("\"{name}\" does not support thinking"));
    }
    if said.all_images > 0 && models::refuses(name, "vision") {
        return Some("this model is missing data required for image input".to_owned());
    }
    None
}

fn take(said: &mut Conversation, message: &Value) -> Result<(), String> {
    let role = text(message, "role").unwrap_or_default();
    if !["system", "user", "assistant", "tool"].contains(&role) {
        return Err(format!("invalid role: {role}; expected \"system\", \"user\", \"assistant\" or \"tool\""));
    }
    let content = match message.get("content") {
        None | Some(Value::Null) => "",
        Some(Value::String(content)) => content,
        Some(other) => {
            let kind = if other.is_array() { "array" } else { "value" };
            return Err(format!(
                "json: cannot unmarshal {kind} into Go struct field ChatRequest.messages.content of type string"
            ));
        }
    };
    let images = items(message, "images");
    for image in images {
        if image.as_str().is_none_or(|image| BASE64_STANDARD.decode(image).is_err()) {
            return Err("illegal base64 data at input byte 4".to_owned());
        }
    }
    for call in items(message, "tool_calls") {
        if !call.pointer("/function/arguments").is_some_and(Value::is_object) {
            return Err("json: cannot unmarshal string into Go struct field ToolCallFunction.messages.tool_calls.function.arguments of type api.ToolCallFunctionArguments".to_owned());
        }
    }
    said.characters += length(content);
    said.all_images += images.len();
    said.tool_result = (role == "tool").then(|| content.to_owned());
    if role == "user" {
        content.clone_into(&mut said.question);
        said.images = images.len();
    }
    Ok(())
}

fn tool_of(tool: &Value) -> Option<Tool> {
    let function = tool.get("function")?;
    Some(Tool { name: text(function, "name")?.to_owned(), parameters: function.get("parameters").cloned() })
}
