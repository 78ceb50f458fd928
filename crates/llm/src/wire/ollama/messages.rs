//! The conversation in Ollama's words: content is always text, pictures stand
//! beside it, results name the function they come from.

use serde_json::{Map, Value, json};

use crate::neutral::{ChatRequest, File, FileSource, Message, Part, Role, ToolCall, ToolResult};
use crate::parameters::Unsupported;
use crate::wire::{Fitting, data_uri};

/// All messages.
///
/// # Errors
/// [`Unsupported`], for pictures behind an address, sounds and documents, which
/// Ollama does not read.
pub(super) fn messages(request: &ChatRequest, fitting: &mut Fitting<'_>) -> Result<Value, Unsupported> {
    let mut out = Vec::new();
    for message in &request.messages {
        for part in &message.parts {
            if let Part::ToolResult(result) = part {
                out.push(tool_result(request, result, fitting)?);
            }
        }
        // Other wires have results in a turn of the person.
        let is_more = message.parts.is_empty() || message.parts.iter().any(|part| !matches!(part, Part::ToolResult(_)));
        if message.role != Role::Tool && is_more {
            out.push(spoken(message, fitting)?);
        }
    }
    Ok(out.into())
}

fn spoken(message: &Message, fitting: &mut Fitting<'_>) -> Result<Value, Unsupported> {
    let role = match message.role {
        Role::Developer => Role::System,
        role => role,
    };
    let said = content(&message.parts, fitting)?;
    let mut out = Map::new();
    out.insert("role".into(), role.as_str().into());
    said.into_members(&mut out);
    let thoughts: Vec<&str> = message.parts.iter().filter_map(thought).collect();
    if role == Role::Assistant && !thoughts.is_empty() {
        out.insert("thinking".into(), thoughts.concat().into());
    }
    let calls: Vec<Value> = message.calls().map(call).collect();
    if !calls.is_empty() {
        out.insert("tool_calls".into(), calls.into());
    }
    Ok(out.into())
}

fn thought(part: &Part) -> Option<&str> {
    if let Part::Reasoning(text) = part { Some(text) } else { None }
}

/// Words, and the pictures beside them.
#[derive(Default)]
struct Content {
    text: String,
    images: Vec<Value>,
}

impl Content {
    fn into_members(self, out: &mut Map<String, Value>) {
        out.insert("content".into(), self.text.into());
        if !self.images.is_empty() {
            out.insert("images".into(), self.images.into());
        }
    }
}

fn content(parts: &[Part], fitting: &mut Fitting<'_>) -> Result<Content, Unsupported> {
    let mut out = Content::default();
    for part in parts {
        match part {
            Part::Text(text) | Part::File(File { source: FileSource::Text(text), .. }) => out.text.push_str(text),
            Part::Image { url, detail } => {
                match data_uri::parts(url) {
                    Some((_, data)) => out.images.push(data.into()),
                    None => fitting.refuse("image_url")?,
                }
                if detail.is_some() {
                    fitting.drop("image_url.detail");
                }
            }
            Part::File(_) => fitting.refuse("file")?,
            Part::Audio { .. } => fitting.refuse("input_audio")?,
            Part::ToolCall(_) | Part::ToolResult(_) | Part::Reasoning(_) | Part::Replay(_) | Part::CacheBreak(_) => {}
        }
    }
    Ok(out)
}

fn call(call: &ToolCall) -> Value {
    json!({"function": {"name": call.name, "arguments": object(&call.arguments)}})
}

/// Arguments must be an object here; text that is none is kept inside one.
fn object(arguments: &str) -> Value {
    match serde_json::from_str(arguments) {
        Ok(Value::Object(object)) => object.into(),
        _ if arguments.trim().is_empty() => json!({}),
        _ => json!({"arguments": arguments}),
    }
}

fn tool_result(request: &ChatRequest, result: &ToolResult, fitting: &mut Fitting<'_>) -> Result<Value, Unsupported> {
    let mut out = Map::new();
    out.insert("role".into(), Role::Tool.as_str().into());
    let called = request.messages.iter().flat_map(Message::calls).find(|call| call.id == result.call_id);
    if let Some(name) = called.map(|call| call.name.clone()).or_else(|| result.name.clone()) {
        out.insert("tool_name".into(), name.into());
    }
    content(&result.parts, fitting)?.into_members(&mut out);
    Ok(out.into())
}
