//! Chats and what was said in them, as answers show it.

use domain::Nanos;
use domain::conversation::{Message, Part};
use serde::Serialize;
use store::conversations::Shown;
use utoipa::ToSchema;

use super::settings::ChatParameters;

/// A chat.
#[derive(Serialize, ToSchema)]
pub(super) struct ConversationView {
    id: String,
    /// What it is about; empty until something was said.
    title: String,
    /// `null`: not chosen yet.
    model: Option<String>,
    /// The provider key that pays, and no other; `null`: whichever a call would use.
    credential_id: Option<String>,
    system_prompt: String,
    parameters: ChatParameters,
    is_temporary: bool,
    /// The end of the branch that was read last.
    leaf_id: Option<String>,
    /// How many answers are coming.
    #[schema(minimum = 0)]
    running: i64,
    /// What its answers cost, in dollars, as far as anybody knows.
    #[schema(value_type = f64)]
    cost: Nanos,
    cost_nanos: i64,
    /// Of how many answers nobody knows what they cost.
    #[schema(minimum = 0)]
    unknown_costs: i64,
    created_at: String,
    /// When something was last said.
    updated_at: String,
}

impl From<&Shown> for ConversationView {
    fn from(shown: &Shown) -> Self {
        let conversation = &shown.conversation;
        Self {
            id: conversation.id.to_string(),
            title: conversation.title.clone(),
            model: conversation.model.clone(),
            credential_id: conversation.credential.map(|id| id.to_string()),
            system_prompt: conversation.system_prompt.clone(),
            parameters: ChatParameters::from(&conversation.parameters),
            is_temporary: conversation.is_temporary,
            leaf_id: conversation.leaf.map(|id| id.to_string()),
            running: shown.running,
            cost: shown.cost,
            cost_nanos: shown.cost.0,
            unknown_costs: shown.unknown_costs,
            created_at: conversation.created_at.to_string(),
            updated_at: conversation.updated_at.to_string(),
        }
    }
}

/// A chat with everything said in it.
#[derive(Serialize, ToSchema)]
pub(super) struct WholeView {
    conversation: ConversationView,
    /// Oldest first.
    messages: Vec<MessageView>,
}

impl WholeView {
    pub(super) fn of(shown: &Shown, messages: &[Message]) -> Self {
        Self { conversation: shown.into(), messages: messages.iter().map(MessageView::from).collect() }
    }
}

/// What somebody said, or an answer.
#[derive(Serialize, ToSchema)]
pub(super) struct MessageView {
    id: String,
    conversation_id: String,
    /// What it follows; `null`: it is the first.
    parent_id: Option<String>,
    #[schema(pattern = "^(user|assistant)$")]
    role: &'static str,
    content: Vec<PartView>,
    /// What the model thought, where it shows that.
    reasoning: String,
    reasoning_ms: Option<i64>,
    /// What a person says is `done` at once.
    #[schema(pattern = "^(running|done|stopped|failed)$")]
    state: &'static str,
    /// As it was asked for; from the first word on, as the provider names it.
    model: Option<String>,
    #[schema(pattern = "@provider")]
    provider: Option<&'static str>,
    /// The key that paid, or failed.
    credential_id: Option<String>,
    #[schema(pattern = "@scope")]
    credential_scope: Option<&'static str>,
    /// The request in the usage.
    request_id: Option<String>,
    /// `null`: nobody knows.
    input_tokens: Option<u64>,
    output_tokens: Option<u64>,
    /// Of the input: read from the provider's cache.
    cached_tokens: Option<u64>,
    /// Of the output: thoughts.
    reasoning_tokens: Option<u64>,
    /// In dollars; `null`: unknown, or unpriced.
    #[schema(value_type = Option<f64>)]
    cost: Option<Nanos>,
    cost_nanos: Option<i64>,
    /// Until the first word.
    first_token_ms: Option<i64>,
    /// Until the last one.
    latency_ms: Option<i64>,
    finish_reason: Option<String>,
    /// Parameters that the model does not take and that were left out.
    dropped: Vec<String>,
    /// What went wrong.
    error: Option<AnswerError>,
    created_at: String,
}

/// A part of a message.
#[derive(Serialize, ToSchema)]
pub(super) struct PartView {
    #[serde(rename = "type")]
    #[schema(pattern = "^(text|image|file)$")]
    kind: &'static str,
    /// Of a text, or of a file.
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    /// Of a file, or of a picture that has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    /// Of a picture.
    #[serde(skip_serializing_if = "Option::is_none")]
    media_type: Option<String>,
    /// Of a picture: where its bytes are.
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
}

/// Why an answer came to nothing, or broke off.
#[derive(Serialize, ToSchema)]
pub(super) struct AnswerError {
    /// A code as other errors have it, or `interrupted`.
    code: String,
    /// What happened, and what to do.
    detail: String,
    /// What kind of failure, where a provider was called.
    #[schema(pattern = "@error-class")]
    class: Option<&'static str>,
}

impl From<&Message> for MessageView {
    fn from(message: &Message) -> Self {
        let tokens = message.tokens;
        let error = message.failure.as_ref().map(|failure| AnswerError {
            code: failure.code.clone(),
            detail: failure.sentence.clone(),
            class: failure.class.map(domain::attempt::ErrorClass::as_str),
        });
        Self {
            id: message.id.to_string(),
            conversation_id: message.conversation.to_string(),
            parent_id: message.parent.map(|id| id.to_string()),
            role: message.author.as_str(),
            content: message.parts.iter().enumerate().map(|(place, part)| part_view(message, place, part)).collect(),
            reasoning: message.reasoning.clone(),
            reasoning_ms: message.reasoning_ms,
            state: message.state.as_str(),
            model: message.model.clone(),
            provider: message.provider.map(domain::ProviderId::as_str),
            credential_id: message.credential.map(|id| id.to_string()),
            credential_scope: message.scope.map(domain::credential::Scope::as_str),
            request_id: message.request.map(|id| id.to_string()),
            input_tokens: tokens.map(|tokens| tokens.prompt),
            output_tokens: tokens.map(|tokens| tokens.completion),
            cached_tokens: tokens.map(|tokens| tokens.cached),
            reasoning_tokens: tokens.map(|tokens| tokens.reasoning),
            cost: message.cost,
            cost_nanos: message.cost.map(|cost| cost.0),
            first_token_ms: message.first_token_ms,
            latency_ms: message.latency_ms,
            finish_reason: message.finish.clone(),
            dropped: message.dropped.clone(),
            error,
            created_at: message.created_at.to_string(),
        }
    }
}

fn part_view(message: &Message, place: usize, part: &Part) -> PartView {
    let empty = PartView { kind: "text", text: None, name: None, media_type: None, url: None };
    match part {
        Part::Text { text } => PartView { text: Some(text.clone()), ..empty },
        Part::File { name, text } => {
            PartView { kind: "file", name: Some(name.clone()), text: Some(text.clone()), ..empty }
        }
        Part::Image { media_type, name, .. } => PartView {
            kind: "image",
            name: name.clone(),
            media_type: Some(media_type.clone()),
            url: Some(picture_address(message, place)),
            ..empty
        },
    }
}

/// Where a picture's bytes are.
fn picture_address(message: &Message, place: usize) -> String {
    format!("/v2/conversations/{}/messages/{}/picture?part={place}", message.conversation, message.id)
}
