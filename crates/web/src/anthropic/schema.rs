//! What Anthropic's format is, as far as Ownkey looks at it. Only schemas:
//! bodies are read in `llm`.

#![expect(dead_code, reason = "only the schemas are used")]

use serde_json::Value;
use utoipa::ToSchema;

/// A chat call in Anthropic's format. Fields that are not listed pass through to
/// Anthropic.
#[derive(ToSchema)]
pub(super) struct MessageRequest {
    /// Any name of a model: its id, `provider/id`, or its UUID.
    #[schema(min_length = 1)]
    model: String,
    /// The longest answer, in tokens.
    #[schema(minimum = 1)]
    max_tokens: u64,
    /// The conversation so far.
    #[schema(min_items = 1)]
    messages: Vec<MessageOfConversation>,
    /// What the model is to be, before all else: a text, or blocks.
    #[schema(value_type = Option<Value>)]
    system: Option<Value>,
    /// Whether the answer is to come as events.
    stream: Option<bool>,
    #[schema(minimum = 0, maximum = 1)]
    temperature: Option<f64>,
    #[schema(minimum = 0, maximum = 1)]
    top_p: Option<f64>,
}

/// One message of a conversation.
#[derive(ToSchema)]
pub(super) struct MessageOfConversation {
    #[schema(pattern = "^(user|assistant)$")]
    role: String,
    /// A text, or blocks.
    #[schema(value_type = Value)]
    content: Value,
}

/// The answer; it may have more fields.
#[derive(ToSchema)]
pub(super) struct Message {
    id: String,
    /// `message`.
    r#type: String,
    role: String,
    /// The model that answered, as the provider calls it.
    model: String,
    /// Texts, thoughts and calls of functions, in their order.
    content: Vec<Value>,
    /// Why it ended: `end_turn`, `max_tokens`, `stop_sequence`, `tool_use`, `refusal`.
    stop_reason: Option<String>,
    usage: MessageUsage,
}

/// What was used.
#[derive(ToSchema)]
pub(super) struct MessageUsage {
    input_tokens: u64,
    output_tokens: u64,
    cache_read_input_tokens: Option<u64>,
    cache_creation_input_tokens: Option<u64>,
}

/// A chat to be counted. Fields that are not listed pass through to Anthropic.
#[derive(ToSchema)]
pub(super) struct CountRequest {
    /// Any name of a model: its id, `provider/id`, or its UUID.
    #[schema(min_length = 1)]
    model: String,
    /// The conversation so far.
    #[schema(min_items = 1)]
    messages: Vec<MessageOfConversation>,
    /// What the model is to be, before all else: a text, or blocks.
    #[schema(value_type = Option<Value>)]
    system: Option<Value>,
}

/// A number of tokens.
#[derive(ToSchema)]
pub(super) struct TokenCount {
    input_tokens: u64,
}
