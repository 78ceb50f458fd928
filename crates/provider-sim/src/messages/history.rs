//! The messages of a request: their blocks, calls with their results, thinking with its signature.

use serde_json::{Map, Value};

use crate::models;
use crate::strict::{items, length, stranger, text};

use super::thinking;

/// What the messages say.
#[derive(Debug, Default)]
pub(super) struct Heard {
    pub(super) question: String,
    pub(super) images: usize,
    pub(super) tool_result: Option<String>,
    pub(super) characters: usize,
    pub(super) all_images: usize,
}

/// Reads them in order, with the complaint Anthropic would have.
pub(super) fn read(body: &Value, has_tools: bool) -> Result<Heard, String> {
    let messages = items(body, "messages");
    if messages.is_empty() {
        return Err("messages: at least one message is required".to_owned());
    }
    // The newest models take instructions between the turns as well.
    let takes_system = !models::refuses(text(body, "model").unwrap_or_default(), "system");
    if text(&messages[0], "role") != Some("user") {
        return Err("messages: first message must use the \"user\" role".to_owned());
    }
    let mut heard = Heard::default();
    let mut open: Vec<String> = Vec::new();
    for (at, message) in messages.iter().enumerate() {
        let role = text(message, "role").unwrap_or_default();
        let is_known = matches!(role, "user" | "assistant") || (takes_system && role == "system");
        if !is_known {
            return Err(format!("messages: Unexpected role \"{role}\". Allowed roles are \"user\" or \"assistant\"."));
        }
        if let Some(field) = message.as_object().and_then(|message| stranger(message, &["role", "content"])) {
            return Err(format!("messages.{at}.{field}: Extra inputs are not permitted"));
        }
        let blocks = blocks(at, message)?;
        answered(at, &blocks, &mut open)?;
        heard.take(at, role, &blocks, has_tools)?;
        if role == "assistant" {
            open = blocks.iter().filter(|block| is(block, "tool_use")).filter_map(|b| owned(b, "id")).collect();
            last_is_well_formed(at, at + 1 == messages.len(), &blocks)?;
        }
    }
    if let Some(id) = open.first() {
        return Err(unanswered(messages.len() - 1, id));
    }
    thought_first(body, messages)?;
    Ok(heard)
}

/// The blocks of a message; a text is one block.
fn blocks(at: usize, message: &Value) -> Result<Vec<Value>, String> {
    let blocks = match message.get("content") {
        Some(Value::String(text)) => vec![serde_json::json!({"type": "text", "text": text})],
        Some(Value::Array(blocks)) => blocks.clone(),
        _ => return Err(format!("messages.{at}.content: Field required")),
    };
    if blocks.is_empty() {
        return Err(format!("messages.{at}: all messages must have non-empty content"));
    }
    Ok(blocks)
}

/// Every call of the message before must be answered first.
fn answered(at: usize, blocks: &[Value], open: &mut Vec<String>) -> Result<(), String> {
    let results: Vec<&str> =
        blocks.iter().filter(|block| is(block, "tool_result")).filter_map(|block| text(block, "tool_use_id")).collect();
    if let Some(id) = open.iter().find(|id| !results.contains(&id.as_str())) {
        return Err(unanswered(at.saturating_sub(1), id));
    }
    if let Some(id) = results.iter().find(|id| !open.iter().any(|open| open == *id)) {
        return Err(format!(
            "messages.{at}.content.0: unexpected `tool_use_id` found in `tool_result` blocks: {id}. Each `tool_result` \
             block must have a corresponding `tool_use` block in the previous message."
        ));
    }
    let first_other = blocks.iter().position(|block| !is(block, "tool_result")).unwrap_or(blocks.len());
    if blocks.iter().skip(first_other).any(|block| is(block, "tool_result")) {
        return Err(format!("messages.{at}: `tool_result` blocks must come before other content"));
    }
    open.clear();
    Ok(())
}

fn unanswered(at: usize, id: &str) -> String {
    format!(
        "messages.{at}: `tool_use` ids were found without `tool_result` blocks immediately after: {id}. Each `tool_use` \
         block must have a corresponding `tool_result` block in the next message."
    )
}

impl Heard {
    fn take(&mut self, at: usize, role: &str, blocks: &[Value], has_tools: bool) -> Result<(), String> {
        let mut texts = Vec::new();
        let (mut images, mut result) = (0, None);
        for (place, block) in blocks.iter().enumerate() {
            let path = format!("messages.{at}.content.{place}");
            let object = block.as_object().ok_or_else(|| format!("{path}: Input should be a valid dictionary"))?;
            match text(block, "type").unwrap_or_default() {
                "text" => texts.push(plain_text(&path, object, block)?.to_owned()),
                "image" => {
                    source(&path, block)?;
                    images += 1;
                }
                "document" => {
                    self.characters += text(&block["source"], "data").map_or(0, |data| length(data).min(4000));
                }
                "tool_use" if role == "assistant" => called(&path, object, has_tools)?,
                "tool_result" if role == "user" => {
                    let told = result_text(block);
                    self.characters += length(&told);
                    result = Some(told);
                }
                "thinking" if role == "assistant" => signed(&path, object, block)?,
                "redacted_thinking" if role == "assistant" => {}
                kind => return Err(format!("{path}: Input tag '{kind}' found using 'type' does not match")),
            }
        }
        self.characters += texts.iter().map(|text| length(text)).sum::<usize>();
        self.all_images += images;
        if role == "user" {
            if !texts.is_empty() || images > 0 {
                self.question = texts.join("\n");
                self.images = images;
            }
            self.tool_result = result.filter(|_| texts.is_empty());
        }
        Ok(())
    }
}

fn plain_text<'a>(path: &str, object: &Map<String, Value>, block: &'a Value) -> Result<&'a str, String> {
    if let Some(field) = stranger(object, &["type", "text", "cache_control", "citations"]) {
        return Err(format!("{path}.text.{field}: Extra inputs are not permitted"));
    }
    match text(block, "text") {
        Some("") => Err(format!("{path}: text content blocks must be non-empty")),
        Some(text) => Ok(text),
        None => Err(format!("{path}.text.text: Field required")),
    }
}

fn source(path: &str, block: &Value) -> Result<(), String> {
    let source = &block["source"];
    let fits = match text(source, "type") {
        Some("base64") => text(source, "media_type").is_some() && text(source, "data").is_some_and(|d| !d.is_empty()),
        Some("url") => text(source, "url").is_some(),
        Some("file") => text(source, "file_id").is_some(),
        _ => false,
    };
    if fits { Ok(()) } else { Err(format!("{path}.image.source: Field required")) }
}

fn called(path: &str, object: &Map<String, Value>, has_tools: bool) -> Result<(), String> {
    if !has_tools {
        return Err("Requests which include `tool_use` or `tool_result` blocks must define tools".to_owned());
    }
    if let Some(field) = stranger(object, &["type", "id", "name", "input", "cache_control"]) {
        return Err(format!("{path}.tool_use.{field}: Extra inputs are not permitted"));
    }
    let id = object.get("id").and_then(Value::as_str).unwrap_or_default();
    let letter = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    if id.is_empty() || !id.bytes().all(letter) {
        return Err(format!("{path}.tool_use.id: String should match pattern '^[a-zA-Z0-9_-]+$'"));
    }
    if !object.get("input").is_some_and(Value::is_object) {
        return Err(format!("{path}.tool_use.input: Input should be a valid dictionary"));
    }
    Ok(())
}

fn signed(path: &str, object: &Map<String, Value>, block: &Value) -> Result<(), String> {
    if let Some(field) = stranger(object, &["type", "thinking", "signature"]) {
        return Err(format!("{path}.thinking.{field}: Extra inputs are not permitted"));
    }
    let thought = text(block, "thinking").unwrap_or_default();
    let Some(signature) = text(block, "signature") else {
        return Err(format!("{path}.thinking.signature: Field required"));
    };
    if thinking::is_ours(thought, signature) {
        return Ok(());
    }
    Err(format!("{path}: Invalid `signature` in `thinking` block"))
}

fn result_text(block: &Value) -> String {
    match block.get("content") {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(parts)) => parts.iter().filter_map(|part| text(part, "text")).collect::<Vec<_>>().join("\n"),
        _ => String::new(),
    }
}

/// The end of an assistant message: no blank at the very end of the request.
fn last_is_well_formed(at: usize, is_last: bool, blocks: &[Value]) -> Result<(), String> {
    let text = blocks.last().and_then(|block| text(block, "text")).unwrap_or_default();
    if is_last && text != text.trim_end() {
        return Err(format!("messages.{at}: final assistant content cannot end with trailing whitespace"));
    }
    Ok(())
}

/// With a thinking budget the turn that called the tools must begin with its thinking.
fn thought_first(body: &Value, messages: &[Value]) -> Result<(), String> {
    let budget = body.pointer("/thinking/type").and_then(Value::as_str) == Some("enabled");
    let Some((at, last)) = messages.iter().enumerate().rev().find(|(_, m)| text(m, "role") == Some("assistant")) else {
        return Ok(());
    };
    let blocks = items(last, "content");
    let called = blocks.iter().any(|block| is(block, "tool_use"));
    let thought = blocks.first().is_some_and(|block| is(block, "thinking") || is(block, "redacted_thinking"));
    if budget && called && !thought {
        return Err(format!(
            "messages.{at}.content.0.type: Expected `thinking` or `redacted_thinking`, but found `tool_use`. When \
             `thinking` is enabled, a final `assistant` message must start with a thinking block."
        ));
    }
    Ok(())
}

fn is(block: &Value, kind: &str) -> bool {
    text(block, "type") == Some(kind)
}

fn owned(block: &Value, name: &str) -> Option<String> {
    text(block, name).map(str::to_owned)
}
