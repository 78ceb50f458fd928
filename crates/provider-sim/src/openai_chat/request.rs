//! A chat completions request, as far as the provider looks at it.

use serde::Deserialize;
use serde_json::Value;

use crate::play::Outgoing;

use super::errors;

/// The body of `POST /chat/completions`; unknown fields pass.
#[derive(Debug, Deserialize)]
pub(crate) struct ChatRequest {
    #[serde(default)]
    pub(crate) model: Option<String>,
    #[serde(default)]
    pub(crate) messages: Option<Vec<Message>>,
    #[serde(default)]
    pub(crate) stream: Option<bool>,
    #[serde(default)]
    pub(crate) stream_options: Option<StreamOptions>,
    #[serde(default)]
    max_tokens: Option<u64>,
    #[serde(default)]
    max_completion_tokens: Option<u64>,
    #[serde(default)]
    pub(crate) n: Option<usize>,
    #[serde(default)]
    stop: Option<Stop>,
    #[serde(default)]
    tools: Option<Vec<Value>>,
    #[serde(default)]
    pub(crate) tool_choice: Option<Value>,
    #[serde(default)]
    pub(crate) response_format: Option<Value>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct StreamOptions {
    #[serde(default)]
    pub(crate) include_usage: Option<bool>,
    #[serde(default)]
    pub(crate) include_obfuscation: Option<bool>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Message {
    pub(crate) role: String,
    #[serde(default)]
    content: Option<Content>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Content {
    Text(String),
    Parts(Vec<Part>),
}

#[derive(Debug, Deserialize)]
struct Part {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    text: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Stop {
    One(String),
    Several(Vec<String>),
}

/// A function tool.
#[derive(Debug)]
pub(crate) struct Tool<'a> {
    pub(crate) name: &'a str,
    pub(crate) parameters: Option<&'a Value>,
}

/// The refusal of a body that is no JSON, or not of this shape.
pub(crate) fn refuse(error: &serde_json::Error) -> Outgoing {
    if error.is_data() { errors::wrong_type(&error.to_string()) } else { errors::broken_json() }
}

impl ChatRequest {
    /// The first thing OpenAI would complain about.
    pub(crate) fn complaint(&self) -> Option<Outgoing> {
        let Some(messages) = &self.messages else { return Some(errors::missing("messages")) };
        if self.model.as_deref().unwrap_or_default().is_empty() {
            return Some(errors::missing("model"));
        }
        if messages.is_empty() {
            let message = "Invalid 'messages': empty array. Expected an array with minimum length 1, but got an empty \
                           array instead.";
            return Some(errors::invalid("messages", message));
        }
        let known = |role: &str| matches!(role, "developer" | "system" | "user" | "assistant" | "tool" | "function");
        if let Some(wrong) = messages.iter().find(|message| !known(&message.role)) {
            let message = format!(
                "Invalid value: '{}'. Supported values are: 'system', 'assistant', 'user', 'function', 'tool', and \
                 'developer'.",
                wrong.role
            );
            return Some(errors::invalid("messages", &message));
        }
        if self.n.is_some_and(|n| !(1..=128).contains(&n)) {
            return Some(errors::invalid("n", "Invalid 'n': expected a value between 1 and 128."));
        }
        (self.max() == Some(0))
            .then(|| errors::invalid("max_tokens", "Invalid 'max_tokens': expected a value of at least 1."))
    }

    pub(crate) fn messages(&self) -> &[Message] {
        self.messages.as_deref().unwrap_or_default()
    }

    /// The most completion tokens a choice may have.
    pub(crate) fn max(&self) -> Option<u64> {
        self.max_completion_tokens.or(self.max_tokens)
    }

    pub(crate) fn stops(&self) -> &[String] {
        match &self.stop {
            None => &[],
            Some(Stop::One(stop)) => std::slice::from_ref(stop),
            Some(Stop::Several(stops)) => stops,
        }
    }

    pub(crate) fn streams(&self) -> bool {
        self.stream == Some(true)
    }

    pub(crate) fn wants_usage(&self) -> bool {
        self.stream_options.as_ref().is_some_and(|options| options.include_usage == Some(true))
    }

    pub(crate) fn wants_obfuscation(&self) -> bool {
        self.stream_options.as_ref().is_none_or(|options| options.include_obfuscation != Some(false))
    }

    /// The text of the last user message.
    pub(crate) fn question(&self) -> String {
        self.messages().iter().rev().find(|message| message.role == "user").map(Message::text).unwrap_or_default()
    }

    /// The function tool of this name, or the first one.
    pub(crate) fn tool(&self, name: Option<&str>) -> Option<Tool<'_>> {
        let functions = self.tools.iter().flatten().filter_map(|tool| tool.get("function"));
        let mut tools = functions.filter_map(|function| {
            Some(Tool { name: function.get("name")?.as_str()?, parameters: function.get("parameters") })
        });
        tools.find(|tool| name.is_none_or(|name| name == tool.name))
    }

    /// Tokens of all messages: their text, and 85 for an image.
    pub(crate) fn prompt_tokens(&self) -> u64 {
        let characters = self.messages().iter().flat_map(Message::texts).map(|text| text.chars().count()).sum();
        let images = self.messages().iter().map(Message::images).sum::<usize>() as u64;
        super::usage::tokens(characters) + images * 85
    }
}

impl Message {
    fn texts(&self) -> impl Iterator<Item = &str> {
        let (text, parts) = match &self.content {
            None => (None, None),
            Some(Content::Text(text)) => (Some(text.as_str()), None),
            Some(Content::Parts(parts)) => (None, Some(parts)),
        };
        text.into_iter().chain(parts.into_iter().flatten().filter_map(|part| part.text.as_deref()))
    }

    pub(crate) fn text(&self) -> String {
        self.texts().collect::<Vec<_>>().join("\n")
    }

    pub(crate) fn images(&self) -> usize {
        match &self.content {
            Some(Content::Parts(parts)) => parts.iter().filter(|part| part.kind == "image_url").count(),
            _ => 0,
        }
    }
}
