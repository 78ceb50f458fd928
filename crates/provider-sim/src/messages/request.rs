//! A messages request, checked as Anthropic checks it.

use http::HeaderMap;
use serde_json::{Map, Value};

use crate::conversation::{Conversation, Format};
use crate::models;
use crate::play::Outgoing;
use crate::refusal::Refusal;
use crate::strict::{items, length, stranger, text};

use super::{Received, errors, history, tools};

const FIELDS: [&str; 20] = [
    "model",
    "messages",
    "max_tokens",
    "system",
    "metadata",
    "stop_sequences",
    "stream",
    "temperature",
    "top_p",
    "top_k",
    "tools",
    "tool_choice",
    "thinking",
    "output_config",
    "service_tier",
    "container",
    "context_management",
    "mcp_servers",
    "cache_control",
    "inference_geo",
];

/// A request that may be answered.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) conversation: Conversation,
    /// Whether thinking blocks have their text.
    pub(crate) shows_thought: bool,
}

/// Reads a body; `for_answer`: it must be complete enough to generate from.
pub(crate) fn read(call: &Received<'_>, for_answer: bool) -> Result<Asked, Box<Outgoing>> {
    version(call.headers)?;
    let body: Value = serde_json::from_slice(call.body).map_err(|_| Box::new(errors::refuse(&Refusal::BrokenJson)))?;
    let Some(object) = body.as_object() else {
        return Err(Box::new(errors::invalid("Input should be a valid dictionary")));
    };
    call.watch.describe(text(&body, "model").map(str::to_owned), body.get("stream") == Some(&Value::Bool(true)));
    check(object, &body, for_answer).map_err(|sentence| Box::new(errors::invalid(&sentence)))?;
    conversation(&body).map_err(|sentence| Box::new(errors::invalid(&sentence)))
}

fn version(headers: &HeaderMap) -> Result<(), Box<Outgoing>> {
    match headers.get("anthropic-version").and_then(|value| value.to_str().ok()) {
        Some("2023-06-01" | "2026-10-21") => Ok(()),
        Some(other) => Err(Box::new(errors::invalid(&format!("anthropic-version: {other} is not a valid version")))),
        None => Err(Box::new(errors::invalid("anthropic-version: header is required"))),
    }
}

fn check(object: &Map<String, Value>, body: &Value, for_answer: bool) -> Result<(), String> {
    if let Some(field) = stranger(object, &FIELDS) {
        return Err(format!("{field}: Extra inputs are not permitted"));
    }
    let model = text(body, "model").filter(|model| !model.is_empty()).ok_or("model: Field required")?;
    let max = body.get("max_tokens");
    if for_answer && max.is_none() {
        return Err("max_tokens: Field required".to_owned());
    }
    if max.is_some_and(|max| max.as_u64().is_none_or(|max| max == 0)) {
        return Err("max_tokens: Input should be greater than or equal to 1".to_owned());
    }
    let most = models::known(model).map_or(u64::MAX, |model| model.most);
    if let Some(max) = max.and_then(Value::as_u64).filter(|max| *max > most) {
        return Err(format!(
            "max_tokens: {max} > {most}, which is the maximum allowed number of output tokens for {model}"
        ));
    }
    for sampling in ["temperature", "top_p", "top_k"] {
        let sent = object.get(sampling).is_some_and(|value| value.as_f64() != Some(1.0));
        if sent && models::refuses(model, "sampling") {
            return Err(format!("{sampling} is not supported on this model"));
        }
    }
    if object.get("temperature").and_then(Value::as_f64).is_some_and(|warm| !(0.0..=1.0).contains(&warm)) {
        return Err("temperature: range: 0..1".to_owned());
    }
    if object.contains_key("temperature") && object.contains_key("top_p") {
        return Err("`temperature` and `top_p` cannot both be specified for this model.".to_owned());
    }
    if items(body, "stop_sequences").iter().any(|stop| stop.as_str().is_none_or(|stop| stop.trim().is_empty())) {
        return Err("stop_sequences: each stop sequence must contain non-whitespace".to_owned());
    }
    thinking(model, body, max.and_then(Value::as_u64))?;
    output(body)
}

fn thinking(model: &str, body: &Value, max: Option<u64>) -> Result<(), String> {
    let Some(thinking) = body.get("thinking") else { return Ok(()) };
    let kind = text(thinking, "type").ok_or("thinking.type: Field required")?;
    let refused = match kind {
        "enabled" => models::refuses(model, "budget"),
        "adaptive" => models::refuses(model, "adaptive"),
        "disabled" => models::refuses(model, "disabled"),
        "between_tools" => false,
        _ => return Err(format!("thinking.type: Input tag '{kind}' does not match any of the expected tags")),
    };
    if refused {
        return Err(format!("thinking.type.{kind}: not supported on this model"));
    }
    if kind != "enabled" {
        return Ok(());
    }
    let budget = thinking.get("budget_tokens").and_then(Value::as_u64).unwrap_or(0);
    if budget < 1024 {
        return Err("thinking.enabled.budget_tokens: Input should be greater than or equal to 1024".to_owned());
    }
    if max.is_some_and(|max| budget >= max) {
        return Err("`max_tokens` must be greater than `thinking.budget_tokens`".to_owned());
    }
    let warm = body.get("temperature").and_then(Value::as_f64);
    if warm.is_some_and(|warm| (warm - 1.0).abs() > f64::EPSILON) {
        return Err("`temperature` may only be set to 1 when thinking is enabled.".to_owned());
    }
    Ok(())
}

fn output(body: &Value) -> Result<(), String> {
    let Some(config) = body.get("output_config").and_then(Value::as_object) else { return Ok(()) };
    if let Some(field) = stranger(config, &["effort", "format", "task_budget"]) {
        return Err(format!("output_config.{field}: Extra inputs are not permitted"));
    }
    let effort = config.get("effort").and_then(Value::as_str);
    if effort.is_some_and(|effort| !["low", "medium", "high", "xhigh", "max"].contains(&effort)) {
        return Err("output_config.effort: Input should be 'low', 'medium', 'high', 'xhigh' or 'max'".to_owned());
    }
    match config.get("format").and_then(|format| format.get("schema")) {
        Some(schema) => tools::strict_schema(schema, "output_config.format.schema"),
        None => Ok(()),
    }
}

fn conversation(body: &Value) -> Result<Asked, String> {
    let tools = tools::read(body)?;
    let heard = history::read(body, !tools.tools.is_empty())?;
    let system = match body.get("system") {
        Some(Value::String(text)) => length(text),
        Some(Value::Array(blocks)) => blocks.iter().filter_map(|block| text(block, "text")).map(length).sum(),
        _ => 0,
    };
    let kind = body.pointer("/thinking/type").and_then(Value::as_str);
    let summarized = body.pointer("/thinking/display").and_then(Value::as_str) == Some("summarized");
    let schema = body.pointer("/output_config/format/schema").cloned();
    let conversation = Conversation {
        model: text(body, "model").unwrap_or_default().to_owned(),
        question: heard.question,
        images: heard.images,
        tool_result: heard.tool_result,
        characters: heard.characters + system,
        all_images: heard.all_images,
        max: body.get("max_tokens").and_then(Value::as_u64),
        stops: items(body, "stop_sequences").iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        tools: tools.tools,
        choice: tools.choice,
        format: schema.map_or(Format::Text, Format::Schema),
        choices: 1,
        streams: body.get("stream") == Some(&Value::Bool(true)),
        thinks: matches!(kind, Some("enabled" | "adaptive" | "between_tools")),
    };
    Ok(Asked { conversation, shows_thought: kind != Some("adaptive") || summarized })
}
