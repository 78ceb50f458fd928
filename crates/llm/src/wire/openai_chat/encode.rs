//! A neutral request as a chat-completions body, in the target's dialect.

use bytes::Bytes;
use domain::ProviderId;
use domain::model::Capabilities;
use serde_json::{Map, Value, json};

use crate::neutral::{
    CacheBreak, ChatRequest, File, FileSource, Message, Part, ResponseFormat, Role, Tool, ToolCall, ToolChoice,
    ToolResult,
};
use crate::parameters::{self, Fate, StreamOptions, Unsupported};
use crate::wire::{Fitting, choice};

/// The length of a call's id at Mistral.
const MISTRAL_ID_LENGTH: usize = 9;

/// Writes the body.
///
/// # Errors
/// [`Unsupported`], when the target cannot take a field that would change the
/// answer.
pub fn encode(request: &ChatRequest, fitting: &mut Fitting<'_>) -> Result<Bytes, Unsupported> {
    let target = fitting.target;
    let mut body = Map::new();
    body.insert("model".into(), target.model.into());
    body.insert("messages".into(), messages(request, target.provider));
    // A model that never thinks has no word for not thinking.
    let says_nothing = |field: &str, value: &Value| {
        // Without any ability a model is not known, rather than able to do nothing.
        let can = target.facts.map(|facts| facts.capabilities).filter(|can| *can != Capabilities::default());
        let never_thinks = can.is_some_and(|can| !can.reasoning);
        never_thinks && field == "reasoning_effort" && value == "none"
    };
    let fields = fields(request, target.provider);
    for (field, value) in fields.into_iter().filter(|(field, value)| !says_nothing(field, value)) {
        let effort = request.reasoning_effort.as_deref();
        match choice::fate(&target, effort, field, value.to_string().as_bytes()) {
            Fate::Passes => body.insert(field.into(), value),
            Fate::Renamed(name) => body.insert(name.into(), value),
            Fate::Dropped => {
                fitting.drop(field);
                None
            }
            Fate::Refused => {
                fitting.refuse(field)?;
                None
            }
        };
    }
    fitting.leave_extras(request, |_| false)?;
    if request.stream {
        body.insert("stream".into(), true.into());
        if parameters::rules(target.provider).stream_options == StreamOptions::Taken {
            body.insert("stream_options".into(), json!({"include_usage": true}));
        }
    }
    Ok(Bytes::from(Value::Object(body).to_string()))
}

/// The fields that are there, under OpenAI's names.
fn fields(request: &ChatRequest, provider: ProviderId) -> Vec<(&'static str, Value)> {
    let mut fields = Vec::new();
    let mut add = |name: &'static str, value: Option<Value>| fields.extend(value.map(|value| (name, value)));
    add(parameters::rules(provider).limit_field, request.max_tokens.map(Value::from));
    add("temperature", request.temperature.map(Value::from));
    add("top_p", request.top_p.map(Value::from));
    add("top_k", request.top_k.map(Value::from));
    add("user", request.user.clone().map(Value::from));
    add("stop", (!request.stop.is_empty()).then(|| request.stop.clone().into()));
    add("seed", request.seed.map(Value::from));
    add("presence_penalty", request.presence_penalty.map(Value::from));
    add("frequency_penalty", request.frequency_penalty.map(Value::from));
    add("response_format", request.response_format.as_ref().map(response_format));
    if !request.tools.is_empty() {
        add("tools", Some(request.tools.iter().map(|one| tool(one, provider)).collect()));
        add("tool_choice", request.tool_choice.as_ref().map(|choice| tool_choice(choice, provider)));
        // True is what holds without it, and not everybody knows the field.
        add("parallel_tool_calls", (request.parallel_tool_calls == Some(false)).then_some(false.into()));
    }
    if let Some(effort) = &request.reasoning_effort {
        match provider {
            ProviderId::OpenRouter => add("reasoning", Some(json!({"effort": effort}))),
            ProviderId::Groq => {
                add("reasoning_effort", Some(effort.clone().into()));
                add("include_reasoning", Some(true.into()));
            }
            _ => add("reasoning_effort", Some(effort.clone().into())),
        }
    }
    fields
}

fn messages(request: &ChatRequest, provider: ProviderId) -> Value {
    let mut out = Vec::new();
    for message in &request.messages {
        for part in &message.parts {
            if let Part::ToolResult(result) = part {
                out.push(tool_result(request, provider, result));
            }
        }
        // Other wires have results in a turn of the person.
        let is_more = message.parts.is_empty() || message.parts.iter().any(|part| !matches!(part, Part::ToolResult(_)));
        if message.role != Role::Tool && is_more {
            out.push(spoken(message, provider));
        }
    }
    out.into()
}

fn spoken(message: &Message, provider: ProviderId) -> Value {
    let knows_developer = matches!(provider, ProviderId::OpenAi | ProviderId::Azure);
    let role = match message.role {
        Role::Developer if !knows_developer => Role::System,
        role => role,
    };
    let calls: Vec<Value> = message.parts.iter().filter_map(|part| call(part, provider)).collect();
    let mut out = Map::new();
    out.insert("role".into(), role.as_str().into());
    out.insert("content".into(), content(message, provider, !calls.is_empty()));
    if !calls.is_empty() {
        out.insert("tool_calls".into(), calls.into());
    }
    out.into()
}

/// A string for words alone, parts as soon as there are pictures.
fn content(message: &Message, provider: ProviderId, has_calls: bool) -> Value {
    let is_more_than_words = |part: &Part| match part {
        Part::Image { .. } | Part::File(_) | Part::Audio { .. } => true,
        // Only OpenRouter passes on where a prompt may be kept.
        Part::CacheBreak(_) => provider == ProviderId::OpenRouter,
        _ => false,
    };
    if message.parts.iter().any(is_more_than_words) {
        return content_parts(message, provider).into();
    }
    let text = message.text();
    if text.is_empty() && has_calls && provider != ProviderId::Mistral { Value::Null } else { text.into() }
}

fn content_parts(message: &Message, provider: ProviderId) -> Vec<Value> {
    let mut out: Vec<Value> = Vec::new();
    for part in &message.parts {
        match (part, out.last_mut().and_then(Value::as_object_mut)) {
            (Part::CacheBreak(until), Some(last)) if provider == ProviderId::OpenRouter => {
                last.insert("cache_control".into(), cache_control(until));
            }
            _ => out.extend(content_part(part)),
        }
    }
    out
}

fn cache_control(until: &CacheBreak) -> Value {
    match &until.ttl {
        Some(ttl) => json!({"type": "ephemeral", "ttl": ttl}),
        None => json!({"type": "ephemeral"}),
    }
}

fn content_part(part: &Part) -> Option<Value> {
    match part {
        Part::Text(text) => Some(json!({"type": "text", "text": text})),
        Part::Image { url, detail } => {
            let mut image = json!({"url": url});
            if let (Some(detail), Some(image)) = (detail, image.as_object_mut()) {
                image.insert("detail".into(), detail.clone().into());
            }
            Some(json!({"type": "image_url", "image_url": image}))
        }
        Part::Audio { data, format } => {
            Some(json!({"type": "input_audio", "input_audio": {"data": data, "format": format}}))
        }
        Part::File(File { source: FileSource::Text(text), .. }) => Some(json!({"type": "text", "text": text})),
        Part::File(file) => Some(json!({"type": "file", "file": file_value(file)})),
        Part::ToolCall(_) | Part::ToolResult(_) | Part::Reasoning(_) | Part::Replay(_) | Part::CacheBreak(_) => None,
    }
}

fn file_value(file: &File) -> Value {
    let mut out = Map::new();
    out.extend(file.name.clone().map(|name| ("filename".to_owned(), name.into())));
    let (field, value) = match &file.source {
        FileSource::Id(id) => ("file_id", id.clone()),
        FileSource::Url(url) => ("file_url", url.clone()),
        FileSource::Data(data) | FileSource::Text(data) => {
            let media_type = file.media_type.as_deref().unwrap_or("application/pdf");
            ("file_data", format!("data:{media_type};base64,{data}"))
        }
    };
    out.insert(field.into(), value.into());
    out.into()
}

fn call(part: &Part, provider: ProviderId) -> Option<Value> {
    let Part::ToolCall(ToolCall { id, name, arguments }) = part else {
        return None;
    };
    let function = json!({"name": name, "arguments": arguments});
    Some(json!({"id": call_id(id, provider), "type": "function", "function": function}))
}

fn tool_result(request: &ChatRequest, provider: ProviderId, result: &ToolResult) -> Value {
    let id = &result.call_id;
    let mut out = json!({"role": "tool", "tool_call_id": call_id(id, provider), "content": result.text()});
    let called = request.messages.iter().flat_map(Message::calls).find(|call| call.id == *id).map(|call| &call.name);
    if let (ProviderId::Mistral, Some(name), Some(out)) = (provider, called, out.as_object_mut()) {
        out.insert("name".into(), name.clone().into());
    }
    out
}

/// Mistral wants nine letters or digits: others become nine that are always the
/// same for the same id.
fn call_id(id: &str, provider: ProviderId) -> String {
    let fits = id.len() == MISTRAL_ID_LENGTH && id.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if provider != ProviderId::Mistral || fits {
        return id.to_owned();
    }
    // FNV-1a: spreads, needs no library, and nothing here is secret.
    let mut hash = id
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    let mut digit = || {
        let value = u32::try_from(hash % 36).unwrap_or(0);
        hash /= 36;
        char::from_digit(value, 36).unwrap_or('0')
    };
    (0..MISTRAL_ID_LENGTH).map(|_| digit()).collect()
}

fn tool(tool: &Tool, provider: ProviderId) -> Value {
    let mut function = json!({"name": tool.name});
    if let Some(function) = function.as_object_mut() {
        function.extend(tool.description.clone().map(|text| ("description".to_owned(), text.into())));
        function.extend(tool.parameters.clone().map(|schema| ("parameters".to_owned(), schema)));
        let strict = tool.strict.filter(|_| provider != ProviderId::XAi);
        function.extend(strict.map(|strict| ("strict".to_owned(), strict.into())));
    }
    json!({"type": "function", "function": function})
}

fn tool_choice(choice: &ToolChoice, provider: ProviderId) -> Value {
    match choice {
        ToolChoice::Auto => "auto".into(),
        ToolChoice::None => "none".into(),
        ToolChoice::Required if matches!(provider, ProviderId::Mistral | ProviderId::Fireworks) => "any".into(),
        ToolChoice::Required => "required".into(),
        ToolChoice::Named(name) => json!({"type": "function", "function": {"name": name}}),
    }
}

fn response_format(format: &ResponseFormat) -> Value {
    match format {
        ResponseFormat::Text => json!({"type": "text"}),
        ResponseFormat::JsonObject => json!({"type": "json_object"}),
        ResponseFormat::JsonSchema { name, description, schema, strict } => {
            let mut inner = Map::new();
            inner.insert("name".into(), name.clone().into());
            inner.extend(description.clone().map(|text| ("description".to_owned(), text.into())));
            inner.insert("schema".into(), schema.clone());
            inner.extend(strict.map(|strict| ("strict".to_owned(), strict.into())));
            json!({"type": "json_schema", "json_schema": inner})
        }
    }
}
