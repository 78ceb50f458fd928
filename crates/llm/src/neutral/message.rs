//! The turns of a conversation.

use domain::provider::WireName;
use serde_json::Value;

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

impl Message {
    /// The calls of functions in it.
    pub fn calls(&self) -> impl Iterator<Item = &ToolCall> {
        self.parts.iter().filter_map(|part| if let Part::ToolCall(call) = part { Some(call) } else { None })
    }

    /// Its texts, joined.
    #[must_use]
    pub fn text(&self) -> String {
        self.parts
            .iter()
            .filter_map(|part| if let Part::Text(text) = part { Some(text.as_str()) } else { None })
            .collect()
    }
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
    /// A document.
    File(File),
    /// A sound.
    Audio {
        /// The sound, in base64.
        data: String,
        /// `wav`, `mp3`.
        format: String,
    },
    /// The model asked for a function.
    ToolCall(ToolCall),
    /// What the function answered.
    ToolResult(ToolResult),
    /// Thoughts of an earlier answer, in words.
    Reasoning(String),
    /// What the provider of an earlier answer wants back.
    Replay(ReplayState),
    /// Everything up to here may be kept by the provider.
    CacheBreak(CacheBreak),
}

/// Where the part of a prompt ends that a provider may keep.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CacheBreak {
    /// For how long: `5m`, `1h`; `None`: as the provider likes.
    pub ttl: Option<String>,
}

/// A document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Its name.
    pub name: Option<String>,
    /// What it is, `application/pdf`.
    pub media_type: Option<String>,
    /// Where it is.
    pub source: FileSource,
}

/// Where a document is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileSource {
    /// Here, in base64.
    Data(String),
    /// Here, as plain text.
    Text(String),
    /// At this address.
    Url(String),
    /// At the provider, under this id.
    Id(String),
}

/// What a function answered.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ToolResult {
    /// The id of the call it answers.
    pub call_id: String,
    /// The function, where the client says so.
    pub name: Option<String>,
    /// The answer: texts, and for some providers pictures and documents.
    pub parts: Vec<Part>,
    /// The function failed.
    pub is_error: bool,
}

impl ToolResult {
    /// An answer of words alone.
    #[must_use]
    pub fn of_text(call_id: impl Into<String>, text: impl Into<String>) -> Self {
        Self { call_id: call_id.into(), parts: vec![Part::Text(text.into())], ..Self::default() }
    }

    /// The answer's texts, joined.
    #[must_use]
    pub fn text(&self) -> String {
        self.parts
            .iter()
            .filter_map(|part| if let Part::Text(text) = part { Some(text.as_str()) } else { None })
            .collect()
    }
}

/// Opaque state that a provider gave with an answer and wants back, unchanged,
/// when the conversation goes on after a function was called: a signed thought,
/// a signature of a call, an encrypted train of thought. Clients of other
/// formats drop it, so that the server keeps it for them.
#[derive(Debug, Clone, PartialEq)]
pub struct ReplayState {
    /// The wire that gave it and can take it back.
    pub wire: WireName,
    /// The call it belongs to; `None`: the answer as a whole.
    pub call_id: Option<String>,
    /// The state, in the form of its wire.
    pub state: Value,
}

impl ReplayState {
    /// The states, each with the call it belongs to: one of the whole answer
    /// goes with the first call. An answer without calls needs none back.
    #[must_use]
    pub fn of_calls(states: Vec<Self>, first_call: Option<&str>) -> Vec<Self> {
        let with_call = |state: Self| {
            let call_id = Some(state.call_id.or_else(|| first_call.map(str::to_owned))?);
            Some(Self { call_id, ..state })
        };
        states.into_iter().filter_map(with_call).collect()
    }
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
