//! Blocks of content as parts.

use serde_json::Value;

use super::{extra, list, state, text};
use crate::neutral::{CacheBreak, Extra, File, FileSource, Part, ToolCall, ToolResult};

/// A string or blocks; `None`: a block lacks what its kind has. Blocks of
/// Anthropic's own tools, and of later days, are extras.
pub(super) fn read(content: &Value, extras: &mut Vec<Extra>) -> Option<Vec<Part>> {
    match content {
        Value::String(text) => Some(vec![Part::Text(text.clone())]),
        Value::Array(blocks) => {
            let mut parts = Vec::with_capacity(blocks.len());
            for (index, value) in blocks.iter().enumerate() {
                let later = blocks.get(index..).unwrap_or_default();
                block(value, later, &mut parts, extras)?;
                let until = value.get("cache_control").filter(|mark| mark.is_object());
                parts.extend(until.map(cache_break).map(Part::CacheBreak));
            }
            Some(parts)
        }
        _ => None,
    }
}

/// A mark of how far the prompt may be kept.
pub(super) fn cache_break(value: &Value) -> CacheBreak {
    CacheBreak { ttl: value.get("ttl").and_then(text) }
}

fn block(value: &Value, later: &[Value], parts: &mut Vec<Part>, extras: &mut Vec<Extra>) -> Option<()> {
    let member = |name: &str| value.get(name).and_then(text);
    match value.get("type")?.as_str()? {
        "text" => parts.push(Part::Text(member("text")?)),
        "image" => parts.push(image(value.get("source")?)?),
        "document" => document(value, parts, extras)?,
        "tool_use" => parts.push(Part::ToolCall(ToolCall {
            id: member("id")?,
            name: member("name")?,
            arguments: value.get("input")?.to_string(),
        })),
        "tool_result" => parts.push(Part::ToolResult(ToolResult {
            call_id: member("tool_use_id")?,
            name: None,
            parts: match value.get("content") {
                None | Some(Value::Null) => Vec::new(),
                Some(content) => read(content, extras)?,
            },
            is_error: value.get("is_error").and_then(Value::as_bool).unwrap_or(false),
        })),
        "thinking" => {
            let is_signed = value.get("signature").and_then(Value::as_str).is_some_and(|text| !text.is_empty());
            let thought = member("thinking")?;
            parts.extend(Some(thought).filter(|thought| !thought.is_empty()).map(Part::Reasoning));
            parts.extend(is_signed.then(|| Part::Replay(state(next_call(later), value))));
        }
        "redacted_thinking" => parts.push(Part::Replay(state(next_call(later), value))),
        "search_result" => search_result(value, parts)?,
        // What it can be used for is told by the blocks beside it.
        other => extras.push(extra(format!("messages.{other}"), value)),
    }
    Some(())
}

/// The call that thoughts belong to.
fn next_call(later: &[Value]) -> Option<String> {
    later.iter().find(|block| block["type"] == "tool_use").and_then(|block| text(block.get("id")?))
}

fn image(source: &Value) -> Option<Part> {
    let member = |name: &str| source.get(name).and_then(text);
    Some(match source.get("type")?.as_str()? {
        "base64" => {
            Part::Image { url: format!("data:{};base64,{}", member("media_type")?, member("data")?), detail: None }
        }
        "url" => Part::Image { url: member("url")?, detail: None },
        "file" => Part::File(File { name: None, media_type: None, source: FileSource::Id(member("file_id")?) }),
        _ => return None,
    })
}

fn document(value: &Value, parts: &mut Vec<Part>, extras: &mut Vec<Extra>) -> Option<()> {
    let source = value.get("source")?;
    let member = |name: &str| source.get(name).and_then(text);
    let citations = value.get("citations").filter(|citations| citations["enabled"] == true);
    extras.extend(citations.map(|citations| extra("messages.document.citations".to_owned(), citations)));
    if let Some(context) = value.get("context").and_then(text) {
        parts.push(Part::Text(context));
    }
    let name = value.get("title").and_then(text);
    let (media_type, source) = match source.get("type")?.as_str()? {
        "base64" => (member("media_type"), FileSource::Data(member("data")?)),
        "text" => (member("media_type"), FileSource::Text(member("data")?)),
        "url" => (Some("application/pdf".to_owned()), FileSource::Url(member("url")?)),
        "file" => (None, FileSource::Id(member("file_id")?)),
        "content" => {
            parts.extend(read(source.get("content")?, extras)?);
            return Some(());
        }
        _ => return None,
    };
    parts.push(Part::File(File { name, media_type, source }));
    Some(())
}

/// What a search of the client's own found: words with a heading.
fn search_result(value: &Value, parts: &mut Vec<Part>) -> Option<()> {
    let heading: Vec<&str> =
        ["title", "source"].iter().filter_map(|name| value.get(*name).and_then(Value::as_str)).collect();
    parts.push(Part::Text(heading.join("\n")));
    for block in list(value.get("content")?) {
        parts.push(Part::Text(text(block.get("text")?)?));
    }
    Some(())
}
