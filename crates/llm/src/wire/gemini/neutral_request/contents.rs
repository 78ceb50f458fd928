//! Turns and their parts. Calls may come without ids: they are paired with
//! their results by name and order.

use domain::provider::WireName;
use serde_json::Value;

use super::super::names::field;
use super::{extra, list, refusal, text};
use crate::neutral::{ChatRequest, File, FileSource, Message, Part, ReplayState, Role, ToolCall, ToolResult};
use crate::wire::RequestError;

/// Reads the conversation.
pub(super) fn read(value: &Value, out: &mut ChatRequest) -> Result<(), RequestError> {
    let mut pairing = Pairing::default();
    for turn in list(value) {
        let role = match field(turn, "role").and_then(Value::as_str) {
            None | Some("user" | "") => Role::User,
            Some("model") => Role::Assistant,
            Some("function" | "tool") => Role::Tool,
            Some("system") => Role::System,
            Some(other) => {
                let shown: String = other.chars().take(64).collect();
                return Err(refusal("contents", format!("`contents` has a turn of `{shown}`. Send user or model.")));
            }
        };
        let mut parts = Vec::new();
        for part in field(turn, "parts").map(list).unwrap_or_default() {
            read_part(part, &mut pairing, &mut parts, out)?;
        }
        out.messages.push(Message { role, parts });
    }
    Ok(())
}

/// Reads the instructions: a turn, or plain text.
pub(super) fn system(value: &Value) -> Result<Option<Message>, RequestError> {
    let mut parts: Vec<Part> = text(Some(value)).map(Part::Text).into_iter().collect();
    for part in field(value, "parts").map(list).unwrap_or_default() {
        let words = text(field(part, "text")).or_else(|| text(Some(part)));
        let words = words.ok_or_else(|| {
            refusal("systemInstruction", "`systemInstruction` has a part that is no text. Send text.".to_owned())
        })?;
        parts.push(Part::Text(words));
    }
    Ok((!parts.is_empty()).then_some(Message { role: Role::System, parts }))
}

fn read_part(
    part: &Value,
    pairing: &mut Pairing,
    parts: &mut Vec<Part>,
    out: &mut ChatRequest,
) -> Result<(), RequestError> {
    let signature = field(part, "thoughtSignature").cloned();
    let replay =
        |call_id: Option<String>, state: Value| Part::Replay(ReplayState { wire: WireName::Gemini, call_id, state });
    for name in ["videoMetadata", "mediaResolution"] {
        out.extras.extend(field(part, name).map(|value| extra(format!("contents.parts.{name}"), value)));
    }
    if let Some(call) = field(part, "functionCall") {
        let call = pairing.call(call)?;
        parts.extend(signature.map(|state| replay(Some(call.id.clone()), state)));
        parts.push(Part::ToolCall(call));
        return Ok(());
    }
    parts.extend(signature.map(|state| replay(None, state)));
    if let Some(result) = field(part, "functionResponse") {
        parts.push(Part::ToolResult(pairing.result(result)?));
    } else if let Some(words) = text(field(part, "text")) {
        let is_thought = field(part, "thought").and_then(Value::as_bool) == Some(true);
        parts.push(if is_thought { Part::Reasoning(words) } else { Part::Text(words) });
    } else if let Some(part) = medium(part) {
        parts.push(part);
    } else if let Some(words) = code(part) {
        parts.push(Part::Text(words));
    } else if field(part, "thought").is_none() && field(part, "thoughtSignature").is_none() {
        let message = "`contents` has a part that cannot be translated for this model. Send text, data, a file, a \
                       call or its answer.";
        return Err(refusal("contents", message.to_owned()));
    }
    Ok(())
}

/// Code that the model ran at Google, and what came of it, as words.
fn code(part: &Value) -> Option<String> {
    let fenced = |language: &str, code: String| format!("```{language}\n{code}\n```");
    if let Some(code) = field(part, "executableCode") {
        let language = text(field(code, "language")).unwrap_or_default().to_ascii_lowercase();
        return Some(fenced(&language, text(field(code, "code"))?));
    }
    let result = field(part, "codeExecutionResult")?;
    Some(fenced("", text(field(result, "output")).unwrap_or_default()))
}

/// Data here, or at an address.
fn medium(part: &Value) -> Option<Part> {
    if let Some(data) = field(part, "inlineData") {
        let media_type = text(field(data, "mimeType")).unwrap_or_default();
        let name = text(field(data, "displayName"));
        return Some(of_data(&media_type, text(field(data, "data"))?, name));
    }
    let file = field(part, "fileData")?;
    let (media_type, url) = (text(field(file, "mimeType")), text(field(file, "fileUri"))?);
    if media_type.as_deref().is_some_and(|kind| kind.starts_with("image/")) {
        return Some(Part::Image { url, detail: None });
    }
    Some(Part::File(File { name: text(field(file, "displayName")), media_type, source: FileSource::Url(url) }))
}

fn of_data(media_type: &str, data: String, name: Option<String>) -> Part {
    if media_type.starts_with("image/") {
        return Part::Image { url: format!("data:{media_type};base64,{data}"), detail: None };
    }
    if let Some(format) = media_type.strip_prefix("audio/") {
        let format = if format == "mpeg" { "mp3" } else { format };
        return Part::Audio { data, format: format.to_owned() };
    }
    let media_type = Some(media_type.to_owned()).filter(|kind| !kind.is_empty());
    Part::File(File { name, media_type, source: FileSource::Data(data) })
}

/// Finds each result's call.
#[derive(Default)]
struct Pairing {
    count: usize,
    /// Id and name of calls without a result so far.
    open: Vec<(String, String)>,
}

impl Pairing {
    fn call(&mut self, value: &Value) -> Result<ToolCall, RequestError> {
        let name = text(field(value, "name"))
            .ok_or_else(|| refusal("contents", "`contents` has a functionCall without `name`. Name it.".to_owned()))?;
        // The place in the conversation: the same id when it is sent again.
        let made = || format!("call_{}", self.count);
        let id = text(field(value, "id")).filter(|id| !id.is_empty()).unwrap_or_else(made);
        self.count += 1;
        self.open.push((id.clone(), name.clone()));
        let arguments = field(value, "args").map_or_else(|| "{}".to_owned(), Value::to_string);
        Ok(ToolCall { id, name, arguments })
    }

    fn result(&mut self, value: &Value) -> Result<ToolResult, RequestError> {
        let name = text(field(value, "name"));
        let id = text(field(value, "id")).filter(|id| !id.is_empty());
        let by_id = self.open.iter().position(|(open, _)| Some(open) == id.as_ref());
        let by_name = || self.open.iter().position(|(_, open)| Some(open) == name.as_ref());
        let call_id = match by_id.or_else(by_name) {
            Some(at) => self.open.remove(at).0,
            None => id.ok_or_else(|| {
                refusal(
                    "contents",
                    "`contents` has a functionResponse that answers no functionCall. Send the call before it."
                        .to_owned(),
                )
            })?,
        };
        let (words, is_error) = words_of(field(value, "response").unwrap_or(&Value::Null));
        let mut parts = vec![Part::Text(words)];
        parts.extend(field(value, "parts").map(list).unwrap_or_default().iter().filter_map(medium));
        Ok(ToolResult { call_id, name, parts, is_error })
    }
}

/// The answer's words: Google wraps plain ones in `output` or `error`.
fn words_of(response: &Value) -> (String, bool) {
    let single = response.as_object().filter(|object| object.len() == 1);
    let wrapped = |name: &str| {
        let value = single?.get(name)?;
        Some(text(Some(value)).unwrap_or_else(|| value.to_string()))
    };
    let plain = wrapped("output").map(|words| (words, false));
    plain.or_else(|| wrapped("error").map(|words| (words, true))).unwrap_or_else(|| match response {
        Value::String(words) => (words.clone(), false),
        other => (other.to_string(), false),
    })
}
