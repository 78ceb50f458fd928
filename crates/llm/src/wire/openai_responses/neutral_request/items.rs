//! The input: a text, or items.

use domain::provider::WireName;
use serde_json::Value;

use super::{invalid, list, text};
use crate::neutral::{ChatRequest, Extra, File, FileSource, Message, Part, ReplayState, Role, ToolCall, ToolResult};
use crate::wire::openai_responses::custom;
use crate::wire::{RequestError, data_uri};

/// Reads the input.
///
/// # Errors
/// [`RequestError`], for an item that does not have the shape of the API
/// reference, and for a reference to one that only OpenAI has.
pub(super) fn read(input: &Value, out: &mut ChatRequest) -> Result<(), RequestError> {
    if let Some(words) = text(input) {
        out.messages.push(Message { role: Role::User, parts: vec![Part::Text(words)] });
        return Ok(());
    }
    for value in list(input) {
        item(value, out)?;
    }
    Ok(())
}

fn item(value: &Value, out: &mut ChatRequest) -> Result<(), RequestError> {
    let kind = value.get("type").and_then(Value::as_str).unwrap_or("message");
    match kind {
        "message" => return message(value, out),
        "item_reference" => {
            return Err(invalid(
                "input",
                "An item of `input` is a reference to one that OpenAI keeps, and this model is not called there in the \
                 Responses format. Send the item itself.",
            ));
        }
        "reasoning" => {
            let parts = reasoning(value);
            said(out).extend(parts);
            return Ok(());
        }
        _ => {}
    }
    let read = match kind {
        "function_call" => function_call(value).map(|call| said(out).push(Part::ToolCall(call))),
        "custom_tool_call" => custom_call(value).map(|call| said(out).push(Part::ToolCall(call))),
        "function_call_output" | "custom_tool_call_output" => result(value).map(|result| {
            out.messages.push(Message { role: Role::Tool, parts: vec![Part::ToolResult(result)] });
        }),
        other => {
            out.extras.push(Extra { field: format!("input.{other}"), value: value.clone() });
            Some(())
        }
    };
    read.ok_or_else(|| {
        invalid("input", format!("A `{kind}` in `input` lacks a field that the API reference asks for."))
    })
}

/// What the model said last, to be gone on with.
fn said(out: &mut ChatRequest) -> &mut Vec<Part> {
    let goes_on = out.messages.last().is_some_and(|last| last.role == Role::Assistant);
    if !goes_on {
        out.messages.push(Message { role: Role::Assistant, parts: Vec::new() });
    }
    let last = out.messages.len().saturating_sub(1);
    &mut out.messages[last].parts
}

fn message(value: &Value, out: &mut ChatRequest) -> Result<(), RequestError> {
    let role = match value.get("role").and_then(Value::as_str) {
        Some("user") => Role::User,
        Some("assistant") => Role::Assistant,
        Some("system") => Role::System,
        Some("developer") => Role::Developer,
        _ => return Err(invalid("input", "A message's role is none of `user`, `assistant`, `system`, `developer`.")),
    };
    let parts = value.get("content").and_then(content).ok_or_else(|| {
        invalid("input", "A message has content that is neither text nor parts of the API reference.")
    })?;
    let only_thought =
        |last: &Message| last.parts.iter().all(|part| matches!(part, Part::Reasoning(_) | Part::Replay(_)));
    match out.messages.last_mut() {
        Some(last) if role == Role::Assistant && last.role == role && only_thought(last) => last.parts.extend(parts),
        _ => out.messages.push(Message { role, parts }),
    }
    Ok(())
}

fn content(value: &Value) -> Option<Vec<Part>> {
    match value {
        Value::String(text) => Some(vec![Part::Text(text.clone())]),
        Value::Array(parts) => parts.iter().map(part).collect(),
        _ => None,
    }
}

fn part(value: &Value) -> Option<Part> {
    match value.get("type")?.as_str()? {
        "input_text" | "output_text" | "text" => text(value.get("text")?).map(Part::Text),
        "refusal" => text(value.get("refusal")?).map(Part::Text),
        "input_image" => {
            if let Some(id) = value.get("file_id").and_then(text) {
                return Some(Part::File(File { name: None, media_type: None, source: FileSource::Id(id) }));
            }
            let image = value.get("image_url")?;
            let url = text(image).or_else(|| text(image.get("url")?))?;
            Some(Part::Image { url, detail: value.get("detail").and_then(text) })
        }
        "input_file" => file(value).map(Part::File),
        "input_audio" => {
            let audio = value.get("input_audio")?;
            Some(Part::Audio { data: text(audio.get("data")?)?, format: text(audio.get("format")?)? })
        }
        _ => None,
    }
}

fn file(value: &Value) -> Option<File> {
    let name = value.get("filename").and_then(text);
    let of = |source| File { name: name.clone(), media_type: None, source };
    if let Some(id) = value.get("file_id").and_then(text) {
        return Some(of(FileSource::Id(id)));
    }
    if let Some(url) = value.get("file_url").and_then(text) {
        return Some(of(FileSource::Url(url)));
    }
    let data = text(value.get("file_data")?)?;
    let Some((media_type, data)) = data_uri::parts(&data) else {
        return Some(of(FileSource::Data(data)));
    };
    let media_type = Some(media_type.to_owned()).filter(|media_type| !media_type.is_empty());
    Some(File { media_type, ..of(FileSource::Data(data.to_owned())) })
}

/// Thoughts in words for everybody, and what OpenAI wants back of them.
fn reasoning(value: &Value) -> Vec<Part> {
    let told: Vec<&str> = ["summary", "content"]
        .into_iter()
        .find_map(|field| value.get(field).map(list).filter(|parts| !parts.is_empty()))
        .unwrap_or_default()
        .iter()
        .filter_map(|part| part.get("text")?.as_str())
        .collect();
    let words = told.join("\n\n");
    let mut parts: Vec<Part> = Some(words).filter(|words| !words.is_empty()).map(Part::Reasoning).into_iter().collect();
    if value.get("encrypted_content").is_some_and(Value::is_string) {
        let state = ReplayState { wire: WireName::OpenAiResponses, call_id: None, state: value.clone() };
        parts.push(Part::Replay(state));
    }
    parts
}

fn function_call(value: &Value) -> Option<ToolCall> {
    Some(ToolCall {
        id: text(value.get("call_id")?)?,
        name: text(value.get("name")?)?,
        arguments: text(value.get("arguments")?)?,
    })
}

fn custom_call(value: &Value) -> Option<ToolCall> {
    Some(ToolCall {
        id: text(value.get("call_id")?)?,
        name: custom::function_name(value.get("name")?.as_str()?),
        arguments: custom::arguments(value.get("input")?.as_str()?),
    })
}

fn result(value: &Value) -> Option<ToolResult> {
    let call_id = text(value.get("call_id")?)?;
    let parts = content(value.get("output")?)?;
    Some(ToolResult { call_id, name: None, parts, is_error: false })
}
