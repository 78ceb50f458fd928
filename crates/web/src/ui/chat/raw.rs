//! A message as JSON, for whoever wants to see all of it.

use app::error::{Code, Error};
use domain::conversation::{Message, Part};
use serde_json::{Value, json};

/// All that is known of a message, as JSON to read. Pictures are told by their size.
///
/// # Errors
/// Never, as far as anybody knows.
pub(super) fn raw(message: &Message) -> Result<String, Error> {
    let content: Vec<Value> = message
        .parts
        .iter()
        .map(|part| match part {
            Part::Image { media_type, name, data } => {
                json!({"type": "image", "media_type": media_type, "name": name, "base64_characters": data.len()})
            }
            Part::Text { text } => json!({"type": "text", "text": text}),
            Part::File { name, text } => json!({"type": "file", "name": name, "text": text}),
        })
        .collect();
    let value = json!({
        "id": message.id.to_string(),
        "conversation_id": message.conversation.to_string(),
        "parent_id": message.parent.map(|id| id.to_string()),
        "role": message.author.as_str(),
        "state": message.state.as_str(),
        "content": content,
        "reasoning": message.reasoning,
        "model": message.model,
        "provider": message.provider.map(domain::ProviderId::as_str),
        "credential_id": message.credential.map(|id| id.to_string()),
        "credential_scope": message.scope.map(domain::credential::Scope::as_str),
        "request_id": message.request.map(|id| id.to_string()),
        "usage": message.tokens,
        "cost": message.cost,
        "first_token_ms": message.first_token_ms,
        "latency_ms": message.latency_ms,
        "finish_reason": message.finish,
        "dropped_parameters": message.dropped,
        "error": message.failure.as_ref().map(|failure| json!({"code": failure.code, "sentence": failure.sentence})),
        "created_at": message.created_at.to_string(),
    });
    serde_json::to_string_pretty(&value).map_err(|error| {
        Error::new(Code::Internal, "This message cannot be written as JSON. Report it.").because(error)
    })
}
