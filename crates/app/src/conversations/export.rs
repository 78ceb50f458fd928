//! A chat as a file: the branch that is read as Markdown, or all of it as JSON.

use domain::Caller;
use domain::conversation::{Author, Conversation, Message, Part};
use domain::ids::ConversationId;
use serde_json::{Value, json};

use super::{branch, read, title_shown};
use crate::App;
use crate::error::Result;

/// What kind of file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Export {
    /// The branch that is read, to be read elsewhere.
    Markdown,
    /// Every branch, with everything known of each answer.
    Json,
}

domain::text_enum!(Export, "format" { Markdown => "markdown", Json => "json" });

/// A file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exported {
    /// What to call it.
    pub name: String,
    /// Its media type.
    pub media_type: &'static str,
    /// What is in it.
    pub text: String,
}

/// One of the caller's chats as a file.
///
/// # Errors
/// `not_found`.
pub async fn export(app: &App, caller: &Caller, id: ConversationId, kind: Export) -> Result<Exported> {
    let (shown, messages) = read(app, caller, id).await?;
    let conversation = shown.conversation;
    Ok(match kind {
        Export::Markdown => Exported {
            name: format!("{}.md", file_name(&conversation)),
            media_type: "text/markdown; charset=utf-8",
            text: markdown(&conversation, &messages),
        },
        Export::Json => Exported {
            name: format!("{}.json", file_name(&conversation)),
            media_type: "application/json",
            text: format!("{:#}\n", whole(&conversation, &messages)),
        },
    })
}

/// The title as every file system takes it.
fn file_name(conversation: &Conversation) -> String {
    let plain: String = title_shown(conversation)
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' })
        .collect();
    let words: Vec<&str> = plain.split('-').filter(|word| !word.is_empty()).take(8).collect();
    if words.is_empty() { "chat".to_owned() } else { words.join("-") }
}

fn markdown(conversation: &Conversation, messages: &[Message]) -> String {
    let mut text = format!("# {}\n", title_shown(conversation));
    if !conversation.system_prompt.is_empty() {
        text.push_str(&format!("\n> {}\n", conversation.system_prompt.replace('\n', "\n> ")));
    }
    for message in branch(conversation, messages) {
        text.push_str(&format!("\n## {}\n\n", heading(message)));
        let parts: Vec<String> = message.parts.iter().map(written).collect();
        text.push_str(&parts.join("\n\n"));
        if let Some(failure) = &message.failure {
            text.push_str(&format!("\n\n_{}_", failure.sentence));
        }
        text.push('\n');
    }
    text
}

fn heading(message: &Message) -> String {
    match (message.author, &message.model) {
        (Author::User, _) => "You".to_owned(),
        (Author::Assistant, Some(model)) => model.clone(),
        (Author::Assistant, None) => "Assistant".to_owned(),
    }
}

fn written(part: &Part) -> String {
    match part {
        Part::Text { text } => text.clone(),
        Part::Image { name, media_type, .. } => format!("[{}]", name.as_deref().unwrap_or(media_type)),
        Part::File { name, text } => {
            let mut fence = String::from("```");
            while text.contains(&fence) {
                fence.push('`');
            }
            format!("{name}:\n\n{fence}\n{text}\n{fence}")
        }
    }
}

fn whole(conversation: &Conversation, messages: &[Message]) -> Value {
    json!({
        "id": conversation.id,
        "title": conversation.title,
        "model": conversation.model,
        "system_prompt": conversation.system_prompt,
        "parameters": conversation.parameters,
        "leaf_id": conversation.leaf,
        "created_at": conversation.created_at,
        "updated_at": conversation.updated_at,
        "messages": messages.iter().map(one).collect::<Vec<_>>(),
    })
}

fn one(message: &Message) -> Value {
    json!({
        "id": message.id,
        "parent_id": message.parent,
        "role": message.author.as_str(),
        "content": message.parts,
        "reasoning": message.reasoning,
        "state": message.state.as_str(),
        "model": message.model,
        "provider": message.provider,
        "credential_id": message.credential,
        "credential_scope": message.scope,
        "request_id": message.request,
        "tokens": message.tokens,
        "cost": message.cost,
        "cost_nanos": message.cost.map(|cost| cost.0),
        "first_token_ms": message.first_token_ms,
        "latency_ms": message.latency_ms,
        "finish_reason": message.finish,
        "error": message.failure.as_ref().map(|failure| json!({"code": failure.code, "detail": failure.sentence})),
        "created_at": message.created_at,
    })
}
