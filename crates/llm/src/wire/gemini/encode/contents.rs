//! The conversation: turns of user and model, and what stands before them.

use domain::provider::WireName;
use serde_json::{Map, Value, json};

use super::super::generation::Generation;
use super::super::json::object_of;
use crate::neutral::{ChatRequest, File, FileSource, Message, Part, ReplayState, Role, ToolCall, ToolResult};
use crate::parameters::Unsupported;
use crate::wire::{Fitting, data_uri};

/// Stands in for a signature that was lost. Third and later models refuse a call
/// without one. Google's documentation names it; litellm sends it in base64.
const NO_SIGNATURE: &str = "skip_thought_signature_validator";

/// Addresses that Google reads itself.
const READABLE: [&str; 5] = [
    "https://generativelanguage.googleapis.com/",
    "https://www.youtube.com/",
    "https://youtube.com/",
    "https://youtu.be/",
    "gs://",
];

/// The conversation as Google wants it.
pub(super) struct Contents {
    /// Parts of the instructions.
    pub(super) system: Vec<Value>,
    /// Turns, neighbours of one role merged.
    pub(super) turns: Vec<Value>,
}

/// Whether Google reads what is at this address itself.
pub(in crate::wire::gemini) fn is_readable(url: &str) -> bool {
    READABLE.iter().any(|prefix| url.starts_with(prefix))
}

/// Writes the conversation.
pub(super) fn write(
    request: &ChatRequest,
    generation: Generation,
    fitting: &mut Fitting<'_>,
) -> Result<Contents, Unsupported> {
    let mut system = Vec::new();
    let mut turns: Vec<(&'static str, Vec<Value>)> = Vec::new();
    for message in &request.messages {
        let mut writer = Writer { request, message, generation, fitting, parts: Vec::new() };
        writer.parts()?;
        let parts = writer.parts;
        let role = match message.role {
            Role::System | Role::Developer => {
                system.extend(parts);
                continue;
            }
            Role::User | Role::Tool => "user",
            Role::Assistant => "model",
        };
        match turns.last_mut() {
            Some((last, earlier)) if *last == role => earlier.extend(parts),
            _ if parts.is_empty() => {}
            _ => turns.push((role, parts)),
        }
    }
    if turns.is_empty() {
        // A conversation needs a turn; instructions alone become one.
        let parts = if system.is_empty() { vec![json!({"text": ""})] } else { std::mem::take(&mut system) };
        turns.push(("user", parts));
    }
    let turns = turns.into_iter().map(|(role, parts)| json!({"role": role, "parts": parts})).collect();
    Ok(Contents { system, turns })
}

/// Writes the parts of one message.
struct Writer<'w, 't> {
    request: &'w ChatRequest,
    message: &'w Message,
    generation: Generation,
    fitting: &'w mut Fitting<'t>,
    parts: Vec<Value>,
}

impl Writer<'_, '_> {
    fn parts(&mut self) -> Result<(), Unsupported> {
        let mut signature = None;
        let mut has_signed = false;
        for part in &self.message.parts {
            let before = self.parts.len();
            match part {
                Part::Replay(state) => {
                    signature = mine(state).filter(|_| state.call_id.is_none()).cloned().or(signature);
                    continue;
                }
                Part::ToolCall(call) => {
                    let found = self.signature_of(&call.id).or_else(|| signature.take());
                    let is_owed = self.generation.is_third() && !has_signed;
                    let signature = found.or_else(|| is_owed.then(|| NO_SIGNATURE.into()));
                    has_signed = true;
                    self.parts.push(self.call(call, signature));
                    continue;
                }
                Part::ToolResult(result) => self.result(result)?,
                Part::Reasoning(_) | Part::CacheBreak(_) => {}
                other => {
                    let written = self.medium(other)?;
                    self.parts.extend(written);
                }
            }
            if let Some(written) = self.parts.get_mut(before).and_then(Value::as_object_mut) {
                written.extend(signature.take().map(|state| ("thoughtSignature".to_owned(), state)));
            }
        }
        if let Some(state) = signature.filter(|_| self.message.role == Role::Assistant) {
            self.parts.push(json!({"text": "", "thoughtSignature": state}));
        }
        Ok(())
    }

    /// The signature that came with a call, wherever it was put.
    fn signature_of(&self, call_id: &str) -> Option<Value> {
        let mut states = self.message.parts.iter().filter_map(|part| match part {
            Part::Replay(state) if state.call_id.as_deref() == Some(call_id) => mine(state),
            _ => None,
        });
        states.next_back().cloned()
    }

    fn call(&self, call: &ToolCall, signature: Option<Value>) -> Value {
        let mut out = Map::new();
        if self.generation.is_third() && !call.id.is_empty() {
            out.insert("id".into(), call.id.clone().into());
        }
        out.insert("name".into(), call.name.clone().into());
        out.insert("args".into(), serde_json::from_str(&object_of(&call.arguments)).unwrap_or_default());
        let mut part = Map::new();
        part.insert("functionCall".into(), out.into());
        part.extend(signature.map(|state| ("thoughtSignature".to_owned(), state)));
        part.into()
    }

    /// A function's answer. Its pictures stand inside it where that is known,
    /// else after it.
    fn result(&mut self, result: &ToolResult) -> Result<(), Unsupported> {
        let mut media = Vec::new();
        for part in result.parts.iter().filter(|part| !matches!(part, Part::Text(_))) {
            media.extend(self.medium(part)?);
        }
        let mut out = Map::new();
        if self.generation.is_third() && !result.call_id.is_empty() {
            out.insert("id".into(), result.call_id.clone().into());
        }
        out.insert("name".into(), self.name_of(result).into());
        out.insert("response".into(), response(result));
        if self.generation.is_third() && !media.is_empty() {
            out.insert("parts".into(), std::mem::take(&mut media).into());
        }
        self.parts.push(json!({"functionResponse": out}));
        self.parts.extend(media);
        Ok(())
    }

    /// Google wants the function's name, which other formats leave to the id.
    fn name_of(&self, result: &ToolResult) -> String {
        let mut calls = self.request.messages.iter().flat_map(Message::calls);
        let called = calls.find(|call| call.id == result.call_id).map(|call| call.name.clone());
        called.or_else(|| result.name.clone()).unwrap_or_else(|| result.call_id.clone())
    }

    fn medium(&mut self, part: &Part) -> Result<Option<Value>, Unsupported> {
        Ok(match part {
            Part::Text(text) => (!text.is_empty()).then(|| json!({"text": text})),
            Part::Image { url, detail } => {
                if detail.as_deref().is_some_and(|detail| detail != "auto") {
                    self.fitting.drop("image_url.detail");
                }
                Some(self.at(url, "image/jpeg")?)
            }
            Part::Audio { data, format } => Some(inline(&format!("audio/{format}"), data)),
            Part::File(File { source: FileSource::Text(text), .. }) => Some(json!({"text": text})),
            Part::File(File { source: FileSource::Data(data), media_type, .. }) => {
                Some(inline(media_type.as_deref().unwrap_or("application/pdf"), data))
            }
            Part::File(File { source: FileSource::Url(url), media_type, .. }) => {
                Some(self.at(url, media_type.as_deref().unwrap_or("application/pdf"))?)
            }
            Part::File(File { source: FileSource::Id(id), .. }) => Some(self.at(id, "")?),
            Part::ToolCall(_) | Part::ToolResult(_) | Part::Reasoning(_) | Part::Replay(_) | Part::CacheBreak(_) => {
                None
            }
        })
    }

    /// What stands behind an address: only what is inside it, or what Google
    /// has itself.
    fn at(&self, url: &str, media_type: &str) -> Result<Value, Unsupported> {
        if let Some((named, data)) = data_uri::parts(url) {
            return Ok(inline(if named.is_empty() { media_type } else { named }, data));
        }
        if is_readable(url) {
            let mut file = Map::new();
            file.insert("fileUri".into(), url.into());
            return Ok(json!({"fileData": file}));
        }
        Err(self.fitting.impossible("messages"))
    }
}

fn mine(state: &ReplayState) -> Option<&Value> {
    (state.wire == WireName::Gemini).then_some(&state.state)
}

fn inline(media_type: &str, data: &str) -> Value {
    json!({"inlineData": {"mimeType": media_type, "data": data}})
}

/// The answer as the object that Google demands: an object as it is, all else
/// inside one.
fn response(result: &ToolResult) -> Value {
    let text = result.text();
    let parsed = serde_json::from_str::<Value>(&text).ok().filter(Value::is_object);
    match (parsed, result.is_error) {
        (Some(object), false) => object,
        (Some(object), true) => json!({"error": object}),
        (None, false) => json!({"output": text}),
        (None, true) => json!({"error": text}),
    }
}
