//! The formats the provider speaks and the houses it stands in for: whose words an error has, and how a stream is framed.

use crate::models::Maker;
use crate::play::Outgoing;
use crate::refusal::Refusal;
use crate::{gemini, messages, ollama, openai_chat, responses};

/// A format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wire {
    OpenAiChat,
    Responses,
    Messages,
    Gemini,
    Ollama,
}

/// Who a call takes the provider for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum House {
    OpenAi,
    Azure,
    Anthropic,
    Google,
    XAi,
    Groq,
    Mistral,
    OpenRouter,
    Fireworks,
    HuggingFace,
    Ollama,
    LmStudio,
}

impl House {
    /// Its name in the list of what the houses have, where it is in it.
    pub(crate) const fn name(self) -> Option<&'static str> {
        match self {
            Self::Azure => Some("azure"),
            Self::XAi => Some("xai"),
            Self::Groq => Some("groq"),
            Self::Mistral => Some("mistral"),
            Self::OpenRouter => Some("openrouter"),
            Self::Fireworks => Some("fireworks"),
            Self::HuggingFace => Some("huggingface"),
            Self::LmStudio => Some("lmstudio"),
            Self::OpenAi | Self::Anthropic | Self::Google | Self::Ollama => None,
        }
    }
}

/// A format as a house speaks it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Dialect {
    pub(crate) wire: Wire,
    pub(crate) house: House,
}

/// How a wire frames its streams.
#[derive(Debug)]
pub(crate) struct Manner {
    pub(crate) content_type: &'static str,
    /// An error in the middle of a stream, framed.
    pub(crate) error: fn() -> String,
    /// What keeps a silent stream alive.
    pub(crate) comment: &'static str,
    /// An event that is no JSON.
    pub(crate) garbage: &'static str,
    /// What stands before the first text, to spoil it.
    pub(crate) texts: &'static [&'static str],
}

impl Dialect {
    /// Refuses a call in the house's words.
    pub(crate) fn refuse(self, refusal: &Refusal<'_>) -> Outgoing {
        match self.wire {
            Wire::OpenAiChat | Wire::Responses => openai_chat::houses::refuse(self.house, refusal),
            Wire::Messages => messages::errors::refuse(refusal),
            Wire::Gemini => gemini::errors::refuse(refusal),
            Wire::Ollama => ollama::errors::refuse(refusal),
        }
    }

    /// An error as it stands in a body with status 200.
    pub(crate) fn error_body(self) -> String {
        match self.wire {
            Wire::OpenAiChat => openai_chat::houses::in_body(self.house),
            Wire::Responses => openai_chat::errors::in_body(),
            Wire::Messages => messages::errors::in_body(),
            Wire::Gemini => gemini::errors::in_body(),
            Wire::Ollama => ollama::errors::in_body(),
        }
    }

    /// How its streams are framed.
    pub(crate) fn manner(self) -> &'static Manner {
        match self.wire {
            Wire::OpenAiChat => &openai_chat::MANNER,
            Wire::Responses => &responses::MANNER,
            Wire::Messages => &messages::MANNER,
            Wire::Gemini => &gemini::MANNER,
            Wire::Ollama => &ollama::MANNER,
        }
    }

    /// Whose models it has.
    pub(crate) fn maker(self) -> Maker {
        match self.house {
            House::Anthropic => Maker::Anthropic,
            House::Google => Maker::Google,
            House::Ollama => Maker::Ollama,
            _ => Maker::OpenAi,
        }
    }
}
