//! A client's body, made neutral: for targets that speak another wire, or that
//! want more changed than the pass-through changes.

use serde_json::{Map, Value};

use super::request::{ClientRequest, RequestError};
use crate::neutral::{ChatRequest, Message, Part, ResponseFormat, Role, Tool, ToolCall, ToolChoice};

/// Translates what the neutral words can hold. Fields they have no word for are
/// named in the second value, but for those that only concern the transport.
///
/// # Errors
/// [`RequestError`], for a message, tool or format that does not have the shape
/// of the API reference.
pub fn read(request: &ClientRequest<'_>) -> Result<(ChatRequest, Vec<String>), RequestError> {
    let body: Map<String, Value> = serde_json::from_slice(request.object().body())
        .map_err(|error| refusal("messages", format!("The body cannot be translated for this model: {error}.")))?;
    let mut out = ChatRequest {
        model: request.model.clone().into_owned(),
        max_tokens: request.max_tokens,
        stream: request.stream,
        ..ChatRequest::default()
    };
    let mut left = Vec::new();
    for (field, value) in body.iter().filter(|(_, value)| !value.is_null()) {
        match field.as_str() {
            "model" | "max_tokens" | "max_completion_tokens" | "stream" | "stream_options" => {}
            "messages" => {
                out.messages = list(value).iter().map(message).collect::<Option<_>>().ok_or_else(|| {
                    refusal(
                        "messages",
                        "A message lacks its role, or has content that is neither text nor parts.".into(),
                    )
                })?;
            }
            "temperature" => out.temperature = value.as_f64(),
            "top_p" => out.top_p = value.as_f64(),
            "presence_penalty" => out.presence_penalty = value.as_f64(),
            "frequency_penalty" => out.frequency_penalty = value.as_f64(),
            "seed" => out.seed = value.as_i64(),
            "stop" => out.stop = stops(value),
            "parallel_tool_calls" => out.parallel_tool_calls = value.as_bool(),
            "reasoning_effort" => out.reasoning_effort = text(value),
            "tools" => {
                out.tools = list(value)
                    .iter()
                    .map(tool)
                    .collect::<Option<_>>()
                    .ok_or_else(|| refusal("tools", "A tool is not a function with a name.".into()))?;
            }
            "tool_choice" => out.tool_choice = tool_choice(value),
            "response_format" => out.response_format = response_format(value),
            other => left.push(other.to_owned()),
        }
    }
    Ok((out, left))
}

fn refusal(param: &'static str, message: String) -> RequestError {
    RequestError { message, param: Some(param), code: "invalid_request" }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

fn stops(value: &Value) -> Vec<String> {
    text(value).map_or_else(|| list(value).iter().filter_map(text).collect(), |one| vec![one])
}

fn message(value: &Value) -> Option<Message> {
    let role: Role = value.get("role")?.as_str()?.parse().ok()?;
    let content = value.get("content").unwrap_or(&Value::Null);
    if role == Role::Tool {
        let call_id = text(value.get("tool_call_id")?)?;
        let words: String = parts(content)?
            .into_iter()
            .filter_map(|part| if let Part::Text(text) = part { Some(text) } else { None })
            .collect();
        return Some(Message { role, parts: vec![Part::ToolResult { call_id, text: words }] });
    }
    let mut parts = parts(content)?;
    for call in value.get("tool_calls").map(list).unwrap_or_default() {
        let function = call.get("function")?;
        parts.push(Part::ToolCall(ToolCall {
            id: text(call.get("id")?)?,
            name: text(function.get("name")?)?,
            arguments: text(function.get("arguments")?)?,
        }));
    }
    Some(Message { role, parts })
}

fn parts(content: &Value) -> Option<Vec<Part>> {
    match content {
        Value::Null => Some(Vec::new()),
        Value::String(text) => Some(vec![Part::Text(text.clone())]),
        Value::Array(parts) => parts.iter().map(part).collect(),
        _ => None,
    }
}

fn part(value: &Value) -> Option<Part> {
    match value.get("type")?.as_str()? {
        "text" => text(value.get("text")?).map(Part::Text),
        "image_url" => {
            let image = value.get("image_url")?;
            let url = text(image).or_else(|| text(image.get("url")?))?;
            Some(Part::Image { url, detail: image.get("detail").and_then(text) })
        }
        _ => None,
    }
}

fn tool(value: &Value) -> Option<Tool> {
    let function = value.get("function")?;
    Some(Tool {
        name: text(function.get("name")?)?,
        description: function.get("description").and_then(text),
        parameters: function.get("parameters").cloned(),
        strict: function.get("strict").and_then(Value::as_bool),
    })
}

fn tool_choice(value: &Value) -> Option<ToolChoice> {
    match value.as_str() {
        Some("none") => Some(ToolChoice::None),
        Some("required" | "any") => Some(ToolChoice::Required),
        Some(_) => Some(ToolChoice::Auto),
        None => text(value.get("function")?.get("name")?).map(ToolChoice::Named),
    }
}

fn response_format(value: &Value) -> Option<ResponseFormat> {
    match value.get("type")?.as_str()? {
        "json_object" => Some(ResponseFormat::JsonObject),
        "json_schema" => {
            let inner = value.get("json_schema")?;
            Some(ResponseFormat::JsonSchema {
                name: text(inner.get("name")?)?,
                description: inner.get("description").and_then(text),
                schema: inner.get("schema").cloned().unwrap_or_default(),
                strict: inner.get("strict").and_then(Value::as_bool),
            })
        }
        _ => Some(ResponseFormat::Text),
    }
}
