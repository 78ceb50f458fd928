//! What Gemini's format is, as far as Ownkey looks at it. Only schemas: bodies
//! are read in `llm`.

#![expect(dead_code, reason = "only the schemas are used")]

use serde_json::Value;
use utoipa::ToSchema;

/// A call in Gemini's format. Fields that are not listed pass through to Google.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(super) struct GenerateContentRequest {
    /// The conversation so far, to be answered or counted.
    #[schema(min_items = 1)]
    contents: Option<Vec<ContentOfConversation>>,
    /// A whole call to be counted.
    #[schema(value_type = Option<Object>)]
    generate_content_request: Option<Value>,
    /// The text to be made into a vector.
    content: Option<ContentOfConversation>,
    /// The texts to be made into vectors, each with its `content`.
    #[schema(value_type = Option<Vec<Object>>)]
    requests: Option<Vec<Value>>,
    /// What the model is to be, before all else.
    system_instruction: Option<ContentOfConversation>,
    /// `maxOutputTokens`, `temperature`, `responseSchema` and the like.
    #[schema(value_type = Option<Object>)]
    generation_config: Option<Value>,
}

/// One message, in parts.
#[derive(ToSchema)]
pub(super) struct ContentOfConversation {
    #[schema(pattern = "^(user|model)$")]
    role: Option<String>,
    /// Texts, data and calls of functions, in their order.
    #[schema(value_type = Vec<Object>)]
    parts: Vec<Value>,
}

/// The answer; it may have more fields.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(super) struct GenerateContentResponse {
    /// The answers; Ownkey asks for one.
    #[schema(value_type = Option<Vec<Object>>)]
    candidates: Option<Vec<Value>>,
    usage_metadata: Option<UsageMetadata>,
    /// The number of tokens, where that was asked.
    total_tokens: Option<u64>,
    /// The vector, where one was asked.
    embedding: Option<Vector>,
    /// The vectors, where a list of them was asked.
    embeddings: Option<Vec<Vector>>,
    /// The model that answered, as the provider calls it.
    model_version: Option<String>,
    response_id: Option<String>,
}

/// What was used.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(super) struct UsageMetadata {
    prompt_token_count: Option<u64>,
    candidates_token_count: Option<u64>,
    thoughts_token_count: Option<u64>,
    total_token_count: Option<u64>,
}

/// A vector.
#[derive(ToSchema)]
pub(super) struct Vector {
    values: Vec<f64>,
}
