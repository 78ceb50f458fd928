//! What OpenAI's format is, as far as Ownkey looks at it. Only schemas: bodies
//! pass through as they are.

#![expect(dead_code, reason = "only the schemas are used")]

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

/// A chat call in OpenAI's format. Fields that are not listed pass through.
#[derive(ToSchema)]
pub(super) struct ChatCompletionRequest {
    /// Any name of a model: its id, `provider/id`, or its UUID.
    #[schema(min_length = 1)]
    model: String,
    /// The conversation so far.
    #[schema(min_items = 1)]
    messages: Vec<ChatCompletionMessage>,
    /// Whether the answer is to come as events.
    stream: Option<bool>,
    stream_options: Option<StreamOptions>,
    #[schema(minimum = 1)]
    max_completion_tokens: Option<u64>,
    /// The older name of `max_completion_tokens`.
    #[schema(minimum = 1)]
    max_tokens: Option<u64>,
    #[schema(minimum = 0, maximum = 2)]
    temperature: Option<f64>,
    #[schema(minimum = 0, maximum = 1)]
    top_p: Option<f64>,
}

/// What a stream ends with.
#[derive(ToSchema)]
pub(super) struct StreamOptions {
    /// Whether the last event before the end says what was used.
    include_usage: Option<bool>,
}

/// One message.
#[derive(ToSchema)]
pub(super) struct ChatCompletionMessage {
    #[schema(pattern = "^(system|developer|user|assistant|tool|function)$")]
    role: String,
    /// A text, or parts.
    #[schema(value_type = Option<Value>)]
    content: Option<Value>,
}

/// The provider's answer; it may have more fields.
#[derive(ToSchema)]
pub(super) struct ChatCompletion {
    /// The provider's id of the answer.
    #[schema(pattern = "@text")]
    id: String,
    object: String,
    /// Seconds since 1970.
    created: i64,
    /// The model that answered, as the provider calls it.
    model: String,
    choices: Vec<Choice>,
    usage: Option<CompletionUsage>,
}

/// One answer.
#[derive(ToSchema)]
pub(super) struct Choice {
    index: u64,
    message: ChatCompletionMessage,
    /// Why it ended: `stop`, `length`, `tool_calls`, `content_filter`.
    finish_reason: Option<String>,
}

/// What was used.
#[derive(ToSchema)]
pub(super) struct CompletionUsage {
    prompt_tokens: u64,
    completion_tokens: u64,
    total_tokens: u64,
}

/// A call in the format of OpenAI's Responses. Fields that are not listed pass
/// through to providers of that format.
#[derive(ToSchema)]
pub(super) struct ResponseRequest {
    /// Any name of a model: its id, `provider/id`, or its UUID.
    #[schema(min_length = 1)]
    model: String,
    /// A text, or the items of the conversation so far.
    #[schema(value_type = Value)]
    input: Value,
    /// What the model is to be, before all else.
    instructions: Option<String>,
    /// Whether the answer is to come as events.
    stream: Option<bool>,
    #[schema(minimum = 16)]
    max_output_tokens: Option<u64>,
    /// The answer this one goes on from, where its provider keeps it.
    previous_response_id: Option<String>,
    #[schema(minimum = 0, maximum = 2)]
    temperature: Option<f64>,
    #[schema(minimum = 0, maximum = 1)]
    top_p: Option<f64>,
}

/// The answer, in the format of Responses; it may have more fields.
#[derive(ToSchema)]
pub(super) struct ResponseObject {
    id: String,
    object: String,
    /// Seconds since 1970.
    created_at: f64,
    /// The model that answered, as the provider calls it.
    model: String,
    /// `completed`, `incomplete`, `failed`, `in_progress`.
    status: String,
    /// Messages, calls of functions and reasoning, in their order.
    output: Vec<Value>,
    usage: Option<ResponseUsage>,
}

/// What was used, in the words of Responses.
#[derive(ToSchema)]
pub(super) struct ResponseUsage {
    input_tokens: u64,
    output_tokens: u64,
    total_tokens: u64,
}

/// Texts to be made into vectors, in OpenAI's format. Fields that are not listed
/// pass through to providers of that format.
#[derive(ToSchema)]
pub(super) struct EmbeddingsRequest {
    /// Any name of a model: its id, `provider/id`, or its UUID.
    #[schema(min_length = 1)]
    model: String,
    input: EmbeddingsInput,
    /// How many numbers a vector has.
    #[schema(minimum = 1)]
    dimensions: Option<u64>,
    #[schema(pattern = "^(float|base64)$")]
    encoding_format: Option<String>,
    user: Option<String>,
}

/// A text, a list of texts, a list of tokens, or a list of such lists.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub(super) enum EmbeddingsInput {
    Text(String),
    Texts(Vec<String>),
    Tokens(Vec<u64>),
    TokenLists(Vec<Vec<u64>>),
}

/// Vectors; the provider's answer may have more fields.
#[derive(ToSchema)]
pub(super) struct Embeddings {
    object: String,
    data: Vec<Embedding>,
    /// The model that made them, as the provider calls it.
    model: String,
    usage: Option<EmbeddingsUsage>,
}

/// One vector.
#[derive(ToSchema)]
pub(super) struct Embedding {
    index: u64,
    /// Numbers, or the base64 of 32-bit floats.
    #[schema(value_type = Value)]
    embedding: Value,
}

/// What the vectors took.
#[derive(ToSchema)]
pub(super) struct EmbeddingsUsage {
    prompt_tokens: u64,
    total_tokens: u64,
}

/// A call that is passed on as it is, with all its fields.
#[derive(ToSchema)]
pub(super) struct PassedRequest {
    /// Any name of a model: its id, `provider/id`, or its UUID.
    #[schema(min_length = 1)]
    model: String,
    /// Whether the answer is to come as events, where the provider has that.
    stream: Option<bool>,
}

/// A text to be judged, passed on as it is, with all its fields.
#[derive(ToSchema)]
pub(super) struct ModerationRequest {
    /// Any name of a model; OpenAI's newest one where none is named.
    #[schema(min_length = 1)]
    model: Option<String>,
}

/// The provider's answer, as it is.
#[derive(ToSchema)]
pub(super) struct PassedAnswer {
    /// What was used, where the provider says so.
    #[schema(value_type = Option<Object>)]
    usage: Option<Value>,
}

/// An answer that its provider has forgotten.
#[derive(ToSchema)]
pub(super) struct DeletedResponse {
    id: String,
    object: String,
    deleted: bool,
}

/// What an answer answered to.
#[derive(ToSchema)]
pub(super) struct ResponseItems {
    /// `list`.
    object: String,
    data: Vec<Value>,
    first_id: Option<String>,
    last_id: Option<String>,
    has_more: bool,
}
