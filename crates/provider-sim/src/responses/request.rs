//! A responses request, checked as OpenAI checks it.

use bytes::Bytes;
use serde_json::{Map, Value};

use crate::conversation::{Choice, Conversation, Format, Tool};
use crate::log::Watch;
use crate::openai_chat::request::unread;
use crate::play::Outgoing;
use crate::refusal::Refusal;
use crate::strict::{items, length, stranger, text};
use crate::wire::Dialect;

use super::{Complaint, input};

const FIELDS: [&str; 29] = [
    "model",
    "input",
    "instructions",
    "max_output_tokens",
    "max_tool_calls",
    "metadata",
    "parallel_tool_calls",
    "previous_response_id",
    "prompt",
    "prompt_cache_key",
    "prompt_cache_options",
    "prompt_cache_retention",
    "reasoning",
    "safety_identifier",
    "service_tier",
    "store",
    "stream",
    "stream_options",
    "temperature",
    "text",
    "tool_choice",
    "tools",
    "top_logprobs",
    "top_p",
    "truncation",
    "user",
    "include",
    "background",
    "client_metadata",
];

/// A request that may be answered.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) conversation: Conversation,
    pub(super) echo: Echo,
    /// The input as it came.
    pub(super) input: Value,
}

/// What the answer repeats of the request, as JSON text.
#[derive(Debug)]
pub(super) struct Echo {
    pub(super) instructions: String,
    pub(super) max_output_tokens: String,
    pub(super) parallel_tool_calls: bool,
    pub(super) previous: String,
    pub(super) reasoning: String,
    pub(super) store: bool,
    pub(super) temperature: String,
    pub(super) top_p: String,
    pub(super) text: String,
    pub(super) tool_choice: String,
    pub(super) tools: String,
    /// Whether the reasoning item carries its encrypted content.
    pub(super) encrypted: bool,
    /// Whether the reasoning is summarised.
    pub(super) summary: bool,
    /// Whether deltas are padded.
    pub(super) obfuscation: bool,
}

pub(super) fn read(
    dialect: Dialect,
    body: &Bytes,
    watch: &Watch,
    is_there: impl Fn(&str) -> bool,
) -> Result<Asked, Box<Outgoing>> {
    let body: Value =
        serde_json::from_slice(body).map_err(|error| Box::new(dialect.refuse(&unread(&error, &error.to_string()))))?;
    let Some(object) = body.as_object() else { return Err(Box::new(dialect.refuse(&Refusal::BrokenJson))) };
    watch.describe(text(&body, "model").map(str::to_owned), flag(&body, "stream").unwrap_or(false));
    let model = text(&body, "model").filter(|model| !model.is_empty());
    let model = model.ok_or_else(|| Box::new(dialect.refuse(&Refusal::Missing("model"))))?;
    check(object, &body, is_there).map_err(|complaint| Box::new(complaint.outgoing()))?;
    let asked = conversation(model, &body).map_err(|complaint| Box::new(complaint.outgoing()))?;
    let input = body.get("input").cloned().unwrap_or_default();
    Ok(Asked { conversation: asked, echo: echo(&body), input })
}

fn check(object: &Map<String, Value>, body: &Value, is_there: impl Fn(&str) -> bool) -> Result<(), Complaint> {
    if let Some(field) = stranger(object, &FIELDS) {
        return Err(Complaint::coded(field, format!("Unknown parameter: '{field}'."), "unknown_parameter"));
    }
    if let Some(id) = text(body, "previous_response_id").filter(|id| !is_there(id)) {
        let message = format!("Previous response with id '{id}' not found.");
        return Err(Complaint::coded("previous_response_id", message, "previous_response_not_found"));
    }
    let max = body.get("max_output_tokens").filter(|max| !max.is_null());
    if max.is_some_and(|max| max.as_u64().is_none_or(|max| max < 16)) {
        let message = "Invalid 'max_output_tokens': integer below minimum value. Expected a value >= 16.";
        return Err(Complaint::coded("max_output_tokens", message, "integer_below_min_value"));
    }
    Ok(())
}

fn conversation(model: &str, body: &Value) -> Result<Conversation, Complaint> {
    let heard = input::read(body)?;
    let tools: Vec<Tool> =
        items(body, "tools").iter().enumerate().filter_map(|(at, tool)| tool_of(at, tool)).collect::<Result<_, _>>()?;
    let choice = choice(body, &tools)?;
    let effort = body.pointer("/reasoning/effort").and_then(Value::as_str);
    Ok(Conversation {
        model: model.to_owned(),
        question: heard.question,
        images: heard.images,
        tool_result: heard.tool_result,
        characters: heard.characters + text(body, "instructions").map_or(0, length),
        all_images: heard.all_images,
        max: body.get("max_output_tokens").and_then(Value::as_u64),
        stops: Vec::new(),
        tools,
        choice,
        format: format(body)?,
        choices: 1,
        streams: flag(body, "stream").unwrap_or(false),
        thinks: effort.is_some_and(|effort| effort != "none"),
    })
}

/// A function; other kinds of tools are taken and never called.
fn tool_of(at: usize, tool: &Value) -> Option<Result<Tool, Complaint>> {
    if text(tool, "type") != Some("function") {
        let missing = tool.get("type").is_none();
        return missing.then(|| Err(missing_parameter(&format!("tools[{at}].type"))));
    }
    let Some(name) = text(tool, "name") else {
        return Some(Err(missing_parameter(&format!("tools[{at}].name"))));
    };
    let parameters = tool.get("parameters").filter(|parameters| !parameters.is_null());
    let strict = tool.get("strict").is_none_or(|strict| strict != &Value::Bool(false) && !strict.is_null());
    let closed = parameters.is_none_or(|schema| schema.get("additionalProperties") == Some(&Value::Bool(false)));
    if strict && !closed {
        let message = format!(
            "Invalid schema for function '{name}': In context=(), 'additionalProperties' is required to be supplied and \
             to be false."
        );
        let param = format!("tools[{at}].parameters");
        return Some(Err(Complaint::coded(&param, message, "invalid_function_parameters")));
    }
    Some(Ok(Tool { name: name.to_owned(), parameters: parameters.cloned() }))
}

fn missing_parameter(param: &str) -> Complaint {
    Complaint::coded(param, format!("Missing required parameter: '{param}'."), "missing_required_parameter")
}

fn choice(body: &Value, tools: &[Tool]) -> Result<Choice, Complaint> {
    let wrong = || Complaint::coded("tool_choice", "Invalid value for 'tool_choice'.", "invalid_value");
    match body.get("tool_choice") {
        None | Some(Value::Null) => Ok(Choice::Auto),
        Some(Value::String(word)) => match word.as_str() {
            "auto" => Ok(Choice::Auto),
            "none" => Ok(Choice::Never),
            "required" => Ok(Choice::Required),
            _ => Err(wrong()),
        },
        Some(choice) => match (text(choice, "type"), text(choice, "name")) {
            (Some("function"), Some(name)) if tools.iter().any(|tool| tool.name == name) => {
                Ok(Choice::Named(name.to_owned()))
            }
            (Some("function"), _) => {
                Err(Complaint::new("tool_choice", "Tool choice 'function' not found in 'tools' parameter."))
            }
            (Some(_), _) => Ok(Choice::Auto),
            _ => Err(wrong()),
        },
    }
}

fn format(body: &Value) -> Result<Format, Complaint> {
    let Some(format) = body.pointer("/text/format") else { return Ok(Format::Text) };
    match text(format, "type") {
        Some("text") => Ok(Format::Text),
        Some("json_object") => Ok(Format::Json),
        Some("json_schema") if text(format, "name").is_none() => Err(missing_parameter("text.format.name")),
        Some("json_schema") => {
            format.get("schema").cloned().map(Format::Schema).ok_or_else(|| missing_parameter("text.format.schema"))
        }
        _ => Err(Complaint::coded("text.format.type", "Invalid value for 'text.format.type'.", "invalid_value")),
    }
}

fn flag(body: &Value, name: &str) -> Option<bool> {
    body.get(name).and_then(Value::as_bool)
}

fn echo(body: &Value) -> Echo {
    let member = |name: &str, default: &str| match body.get(name) {
        None | Some(Value::Null) => default.to_owned(),
        Some(value) => value.to_string(),
    };
    let reasoning = body.get("reasoning").unwrap_or(&Value::Null);
    let part = |name: &str| reasoning.get(name).map_or_else(|| "null".to_owned(), Value::to_string);
    let format = body.pointer("/text/format").map_or_else(|| r#"{"type":"text"}"#.to_owned(), Value::to_string);
    let include = items(body, "include").iter().filter_map(Value::as_str);
    Echo {
        instructions: member("instructions", "null"),
        max_output_tokens: member("max_output_tokens", "null"),
        parallel_tool_calls: flag(body, "parallel_tool_calls").unwrap_or(true),
        previous: member("previous_response_id", "null"),
        reasoning: format!(r#"{{"effort":{},"summary":{}}}"#, part("effort"), part("summary")),
        store: flag(body, "store").unwrap_or(true),
        temperature: member("temperature", "1.0"),
        top_p: member("top_p", "1.0"),
        text: format!(r#"{{"format":{format},"verbosity":"medium"}}"#),
        tool_choice: member("tool_choice", r#""auto""#),
        tools: member("tools", "[]"),
        encrypted: include.into_iter().any(|include| include == "reasoning.encrypted_content"),
        summary: text(reasoning, "summary").is_some(),
        obfuscation: body.pointer("/stream_options/include_obfuscation") != Some(&Value::Bool(false)),
    }
}
