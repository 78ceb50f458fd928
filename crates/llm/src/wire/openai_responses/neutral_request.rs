//! A client's body, made neutral: for models of other providers.

mod items;
mod tools;

use serde_json::{Map, Value};

use crate::neutral::{ChatRequest, Extra, Message, Part, ResponseFormat, Role};
use crate::wire::{ClientRequest, RequestError};

/// The part of a response that only a client of encrypted thoughts asks for: it
/// is kept here for those who do not.
const ENCRYPTED: &str = "reasoning.encrypted_content";

/// Translates what the neutral words can hold. What they have no word for is
/// among the extras, under a name that says where it stood.
///
/// # Errors
/// [`RequestError`], for an item, tool or format that does not have the shape of
/// the API reference, and for what OpenAI keeps under an id: nobody else has it.
pub fn read(request: &ClientRequest<'_>) -> Result<ChatRequest, RequestError> {
    let body: Map<String, Value> = serde_json::from_slice(request.object().body())
        .map_err(|error| invalid("input", format!("The body cannot be translated for this model: {error}.")))?;
    let mut out = ChatRequest {
        model: request.model.clone().into_owned(),
        max_tokens: request.max_tokens.or(request.limit()),
        stream: request.stream,
        ..ChatRequest::default()
    };
    if let Some(instructions) = body.get("instructions").filter(|value| !value.is_null()) {
        let words = text(instructions).ok_or_else(|| invalid("instructions", "`instructions` is not a string."))?;
        out.messages.push(Message { role: Role::System, parts: vec![Part::Text(words)] });
    }
    let is_there = |field: &str, value: &Value| !value.is_null() && !request.is_left_out(field);
    for (field, value) in body.iter().filter(|(field, value)| is_there(field, value)) {
        match field.as_str() {
            "model" | "max_output_tokens" | "stream" | "stream_options" | "instructions" => {}
            // Chat's own words, in a body that came for a chat.
            "max_tokens" | "max_completion_tokens" if value.as_u64() == request.max_tokens => {}
            "reasoning_effort" => out.reasoning_effort = out.reasoning_effort.take().or_else(|| text(value)),
            "input" => items::read(value, &mut out)?,
            "temperature" => out.temperature = value.as_f64(),
            "top_p" => out.top_p = value.as_f64(),
            "safety_identifier" => out.user = text(value),
            "user" => out.user = out.user.take().or_else(|| text(value)),
            "parallel_tool_calls" => out.parallel_tool_calls = value.as_bool(),
            "text" => form(value, &mut out)?,
            "reasoning" => reasoning(value, &mut out),
            "include" => include(value, &mut out),
            "tools" => {
                for tool in list(value) {
                    tools::read(tool, &mut out)?;
                }
            }
            // Which tools there are must be known first.
            "tool_choice" => {}
            "previous_response_id" => return Err(kept_elsewhere("previous_response_id")),
            "conversation" => return Err(kept_elsewhere("conversation")),
            "prompt" => return Err(kept_elsewhere("prompt")),
            other => out.extras.push(Extra { field: other.to_owned(), value: value.clone() }),
        }
    }
    if let Some(choice) = body.get("tool_choice").filter(|value| is_there("tool_choice", value)) {
        tools::choice(choice, &mut out)?;
    }
    Ok(out)
}

fn invalid(param: &'static str, message: impl Into<String>) -> RequestError {
    RequestError::invalid(param, message)
}

fn kept_elsewhere(field: &'static str) -> RequestError {
    let message = format!(
        "`{field}` names something that OpenAI keeps, and this model is not called there in the Responses format. \
         Send the whole conversation in `input`."
    );
    RequestError { code: "unsupported_parameter", ..invalid(field, message) }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

fn form(value: &Value, out: &mut ChatRequest) -> Result<(), RequestError> {
    for (field, value) in value.as_object().into_iter().flatten().filter(|(_, value)| !value.is_null()) {
        match field.as_str() {
            "format" => out.response_format = Some(format(value)?),
            "verbosity" => out.extras.push(Extra { field: "verbosity".to_owned(), value: value.clone() }),
            other => out.extras.push(Extra { field: format!("text.{other}"), value: value.clone() }),
        }
    }
    Ok(())
}

fn format(value: &Value) -> Result<ResponseFormat, RequestError> {
    match value.get("type").and_then(Value::as_str) {
        Some("text") => Ok(ResponseFormat::Text),
        Some("json_object") => Ok(ResponseFormat::JsonObject),
        Some("json_schema") if value.get("schema").is_some_and(Value::is_object) => Ok(ResponseFormat::JsonSchema {
            name: value.get("name").and_then(text).unwrap_or_else(|| "answer".to_owned()),
            description: value.get("description").and_then(text),
            schema: value.get("schema").cloned().unwrap_or_default(),
            strict: value.get("strict").and_then(Value::as_bool),
        }),
        _ => Err(invalid("text", "`text.format` is neither `text`, `json_object`, nor a `json_schema` with a schema.")),
    }
}

fn reasoning(value: &Value, out: &mut ChatRequest) {
    for (field, value) in value.as_object().into_iter().flatten().filter(|(_, value)| !value.is_null()) {
        match field.as_str() {
            "effort" => out.reasoning_effort = text(value),
            other => out.extras.push(Extra { field: format!("reasoning.{other}"), value: value.clone() }),
        }
    }
}

fn include(value: &Value, out: &mut ChatRequest) {
    let wanted: Vec<&str> = list(value).iter().filter_map(Value::as_str).filter(|name| *name != ENCRYPTED).collect();
    if wanted.contains(&"message.output_text.logprobs") {
        out.extras.push(Extra { field: "logprobs".to_owned(), value: true.into() });
    }
    if wanted.iter().any(|name| *name != "message.output_text.logprobs") {
        out.extras.push(Extra { field: "include".to_owned(), value: value.clone() });
    }
}
