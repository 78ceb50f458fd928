//! A question in each client's form, for a model of each provider.

use serde_json::{Value, json};

/// A format on the line.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// OpenAI's chat completions; the provider is Groq, which speaks no other.
    Chat,
    /// OpenAI's Responses.
    Responses,
    /// Anthropic's messages.
    Messages,
    /// Google's Gemini.
    Gemini,
}

/// What is asked.
pub(super) struct Ask {
    /// The user's message.
    pub(super) prompt: String,
    /// Whether the answer comes in pieces.
    pub(super) stream: bool,
}

impl Form {
    /// As the table calls it.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Chat => "openai-chat",
            Self::Responses => "openai-responses",
            Self::Messages => "anthropic",
            Self::Gemini => "gemini",
        }
    }

    /// A model of the provider that stands for this form.
    const fn model(self) -> &'static str {
        match self {
            Self::Chat => "llama-3.3-70b-versatile",
            Self::Responses => "gpt-5-mini",
            Self::Messages => "claude-haiku-4-5",
            Self::Gemini => "gemini-2.5-flash",
        }
    }

    /// The door for a client of this form that wants this provider's model.
    pub(super) const fn path(self, provider: Self, stream: bool) -> &'static str {
        match (self, provider, stream) {
            (Self::Chat, ..) => "/v1/chat/completions",
            (Self::Responses, ..) => "/v1/responses",
            (Self::Messages, ..) => "/v1/messages",
            (Self::Gemini, Self::Messages, true) => "/v1beta/models/claude-haiku-4-5:streamGenerateContent?alt=sse",
            (Self::Gemini, Self::Messages, false) => "/v1beta/models/claude-haiku-4-5:generateContent",
            (Self::Gemini, _, true) => "/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse",
            (Self::Gemini, _, false) => "/v1beta/models/gemini-2.5-flash:generateContent",
        }
    }

    /// The question in this form.
    pub(super) fn body(self, provider: Self, ask: &Ask) -> String {
        let (model, stream, prompt) = (provider.model(), ask.stream, ask.prompt.as_str());
        let messages = || json!([{"role": "user", "content": prompt}]);
        let body: Value = match self {
            Self::Chat => json!({"model": model, "stream": stream, "messages": messages()}),
            Self::Responses => json!({"model": model, "stream": stream, "input": prompt}),
            Self::Messages => json!({"model": model, "stream": stream, "max_tokens": 4096, "messages": messages()}),
            Self::Gemini => json!({"contents": [{"role": "user", "parts": [{"text": prompt}]}]}),
        };
        body.to_string()
    }
}
