//! A chat completions request, as far as the provider looks at it.

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::conversation::{Choice, Conversation, Format, Tool};
use crate::play::Outgoing;
use crate::refusal::Refusal;
use crate::strict::stranger;
use crate::wire::{Dialect, House};

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
    #[serde(default)]
    reasoning_effort: Option<Value>,
    #[serde(default)]
    reasoning: Option<Value>,
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

/// The refusal of a body that is no JSON, or not of this shape.
pub(crate) fn unread<'a>(error: &serde_json::Error, sentence: &'a str) -> Refusal<'a> {
    if error.is_data() { Refusal::WrongType(sentence) } else { Refusal::BrokenJson }
}

/// The fields that Mistral's schema has; any other is refused.
const OF_MISTRAL: [&str; 21] = [
    "model",
    "messages",
    "temperature",
    "top_p",
    "max_tokens",
    "stream",
    "stop",
    "random_seed",
    "n",
    "presence_penalty",
    "frequency_penalty",
    "response_format",
    "tools",
    "tool_choice",
    "parallel_tool_calls",
    "prediction",
    "prompt_mode",
    "reasoning_effort",
    "prompt_cache_key",
    "safe_prompt",
    "metadata",
];

/// A field that this house does not take at all.
pub(crate) fn stranger_to(house: House, body: &[u8]) -> Option<String> {
    if house != House::Mistral {
        return None;
    }
    let body: Map<String, Value> = serde_json::from_slice(body).ok()?;
    stranger(&body, &OF_MISTRAL).filter(|field| !matches!(*field, "guardrails" | "service_tier")).map(str::to_owned)
}

impl ChatRequest {
    /// The first thing OpenAI would complain about.
    pub(crate) fn complaint(&self, dialect: Dialect) -> Option<Outgoing> {
        let missing = |field: &str| Some(dialect.refuse(&Refusal::Missing(field)));
        let invalid = |field: &str, message: &str| Some(dialect.refuse(&Refusal::Invalid(field, message)));
        let Some(messages) = &self.messages else { return missing("messages") };
        if self.model.as_deref().unwrap_or_default().is_empty() {
            return missing("model");
        }
        if messages.is_empty() {
            let message = "Invalid 'messages': empty array. Expected an array with minimum length 1, but got an empty \
                           array instead.";
            return invalid("messages", message);
        }
        let known = |role: &str| matches!(role, "developer" | "system" | "user" | "assistant" | "tool" | "function");
        if let Some(wrong) = messages.iter().find(|message| !known(&message.role)) {
            let message = format!(
                "Invalid value: '{}'. Supported values are: 'system', 'assistant', 'user', 'function', 'tool', and \
                 'developer'.",
                wrong.role
            );
            return invalid("messages", &message);
        }
        if self.n.is_some_and(|n| !(1..=128).contains(&n)) {
            return invalid("n", "Invalid 'n': expected a value between 1 and 128.");
        }
        if self.max() == Some(0) {
            return invalid("max_tokens", "Invalid 'max_tokens': expected a value of at least 1.");
        }
        None
    }

    /// The request in no wire's own words.
    pub(crate) fn conversation(self) -> Conversation {
        let user = self.messages().iter().rev().find(|message| message.role == "user");
        let tool = self.messages().last().filter(|message| message.role == "tool");
        let texts = self.messages().iter().flat_map(Message::texts);
        Conversation {
            question: user.map(Message::text).unwrap_or_default(),
            images: user.map_or(0, Message::images),
            tool_result: tool.map(Message::text),
            characters: texts.map(|text| text.chars().count()).sum(),
            all_images: self.messages().iter().map(Message::images).sum(),
            max: self.max(),
            stops: self.stops().to_vec(),
            tools: self.tools.iter().flatten().filter_map(tool_of).collect(),
            choice: choice(self.tool_choice.as_ref()),
            format: format(self.response_format.as_ref()),
            choices: self.n.unwrap_or(1),
            streams: self.streams(),
            thinks: self.thinks(),
            model: self.model.unwrap_or_default(),
        }
    }

    /// Whether reasoning is asked for.
    fn thinks(&self) -> bool {
        let effort = self.reasoning_effort.as_ref().and_then(Value::as_str);
        let object = self.reasoning.as_ref().and_then(|reasoning| reasoning.get("effort")?.as_str());
        [effort, object].into_iter().flatten().any(|effort| effort != "none")
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
}

fn tool_of(tool: &Value) -> Option<Tool> {
    let function = tool.get("function")?;
    Some(Tool { name: function.get("name")?.as_str()?.to_owned(), parameters: function.get("parameters").cloned() })
}

fn choice(choice: Option<&Value>) -> Choice {
    match choice {
        Some(Value::String(word)) if word == "none" => Choice::Never,
        Some(Value::String(word)) if word == "required" || word == "any" => Choice::Required,
        Some(choice) => choice
            .pointer("/function/name")
            .and_then(Value::as_str)
            .map_or(Choice::Auto, |name| Choice::Named(name.to_owned())),
        None => Choice::Auto,
    }
}

fn format(format: Option<&Value>) -> Format {
    match format.and_then(|format| format.get("type")?.as_str()) {
        Some("json_object") => Format::Json,
        Some("json_schema") => {
            let schema = format.and_then(|format| format.pointer("/json_schema/schema"));
            Format::Schema(schema.cloned().unwrap_or(Value::Null))
        }
        _ => Format::Text,
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
