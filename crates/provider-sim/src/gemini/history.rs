//! The contents of a request: their parts, calls with their responses, signatures.

use serde_json::Value;

use crate::strict::{items, length, stranger, text};

use super::errors::Complaint;
use super::{is_third, signature};

/// What the contents say.
#[derive(Debug, Default)]
pub(super) struct Heard {
    pub(super) question: String,
    pub(super) images: usize,
    pub(super) tool_result: Option<String>,
    pub(super) characters: usize,
    pub(super) all_images: usize,
}

const PART: [&str; 11] = [
    "text",
    "thought",
    "thoughtSignature",
    "inlineData",
    "fileData",
    "functionCall",
    "functionResponse",
    "executableCode",
    "codeExecutionResult",
    "videoMetadata",
    "mediaResolution",
];

/// Reads them in order, with the complaint Google would have.
pub(super) fn read(model: &str, body: &Value) -> Result<Heard, Complaint> {
    let contents = items(body, "contents");
    if contents.is_empty() {
        return Err(Complaint::new("* GenerateContentRequest.contents: contents is not specified"));
    }
    let mut heard = Heard::default();
    let mut open: Vec<(Option<&str>, &str)> = Vec::new();
    for (at, content) in contents.iter().enumerate() {
        let place = format!("contents[{at}]");
        if let Some(field) = content.as_object().and_then(|content| stranger(content, &["role", "parts"])) {
            return Err(Complaint::unknown(field, &place));
        }
        let role = text(content, "role").unwrap_or("user");
        if !matches!(role, "user" | "model") {
            return Err(Complaint::new("Please use a valid role: user, model."));
        }
        let parts = items(content, "parts");
        if parts.is_empty() {
            let message = format!("* GenerateContentRequest.{place}.parts: contents.parts must not be empty.");
            return Err(Complaint::new(message));
        }
        for (number, part) in parts.iter().enumerate() {
            shape(model, part, &format!("{place}.parts[{number}]"))?;
        }
        responses(parts, &open)?;
        if role == "model" {
            open = calls(model, parts)?;
        } else {
            open.clear();
        }
        heard.take(role, parts);
    }
    if !open.is_empty() {
        let message = "Please ensure that function call turn is immediately followed by a function response turn.";
        return Err(Complaint::new(message));
    }
    Ok(heard)
}

fn shape(model: &str, part: &Value, place: &str) -> Result<(), Complaint> {
    let object = part.as_object().ok_or_else(|| Complaint::new(format!("Invalid value at '{place}'")))?;
    if let Some(field) = stranger(object, &PART) {
        return Err(Complaint::unknown(field, place));
    }
    let data =
        ["text", "inlineData", "fileData", "functionCall", "functionResponse", "executableCode", "codeExecutionResult"];
    if data.iter().filter(|name| object.contains_key(**name)).count() != 1 {
        let message = format!(
            "* GenerateContentRequest.{place}.data: required oneof field 'data' must have one initialized field"
        );
        return Err(Complaint::new(message));
    }
    for (name, known) in [
        ("functionCall", ["id", "name", "args"].as_slice()),
        ("functionResponse", ["id", "name", "response", "willContinue", "scheduling", "parts"].as_slice()),
        ("inlineData", ["mimeType", "data", "displayName"].as_slice()),
    ] {
        let Some(inner) = object.get(name).and_then(Value::as_object) else { continue };
        let place = format!("{place}.{name}");
        if let Some(field) = stranger(inner, known) {
            return Err(Complaint::unknown(field, &place));
        }
        if inner.contains_key("id") && model.starts_with("gemini-") && !is_third(model) {
            return Err(Complaint::unknown("id", &place));
        }
        let named = inner.get("name").and_then(Value::as_str).is_some_and(|name| !name.is_empty());
        if name != "inlineData" && !named {
            return Err(Complaint::new(format!("* GenerateContentRequest.{place}.name: Name cannot be empty.")));
        }
        let wants_object = if name == "functionCall" { "args" } else { "response" };
        if inner.get(wants_object).is_some_and(|value| !value.is_object()) {
            return Err(Complaint::new(format!(
                "Invalid value at '{place}.{wants_object}' (type.googleapis.com/google.protobuf.Struct)"
            )));
        }
    }
    Ok(())
}

/// The calls of a turn; the first of them wants its signature back.
fn calls<'a>(model: &str, parts: &'a [Value]) -> Result<Vec<(Option<&'a str>, &'a str)>, Complaint> {
    let mut calls = Vec::new();
    for part in parts {
        let call = part.get("functionCall");
        if is_third(model) {
            signature::check(part, call.is_some() && calls.is_empty())?;
        }
        if let Some(call) = call {
            calls.push((text(call, "id"), text(call, "name").unwrap_or_default()));
        }
    }
    Ok(calls)
}

/// As many responses as calls, by name and, where there are ids, by id.
fn responses(parts: &[Value], open: &[(Option<&str>, &str)]) -> Result<(), Complaint> {
    let responses: Vec<&Value> = parts.iter().filter_map(|part| part.get("functionResponse")).collect();
    if responses.len() != open.len() {
        let message = "Please ensure that the number of function response parts is equal to the number of function call \
                       parts of the function call turn.";
        return Err(Complaint::new(message));
    }
    for response in responses {
        let (id, name) = (text(response, "id"), text(response, "name").unwrap_or_default());
        let fits = |call: &&(Option<&str>, &str)| call.1 == name && (id.is_none() || call.0 == id);
        if open.iter().find(fits).is_none() {
            return Err(Complaint::new(format!("The function response for '{name}' has no function call.")));
        }
    }
    Ok(())
}

impl Heard {
    fn take(&mut self, role: &str, parts: &[Value]) {
        let shown = parts.iter().filter(|part| part.get("thought") != Some(&Value::Bool(true)));
        let texts: Vec<&str> = shown.filter_map(|part| text(part, "text")).collect();
        let images =
            parts.iter().filter(|part| part.get("inlineData").or_else(|| part.get("fileData")).is_some()).count();
        let results = parts.iter().filter_map(|part| part.pointer("/functionResponse/response"));
        let results: Vec<String> = results.map(Value::to_string).collect();
        self.all_images += images;
        self.characters += texts.iter().map(|text| length(text)).sum::<usize>();
        self.characters += results.iter().map(|text| length(text)).sum::<usize>();
        if role == "user" {
            if !texts.is_empty() || images > 0 {
                self.question = texts.join("\n");
                self.images = images;
            }
            self.tool_result = results.into_iter().next_back().filter(|_| texts.is_empty());
        }
    }
}
