//! A chat in nobody's dialect: what every wire is translated from and to. It
//! holds what all providers share; what only one of them has stays in its wire.

use domain::Nanos;
use domain::usage::TokenCounts;
use serde_json::Value;

use crate::UpstreamError;

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
    /// How hard to think: `none`, `minimal`, `low`, `medium`, `high` and beyond.
    pub reasoning_effort: Option<String>,
}

/// Who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Instructions.
    System,
    /// Instructions, in the word of newer OpenAI models.
    Developer,
    /// The person.
    User,
    /// The model.
    Assistant,
    /// A function's result.
    Tool,
}

domain::text_enum!(Role, "role" {
    System => "system",
    Developer => "developer",
    User => "user",
    Assistant => "assistant",
    Tool => "tool",
});

/// One turn of the conversation.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// Who speaks.
    pub role: Role,
    /// What is said.
    pub parts: Vec<Part>,
}

/// A piece of a message.
#[derive(Debug, Clone, PartialEq)]
pub enum Part {
    /// Words.
    Text(String),
    /// A picture.
    Image {
        /// An `https:` or a `data:` URL.
        url: String,
        /// How closely to look: `auto`, `low`, `high`, `original`.
        detail: Option<String>,
    },
    /// The model asked for a function.
    ToolCall(ToolCall),
    /// What the function answered.
    ToolResult {
        /// The id of the call it answers.
        call_id: String,
        /// The answer.
        text: String,
    },
    /// Thoughts of an earlier answer.
    Reasoning(String),
}

/// A call of a function.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ToolCall {
    /// The provider's id, or one of ours where it gave none.
    pub id: String,
    /// The function.
    pub name: String,
    /// Its arguments, as JSON text.
    pub arguments: String,
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

/// Why an answer ended, in OpenAI's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FinishReason {
    /// It was complete.
    Stop,
    /// It reached a limit of tokens.
    Length,
    /// Functions are to be called.
    ToolCalls,
    /// A filter cut it off.
    ContentFilter,
}

domain::text_enum!(FinishReason, "finish reason" {
    Stop => "stop",
    Length => "length",
    ToolCalls => "tool_calls",
    ContentFilter => "content_filter",
});

impl FinishReason {
    /// The reason to report when functions were called: providers disagree about
    /// it, and a client decides by this word.
    #[must_use]
    pub const fn with_calls(self, has_calls: bool) -> Self {
        match self {
            Self::Stop if has_calls => Self::ToolCalls,
            other => other,
        }
    }
}

/// A whole answer.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Answer {
    /// The provider's id for it.
    pub id: String,
    /// The model that answered, as the provider names it.
    pub model: String,
    /// What it says.
    pub text: String,
    /// What it thought, where it shows that.
    pub reasoning: String,
    /// Why it declined, where it says so apart from the text.
    pub refusal: Option<String>,
    /// The functions it wants called.
    pub tool_calls: Vec<ToolCall>,
    /// Why it ended.
    pub finish: Option<FinishReason>,
    /// What it used; `None`: not said, or not believable.
    pub usage: Option<TokenCounts>,
    /// What the provider says it costs.
    pub cost: Option<Nanos>,
}

/// A piece of an answer that is still being written.
#[derive(Debug, Clone, PartialEq)]
pub enum StreamEvent {
    /// More text.
    Delta {
        /// The text to append.
        text: String,
    },
    /// More thoughts.
    Reasoning {
        /// The text to append.
        text: String,
    },
    /// More of a refusal.
    Refusal {
        /// The text to append.
        text: String,
    },
    /// A call of a function begins. Calls are numbered from 0 in the order of
    /// their beginning.
    ToolCallStart {
        /// Its number.
        index: usize,
        /// Its id.
        id: String,
        /// The function.
        name: String,
    },
    /// More of a call's arguments.
    ToolCallArguments {
        /// The call's number.
        index: usize,
        /// The JSON text to append.
        arguments: String,
    },
    /// What it used and, where the provider says so, costs. Once, at the end.
    Usage {
        /// The counts; `None`: not said, or not believable.
        tokens: Option<TokenCounts>,
        /// The provider's own price.
        cost: Option<Nanos>,
    },
    /// It is complete. Nothing follows.
    Finish(FinishReason),
    /// It failed. Nothing follows.
    Error(UpstreamError),
}
