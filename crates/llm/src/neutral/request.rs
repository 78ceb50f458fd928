//! A request for one answer.

use serde_json::Value;

use super::{CacheBreak, Message};

/// A request for one answer.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ChatRequest {
    /// The model as the caller named it; the wire writes the target's id.
    pub model: String,
    /// The conversation, oldest first.
    pub messages: Vec<Message>,
    /// The longest answer, in tokens, hidden reasoning included.
    pub max_tokens: Option<u64>,
    /// Randomness.
    pub temperature: Option<f64>,
    /// Nucleus sampling.
    pub top_p: Option<f64>,
    /// Only the most likely words.
    pub top_k: Option<u64>,
    /// Texts that end the answer.
    pub stop: Vec<String>,
    /// For answers that can be repeated.
    pub seed: Option<i64>,
    /// Against repeating topics.
    pub presence_penalty: Option<f64>,
    /// Against repeating words.
    pub frequency_penalty: Option<f64>,
    /// Answer in pieces.
    pub stream: bool,
    /// Functions the model may call.
    pub tools: Vec<Tool>,
    /// Whether it may, must, or must not call them.
    pub tool_choice: Option<ToolChoice>,
    /// `Some(false)`: at most one call in an answer.
    pub parallel_tool_calls: Option<bool>,
    /// The form of the answer.
    pub response_format: Option<ResponseFormat>,
    /// How hard to think: `none` (not at all), `minimal`, `low`, `medium`, `high`
    /// and beyond.
    pub reasoning_effort: Option<String>,
    /// The most tokens to think with, where the client counts them itself.
    pub thinking_tokens: Option<u64>,
    /// Who asks, as the client names them.
    pub user: Option<String>,
    /// Fields of the client's body that have no neutral word.
    pub extras: Vec<Extra>,
}

/// A field without a neutral word. A wire that knows it by the same name may
/// take it; for all others it is left over.
#[derive(Debug, Clone, PartialEq)]
pub struct Extra {
    /// Its name in the client's body.
    pub field: String,
    /// Its value.
    pub value: Value,
}

/// A function the model may call.
#[derive(Debug, Clone, PartialEq)]
pub struct Tool {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// The JSON schema of its arguments.
    pub parameters: Option<Value>,
    /// Whether arguments must follow the schema to the letter.
    pub strict: Option<bool>,
    /// The tools up to this one may be kept by the provider.
    pub cache: Option<CacheBreak>,
}

/// Whether functions are called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ToolChoice {
    /// As the model sees fit.
    Auto,
    /// Not at all.
    None,
    /// At least one.
    Required,
    /// This one.
    Named(String),
}

/// The form of the answer.
#[derive(Debug, Clone, PartialEq)]
pub enum ResponseFormat {
    /// Free text.
    Text,
    /// Some JSON object.
    JsonObject,
    /// JSON by a schema.
    JsonSchema {
        /// The schema's name.
        name: String,
        /// What it is for.
        description: Option<String>,
        /// The schema.
        schema: Value,
        /// Whether to follow it to the letter.
        strict: Option<bool>,
    },
}
