//! Parts of a message as blocks.

use serde_json::{Map, Value, json};

use super::super::json::input_of;
use crate::neutral::{File, FileSource, Part, ToolCall, ToolResult};
use crate::parameters::Unsupported;
use crate::wire::{Fitting, data_uri};

/// A part as a block; `None`: it has none, or cannot be sent.
pub(super) fn write(part: &Part, fitting: &mut Fitting<'_>) -> Result<Option<Value>, Unsupported> {
    let block = match part {
        // Blank texts are refused, and say nothing.
        Part::Text(text) if text.trim().is_empty() => return Ok(None),
        Part::Text(text) => Some(json!({"type": "text", "text": text})),
        Part::Image { url, .. } => image(url),
        Part::File(file) => document(file),
        Part::ToolCall(call) => Some(tool_use(call)),
        Part::ToolResult(result) => Some(tool_result(result, fitting)?),
        Part::Audio { .. } => None,
        // Thoughts go back with their signature or not at all; marks are no
        // blocks.
        Part::Reasoning(_) | Part::Replay(_) | Part::CacheBreak(_) => return Ok(None),
    };
    if block.is_none() {
        fitting.refuse("messages")?;
    }
    Ok(block)
}

fn image(url: &str) -> Option<Value> {
    if let Some((media_type, data)) = data_uri::parts(url) {
        let source = json!({"type": "base64", "media_type": media_type, "data": data});
        let kind = if media_type == "application/pdf" { "document" } else { "image" };
        return Some(json!({"type": kind, "source": source}));
    }
    is_remote(url).then(|| json!({"type": "image", "source": {"type": "url", "url": url}}))
}

fn is_remote(url: &str) -> bool {
    ["https://", "http://"]
        .into_iter()
        .any(|scheme| url.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme)))
}

fn document(file: &File) -> Option<Value> {
    let media_type = file.media_type.as_deref().unwrap_or("application/pdf");
    let mut kind = "document";
    let source = match &file.source {
        FileSource::Data(data) if media_type.starts_with("text/") => {
            json!({"type": "text", "media_type": "text/plain", "data": decoded(data)?})
        }
        FileSource::Data(data) if media_type.starts_with("image/") => {
            kind = "image";
            json!({"type": "base64", "media_type": media_type, "data": data})
        }
        FileSource::Data(data) if media_type == "application/pdf" => {
            json!({"type": "base64", "media_type": media_type, "data": data})
        }
        FileSource::Text(text) => json!({"type": "text", "media_type": "text/plain", "data": text}),
        FileSource::Url(url) if is_remote(url) => json!({"type": "url", "url": url}),
        // Another format, or a file that lies at another provider.
        FileSource::Data(_) | FileSource::Url(_) | FileSource::Id(_) => return None,
    };
    let mut out = Map::new();
    out.insert("type".into(), kind.into());
    out.insert("source".into(), source);
    let title = file.name.clone().filter(|_| kind == "document");
    out.extend(title.map(|title| ("title".to_owned(), title.into())));
    Some(out.into())
}

/// The text in a base64; `None`: it is no text.
fn decoded(data: &str) -> Option<String> {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let (mut out, mut bits, mut count) = (Vec::with_capacity(data.len() / 4 * 3), 0_u32, 0_u32);
    for letter in data.bytes().filter(|byte| !byte.is_ascii_whitespace()).take_while(|byte| *byte != b'=') {
        let value = LETTERS.iter().position(|known| *known == letter)?;
        bits = (bits << 6) | u32::try_from(value).ok()?;
        count += 6;
        if count >= 8 {
            count -= 8;
            out.push(u8::try_from((bits >> count) & 0xFF).ok()?);
        }
    }
    String::from_utf8(out).ok()
}

fn tool_use(call: &ToolCall) -> Value {
    let input: Value = serde_json::from_str(&input_of(&call.arguments)).unwrap_or_else(|_| json!({}));
    json!({"type": "tool_use", "id": call_id(&call.id), "name": call.name, "input": input})
}

fn tool_result(result: &ToolResult, fitting: &mut Fitting<'_>) -> Result<Value, Unsupported> {
    let mut out = json!({"type": "tool_result", "tool_use_id": call_id(&result.call_id)});
    let is_words = result.parts.iter().all(|part| matches!(part, Part::Text(_) | Part::CacheBreak(_)));
    let content: Value = if is_words {
        result.text().into()
    } else {
        let mut blocks = Vec::new();
        for part in &result.parts {
            blocks.extend(write(part, fitting)?);
        }
        blocks.into()
    };
    out["content"] = content;
    if result.is_error {
        out["is_error"] = true.into();
    }
    Ok(out)
}

/// Ids have letters, digits, `_` and `-`; others become such, the same one every
/// time.
fn call_id(id: &str) -> String {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    if !id.is_empty() && id.chars().all(fits) {
        return id.to_owned();
    }
    let plain: String = id.chars().map(|c| if fits(c) { c } else { '_' }).collect();
    // Two that differ only in what was replaced stay two.
    let hash = id
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    format!("{plain}_{hash:016x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_become_ones_that_are_taken() {
        assert_eq!(call_id("call_a-1"), "call_a-1");
        let made = [call_id("a:b"), call_id("a.b"), call_id("")];
        assert!(made.iter().all(|id| id.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'))));
        assert!(made[0] != made[1] && made[0] == call_id("a:b"));
    }

    #[test]
    fn a_base64_text_is_read() {
        for (data, text) in
            [("aGVsbG8=", Some("hello")), ("w6k=", Some("é")), ("", Some("")), ("!", None), ("/w==", None)]
        {
            assert_eq!(decoded(data).as_deref(), text, "{data}");
        }
    }
}
