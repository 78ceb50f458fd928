//! What a model is told: the system prompt, then everything on the branch, in
//! OpenAI's words, as every call goes through `chat`.

use bytes::Bytes;
use domain::conversation::{Author, Conversation, Message, Parameters, Part};
use serde_json::{Value, json};

use crate::error::{Code, Error, Result};

/// The largest body of a call, in bytes; more is taken from no client either.
const LARGEST: usize = 25 * 1024 * 1024;

/// The body of the call that answers the last message of `path`.
///
/// # Errors
/// `payload_too_large` when all of it together is more than a call may be.
pub(super) fn body(
    conversation: &Conversation,
    path: &[&Message],
    model: &str,
    parameters: &Parameters,
) -> Result<Bytes> {
    let mut messages = Vec::new();
    if !conversation.system_prompt.is_empty() {
        messages.push(json!({"role": "system", "content": conversation.system_prompt}));
    }
    messages.extend(path.iter().filter(|message| says_something(message)).map(|message| written(message)));
    let mut body = json!({
        "model": model,
        "stream": true,
        "stream_options": {"include_usage": true},
        "messages": messages,
    });
    // A chat keeps its key, and what the provider keeps of it.
    body["prompt_cache_key"] = json!(conversation.id);
    if let Some(temperature) = parameters.temperature {
        body["temperature"] = json!(temperature);
    }
    if let Some(top_p) = parameters.top_p {
        body["top_p"] = json!(top_p);
    }
    if let Some(effort) = &parameters.reasoning_effort {
        body["reasoning_effort"] = json!(effort);
    }
    let body = body.to_string();
    if body.len() > LARGEST {
        return Err(Error::new(
            Code::PayloadTooLarge,
            "The conversation with everything attached is larger than 25 MB, the most a call may be. Attach less, or begin a new chat.",
        ));
    }
    Ok(Bytes::from(body))
}

/// An answer that failed before its first word is nothing to a model.
fn says_something(message: &Message) -> bool {
    message.author == Author::User || !message.text().trim().is_empty()
}

fn written(message: &Message) -> Value {
    let content = match message.parts.as_slice() {
        [Part::Text { text }] => json!(text),
        parts => parts.iter().map(part).collect(),
    };
    json!({"role": message.author.as_str(), "content": content})
}

fn part(part: &Part) -> Value {
    match part {
        Part::Text { text } => json!({"type": "text", "text": text}),
        Part::Image { media_type, data, .. } => {
            json!({"type": "image_url", "image_url": {"url": format!("data:{media_type};base64,{data}")}})
        }
        Part::File { name, text } => json!({"type": "text", "text": fenced(name, text)}),
    }
}

/// A file between fences that do not occur in it.
fn fenced(name: &str, text: &str) -> String {
    let mut fence = String::from("```");
    while text.contains(&fence) {
        fence.push('`');
    }
    format!("File “{name}”:\n{fence}\n{text}\n{fence}")
}

#[cfg(test)]
mod tests;
