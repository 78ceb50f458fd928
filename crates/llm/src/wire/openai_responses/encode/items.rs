//! The conversation as instructions and items.

use domain::provider::WireName;
use serde_json::{Map, Value, json};

use crate::neutral::{ChatRequest, File, FileSource, Message, Part, Role, ToolResult};
use crate::parameters::Unsupported;
use crate::wire::Fitting;

/// Writes the conversation. What is said before anybody speaks is told as
/// instructions.
///
/// # Errors
/// [`Unsupported`], for a sound.
pub(super) fn write(
    request: &ChatRequest,
    body: &mut Map<String, Value>,
    fitting: &mut Fitting<'_>,
) -> Result<(), Unsupported> {
    let is_instruction = |message: &&Message| {
        let is_words = |part: &Part| matches!(part, Part::Text(_) | Part::CacheBreak(_));
        matches!(message.role, Role::System | Role::Developer) && message.parts.iter().all(is_words)
    };
    let mut leading = request.messages.iter().take_while(is_instruction).count();
    if leading == request.messages.len() {
        // Something has to be asked.
        leading = 0;
    }
    let (instructions, turns) = request.messages.split_at_checked(leading).unwrap_or((&[], &request.messages));
    if !instructions.is_empty() {
        let texts: Vec<String> = instructions.iter().map(Message::text).collect();
        body.insert("instructions".into(), texts.join("\n\n").into());
    }
    let mut items = Vec::new();
    for message in turns {
        write_message(message, &mut items, fitting)?;
    }
    body.insert("input".into(), items.into());
    Ok(())
}

fn write_message(message: &Message, items: &mut Vec<Value>, fitting: &mut Fitting<'_>) -> Result<(), Unsupported> {
    let mut content = Content { role: message.role, parts: Vec::new(), is_words: true };
    for part in &message.parts {
        match part {
            Part::ToolCall(call) => {
                content.flush(items);
                let (id, name, arguments) = (&call.id, &call.name, &call.arguments);
                items.push(json!({"type": "function_call", "call_id": id, "name": name, "arguments": arguments}));
            }
            Part::ToolResult(result) => {
                content.flush(items);
                items.push(tool_result(result, fitting)?);
            }
            Part::Replay(state) if state.wire == WireName::OpenAiResponses => {
                content.flush(items);
                items.push(state.state.clone());
            }
            // Thoughts in words, states of others, and marks of caches that find
            // themselves.
            Part::Reasoning(_) | Part::Replay(_) | Part::CacheBreak(_) => {}
            part => {
                content.is_words &= matches!(part, Part::Text(_));
                content.parts.extend(written(part, message.role, fitting)?);
            }
        }
    }
    content.flush(items);
    Ok(())
}

/// What was said since the last item.
struct Content {
    role: Role,
    parts: Vec<Value>,
    is_words: bool,
}

impl Content {
    fn flush(&mut self, items: &mut Vec<Value>) {
        let parts = std::mem::take(&mut self.parts);
        if parts.is_empty() || self.role == Role::Tool {
            return;
        }
        let is_words = std::mem::replace(&mut self.is_words, true);
        let content = if is_words {
            parts.iter().filter_map(|part| part.get("text")?.as_str()).collect::<String>().into()
        } else {
            Value::Array(parts)
        };
        items.push(json!({"role": self.role.as_str(), "content": content}));
    }
}

fn tool_result(result: &ToolResult, fitting: &mut Fitting<'_>) -> Result<Value, Unsupported> {
    let is_words = result.parts.iter().all(|part| matches!(part, Part::Text(_)));
    let output = if is_words {
        result.text().into()
    } else {
        let mut parts = Vec::new();
        for part in &result.parts {
            parts.extend(written(part, Role::User, fitting)?);
        }
        Value::Array(parts)
    };
    Ok(json!({"type": "function_call_output", "call_id": result.call_id, "output": output}))
}

fn written(part: &Part, role: Role, fitting: &mut Fitting<'_>) -> Result<Option<Value>, Unsupported> {
    let words = if role == Role::Assistant { "output_text" } else { "input_text" };
    Ok(match part {
        Part::Text(text) => Some(json!({"type": words, "text": text})),
        Part::Image { url, detail } => {
            let mut image = json!({"type": "input_image", "image_url": url});
            if let Some(detail) = detail {
                image["detail"] = detail.clone().into();
            }
            Some(image)
        }
        Part::File(File { source: FileSource::Text(text), .. }) => Some(json!({"type": words, "text": text})),
        Part::File(file) => Some(file_value(file)),
        Part::Audio { .. } => {
            fitting.refuse("messages.input_audio")?;
            None
        }
        Part::ToolCall(_) | Part::ToolResult(_) | Part::Reasoning(_) | Part::Replay(_) | Part::CacheBreak(_) => None,
    })
}

fn file_value(file: &File) -> Value {
    let mut out = Map::new();
    out.insert("type".into(), "input_file".into());
    let (field, value) = match &file.source {
        FileSource::Id(id) => ("file_id", id.clone()),
        FileSource::Url(url) => ("file_url", url.clone()),
        FileSource::Data(data) | FileSource::Text(data) => {
            let media_type = file.media_type.as_deref().unwrap_or("application/pdf");
            out.insert("filename".into(), file.name.clone().unwrap_or_else(|| "document".to_owned()).into());
            ("file_data", format!("data:{media_type};base64,{data}"))
        }
    };
    out.insert(field.into(), value.into());
    out.into()
}
