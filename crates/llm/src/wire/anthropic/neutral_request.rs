//! A client's body, made neutral: for models of other providers.

mod content;
mod tools;

use domain::provider::WireName;
use serde_json::{Map, Value};

use crate::neutral::{ChatRequest, Extra, Message, ReplayState, ResponseFormat, Role};
use crate::wire::{ClientRequest, RequestError};

/// The name that other formats want for a schema.
const SCHEMA_NAME: &str = "answer";

/// Translates what the neutral words can hold. What they have no word for is
/// among the extras, under a name that says where it stood.
///
/// # Errors
/// [`RequestError`], for a message, tool or format that does not have the shape
/// of the API reference.
pub fn read(request: &ClientRequest<'_>) -> Result<ChatRequest, RequestError> {
    let body: Map<String, Value> = serde_json::from_slice(request.object().body())
        .map_err(|error| invalid("messages", format!("The body cannot be translated for this model: {error}.")))?;
    let mut out = ChatRequest {
        model: request.model.clone().into_owned(),
        max_tokens: request.max_tokens.or(request.limit()),
        stream: request.stream,
        ..ChatRequest::default()
    };
    if let Some(system) = body.get("system").filter(|system| !system.is_null()) {
        out.messages.push(instructions(system, &mut out.extras)?);
    }
    let is_there = |field: &str, value: &Value| !value.is_null() && !request.is_left_out(field);
    for (field, value) in body.iter().filter(|(field, value)| is_there(field, value)) {
        match field.as_str() {
            "model" | "max_tokens" | "stream" | "system" => {}
            "messages" => {
                for message in list(value) {
                    let message = spoken(message, &mut out.extras)?;
                    out.messages.push(message);
                }
            }
            "temperature" => out.temperature = value.as_f64(),
            "top_p" => out.top_p = value.as_f64(),
            "top_k" => out.top_k = value.as_u64(),
            "stop_sequences" => out.stop = list(value).iter().filter_map(text).collect(),
            "metadata" => metadata(value, &mut out),
            "tools" => {
                for tool in list(value) {
                    tools::read(tool, &mut out)?;
                }
            }
            "tool_choice" => tools::choice(value, &mut out)?,
            "thinking" => thinking(value, &mut out),
            "output_config" => output_config(value, &mut out)?,
            "output_format" => out.response_format = Some(format(value)?),
            other => out.extras.push(Extra { field: other.to_owned(), value: value.clone() }),
        }
    }
    Ok(out)
}

fn invalid(param: &'static str, message: impl Into<String>) -> RequestError {
    RequestError::invalid(param, message)
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

fn extra(field: String, value: &Value) -> Extra {
    Extra { field, value: value.clone() }
}

fn instructions(system: &Value, extras: &mut Vec<Extra>) -> Result<Message, RequestError> {
    let parts = content::read(system, extras)
        .ok_or_else(|| invalid("system", "`system` is neither text nor a list of text blocks."))?;
    Ok(Message { role: Role::System, parts })
}

fn spoken(message: &Value, extras: &mut Vec<Extra>) -> Result<Message, RequestError> {
    let role = match message.get("role").and_then(Value::as_str) {
        Some("user") => Role::User,
        Some("assistant") => Role::Assistant,
        Some("system") => Role::System,
        _ => return Err(invalid("messages", "A message's role is neither `user` nor `assistant`.")),
    };
    let parts = message.get("content").and_then(|content| content::read(content, extras)).ok_or_else(|| {
        invalid("messages", "A message has content that is neither text nor blocks of the API reference.")
    })?;
    Ok(Message { role, parts })
}

/// A state that only Anthropic opens.
fn state(call_id: Option<String>, block: &Value) -> ReplayState {
    ReplayState { wire: WireName::AnthropicMessages, call_id, state: block.clone() }
}

fn metadata(value: &Value, out: &mut ChatRequest) {
    out.user = value.get("user_id").and_then(text);
    let is_more = value.as_object().is_some_and(|members| members.keys().any(|name| name != "user_id"));
    if is_more {
        out.extras.push(extra("metadata".to_owned(), value));
    }
}

/// Adaptive thinking says nothing that holds not anyway; how hard is said by the
/// effort.
fn thinking(value: &Value, out: &mut ChatRequest) {
    match value.get("type").and_then(Value::as_str) {
        Some("enabled") => out.thinking_tokens = value.get("budget_tokens").and_then(Value::as_u64),
        Some("disabled") => out.reasoning_effort = Some("none".to_owned()),
        _ => {}
    }
}

fn output_config(value: &Value, out: &mut ChatRequest) -> Result<(), RequestError> {
    for (field, value) in value.as_object().into_iter().flatten().filter(|(_, value)| !value.is_null()) {
        match field.as_str() {
            // Switched off is switched off, however hard it would have been.
            "effort" => out.reasoning_effort = out.reasoning_effort.take().or_else(|| text(value)),
            "format" => out.response_format = Some(format(value)?),
            other => out.extras.push(extra(format!("output_config.{other}"), value)),
        }
    }
    Ok(())
}

fn format(value: &Value) -> Result<ResponseFormat, RequestError> {
    let schema = value.get("schema").filter(|schema| schema.is_object()).cloned();
    match (value.get("type").and_then(Value::as_str), schema) {
        (Some("json_schema"), Some(schema)) => {
            let (name, description) = (SCHEMA_NAME.to_owned(), None);
            Ok(ResponseFormat::JsonSchema { name, description, schema, strict: Some(true) })
        }
        _ => Err(invalid("output_config", "The output format is not a `json_schema` with a schema.")),
    }
}
