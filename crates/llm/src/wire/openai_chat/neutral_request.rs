//! A client's body, made neutral: for targets that speak another wire, or that
//! want more changed than the pass-through changes.

use domain::provider::WireName;
use serde_json::{Map, Value};

use crate::neutral::{
    CacheBreak, ChatRequest, Extra, File, FileSource, Message, Part, ReplayState, ResponseFormat, Role, Tool, ToolCall,
    ToolChoice, ToolResult,
};
use crate::wire::{ClientRequest, RequestError, openai_responses};

/// Translates what the neutral words can hold. What they have no word for is
/// among the extras, but for what only concerns the transport.
///
/// # Errors
/// [`RequestError`], for a message, tool or format that does not have the shape
/// of the API reference.
pub fn read(request: &ClientRequest<'_>) -> Result<ChatRequest, RequestError> {
    if request.is_responses_shaped() {
        return openai_responses::neutral_request::read(request);
    }
    let body: Map<String, Value> = serde_json::from_slice(request.object().body())
        .map_err(|error| refusal("messages", format!("The body cannot be translated for this model: {error}.")))?;
    let mut out = ChatRequest {
        model: request.model.clone().into_owned(),
        max_tokens: request.max_tokens.or(request.limit()),
        stream: request.stream,
        ..ChatRequest::default()
    };
    let is_there = |field: &str, value: &Value| !value.is_null() && !request.is_left_out(field);
    for (field, value) in body.iter().filter(|(field, value)| is_there(field, value)) {
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
            "top_k" => out.top_k = value.as_u64(),
            "user" => out.user = text(value),
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
            other => out.extras.push(Extra { field: other.to_owned(), value: value.clone() }),
        }
    }
    Ok(out)
}

fn refusal(param: &'static str, message: String) -> RequestError {
    RequestError::invalid(param, message)
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
        let result =
            ToolResult { call_id, name: value.get("name").and_then(text), parts: parts(content)?, is_error: false };
        return Some(Message { role, parts: vec![Part::ToolResult(result)] });
    }
    let reasoning = value.get("reasoning_content").or_else(|| value.get("reasoning")).and_then(text);
    let mut parts: Vec<Part> = reasoning.filter(|text| !text.is_empty()).map(Part::Reasoning).into_iter().collect();
    parts.extend(self::parts(content)?);
    for call in value.get("tool_calls").map(list).unwrap_or_default() {
        let function = call.get("function")?;
        let id = text(call.get("id")?)?;
        parts.extend(signature(call, &id));
        parts.push(Part::ToolCall(ToolCall {
            id,
            name: text(function.get("name")?)?,
            arguments: text(function.get("arguments")?)?,
        }));
    }
    Some(Message { role, parts })
}

/// Gemini's signature of a call, where Google's own OpenAI layer has it.
fn signature(call: &Value, id: &str) -> Option<Part> {
    let state = call.get("extra_content")?.get("google")?.get("thought_signature")?.clone();
    Some(Part::Replay(ReplayState { wire: WireName::Gemini, call_id: Some(id.to_owned()), state }))
}

fn parts(content: &Value) -> Option<Vec<Part>> {
    match content {
        Value::Null => Some(Vec::new()),
        Value::String(text) => Some(vec![Part::Text(text.clone())]),
        Value::Array(items) => {
            let mut parts = Vec::with_capacity(items.len());
            for item in items {
                parts.push(part(item)?);
                parts.extend(item.get("cache_control").map(cache_break).map(Part::CacheBreak));
            }
            Some(parts)
        }
        _ => None,
    }
}

fn cache_break(value: &Value) -> CacheBreak {
    CacheBreak { ttl: value.get("ttl").and_then(text) }
}

fn part(value: &Value) -> Option<Part> {
    match value.get("type")?.as_str()? {
        "text" => text(value.get("text")?).map(Part::Text),
        "image_url" => {
            let image = value.get("image_url")?;
            let url = text(image).or_else(|| text(image.get("url")?))?;
            Some(Part::Image { url, detail: image.get("detail").and_then(text) })
        }
        "input_audio" => {
            let audio = value.get("input_audio")?;
            Some(Part::Audio { data: text(audio.get("data")?)?, format: text(audio.get("format")?)? })
        }
        "file" => file(value.get("file")?).map(Part::File),
        "refusal" => text(value.get("refusal")?).map(Part::Text),
        _ => None,
    }
}

fn file(value: &Value) -> Option<File> {
    let name = value.get("filename").and_then(text);
    if let Some(id) = value.get("file_id").and_then(text) {
        return Some(File { name, media_type: None, source: FileSource::Id(id) });
    }
    let data = text(value.get("file_data")?)?;
    let (media_type, data) = match data.strip_prefix("data:").and_then(|rest| rest.split_once(";base64,")) {
        Some((media_type, data)) => (Some(media_type.to_owned()), data.to_owned()),
        None => (None, data),
    };
    Some(File { name, media_type, source: FileSource::Data(data) })
}

fn tool(value: &Value) -> Option<Tool> {
    let function = value.get("function")?;
    Some(Tool {
        name: text(function.get("name")?)?,
        description: function.get("description").and_then(text),
        parameters: function.get("parameters").cloned(),
        strict: function.get("strict").and_then(Value::as_bool),
        cache: value.get("cache_control").map(cache_break),
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
