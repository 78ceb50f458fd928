//! The providers: one table of what is known about each before any key is
//! there. Facts come from the providers' own documentation and client libraries
//! as of November 2026.

use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A provider, by its one id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ProviderId {
    /// OpenAI.
    OpenAi,
    /// Anthropic.
    Anthropic,
    /// Google Gemini.
    Google,
    /// xAI.
    XAi,
    /// Azure OpenAI.
    Azure,
    /// The Hugging Face router.
    HuggingFace,
    /// OpenRouter.
    OpenRouter,
    /// Groq.
    Groq,
    /// Mistral.
    Mistral,
    /// Fireworks AI.
    Fireworks,
    /// A local Ollama.
    Ollama,
    /// A local LM Studio.
    LmStudio,
    /// Anything that speaks OpenAI's wire.
    Custom,
}

/// Whether a provider is somebody's service or runs on the operator's machines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ProviderKind {
    /// Reached over the internet, paid with a key.
    External,
    /// Runs nearby and costs nothing.
    Local,
}

/// A message format on the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum WireName {
    /// OpenAI's chat completions.
    #[serde(rename = "openai-chat")]
    OpenAiChat,
    /// OpenAI's responses.
    #[serde(rename = "openai-responses")]
    OpenAiResponses,
    /// Anthropic's messages.
    #[serde(rename = "anthropic-messages")]
    AnthropicMessages,
    /// Gemini's generateContent.
    #[serde(rename = "gemini")]
    Gemini,
    /// Ollama's own chat.
    #[serde(rename = "ollama-native")]
    OllamaNative,
}

crate::text_enum!(WireName, "wire" {
    OpenAiChat => "openai-chat",
    OpenAiResponses => "openai-responses",
    AnthropicMessages => "anthropic-messages",
    Gemini => "gemini",
    OllamaNative => "ollama-native",
});

/// What is known of a provider before any key is there.
#[derive(Debug)]
pub struct Provider {
    /// Its id.
    pub id: ProviderId,
    /// The id as text.
    pub name: &'static str,
    /// Other spellings taken in.
    pub spellings: &'static [&'static str],
    /// The name people know.
    pub display_name: &'static str,
    /// One sentence for someone who has not met it.
    pub description: &'static str,
    /// Service or local.
    pub kind: ProviderKind,
    /// The format it speaks.
    pub wire: WireName,
    /// Where it listens unless told otherwise; `None`: each key names its own.
    pub default_base: Option<&'static str>,
    /// Whether a key must be given.
    pub needs_key: bool,
    /// What a key begins with, the longest first. Hints, never rules.
    pub key_prefixes: &'static [&'static str],
    /// A made-up key, to show the shape.
    pub key_example: &'static str,
    /// Where a person gets a key.
    pub key_url: &'static str,
    /// The provider's documentation.
    pub docs_url: &'static str,
    /// Environment variables that may hold a key, the first one found wins.
    pub key_variables: &'static [&'static str],
    /// Environment variables that may hold the base URL.
    pub base_variables: &'static [&'static str],
    /// The name of its field in `PATCH /v2/users/me/api-key`, without `_api_key`.
    pub has_short_field: bool,
}

impl ProviderId {
    /// The table's row.
    #[must_use]
    pub fn facts(self) -> &'static Provider {
        // The table is in the order of the enum; a test holds them together.
        &PROVIDERS[self as usize]
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.facts().name
    }

    /// The name people know.
    #[must_use]
    pub fn display_name(self) -> &'static str {
        self.facts().display_name
    }

    /// Whether each key of this provider names its own endpoint, so that a key
    /// which does not serve a model is absent for it, not failing.
    #[must_use]
    pub const fn is_endpoint_bound(self) -> bool {
        matches!(self, Self::Azure | Self::Custom | Self::Ollama | Self::LmStudio)
    }

    /// Whether requests of this wire can be passed on to it as they are.
    #[must_use]
    pub fn speaks(self, wire: WireName) -> bool {
        let has_responses = matches!(self, Self::OpenAi | Self::Azure);
        self.facts().wire == wire || (wire == WireName::OpenAiResponses && has_responses)
    }

    /// Whether it keeps answers under their ids, so that a conversation can go on
    /// from one.
    #[must_use]
    pub const fn keeps_answers(self) -> bool {
        matches!(self, Self::OpenAi | Self::Azure)
    }

    /// All providers, in the table's order.
    pub fn all() -> impl Iterator<Item = Self> {
        PROVIDERS.iter().map(|provider| provider.id)
    }
}

impl std::fmt::Display for ProviderId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for ProviderId {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wanted = text.trim().to_ascii_lowercase();
        PROVIDERS
            .iter()
            .find(|provider| provider.name == wanted || provider.spellings.contains(&wanted.as_str()))
            .map(|provider| provider.id)
            .ok_or_else(|| {
                let known: Vec<_> = PROVIDERS.iter().map(|provider| provider.name).collect();
                format!("unknown provider; the known ones are: {}", known.join(", "))
            })
    }
}

impl Serialize for ProviderId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for ProviderId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// The table, in the order in which providers are preferred for a model that
/// several of them serve.
pub static PROVIDERS: [Provider; 13] = [
    Provider {
        id: ProviderId::OpenAi,
        name: "openai",
        spellings: &[],
        display_name: "OpenAI",
        description: "GPT models from their maker.",
        kind: ProviderKind::External,
        wire: WireName::OpenAiChat,
        default_base: Some("https://api.openai.com/v1"),
        needs_key: true,
        key_prefixes: &["sk-proj-", "sk-svcacct-", "sk-admin-", "sk-"],
        key_example: "sk-proj-…",
        key_url: "https://platform.openai.com/api-keys",
        docs_url: "https://developers.openai.com/api/docs",
        key_variables: &["OPENAI_API_KEY"],
        base_variables: &["OPENAI_BASE_URL"],
        has_short_field: true,
    },
    Provider {
        id: ProviderId::Anthropic,
        name: "anthropic",
        spellings: &["claude"],
        display_name: "Anthropic",
        description: "Claude models from their maker.",
        kind: ProviderKind::External,
        wire: WireName::AnthropicMessages,
        default_base: Some("https://api.anthropic.com"),
        needs_key: true,
        key_prefixes: &["sk-ant-"],
        key_example: "sk-ant-api03-…",
        key_url: "https://console.anthropic.com/settings/keys",
        docs_url: "https://docs.claude.com",
        key_variables: &["ANTHROPIC_API_KEY"],
        base_variables: &["ANTHROPIC_BASE_URL"],
        has_short_field: true,
    },
    Provider {
        id: ProviderId::Google,
        name: "google",
        spellings: &["gemini", "google_gemini"],
        display_name: "Google Gemini",
        description: "Gemini models from their maker.",
        kind: ProviderKind::External,
        wire: WireName::Gemini,
        default_base: Some("https://generativelanguage.googleapis.com"),
        needs_key: true,
        key_prefixes: &["AIza", "AQ."],
        key_example: "AIza…",
        key_url: "https://aistudio.google.com/app/apikey",
        docs_url: "https://ai.google.dev/gemini-api/docs",
        key_variables: &["GEMINI_API_KEY", "GOOGLE_API_KEY"],
        base_variables: &["GEMINI_BASE_URL", "GOOGLE_BASE_URL"],
        has_short_field: true,
    },
    Provider {
        id: ProviderId::XAi,
        name: "xai",
        spellings: &["grok", "x-ai", "x_ai"],
        display_name: "xAI",
        description: "Grok models from their maker.",
        kind: ProviderKind::External,
        wire: WireName::OpenAiChat,
        default_base: Some("https://api.x.ai/v1"),
        needs_key: true,
        key_prefixes: &["xai-"],
        key_example: "xai-…",
        key_url: "https://console.x.ai",
        docs_url: "https://docs.x.ai",
        key_variables: &["XAI_API_KEY"],
        base_variables: &["XAI_BASE_URL"],
        has_short_field: true,
    },
    Provider {
        id: ProviderId::Azure,
        name: "azure",
        spellings: &["azure_openai", "azure-openai"],
        display_name: "Azure OpenAI",
        description: "OpenAI models deployed in your own Azure resource.",
        kind: ProviderKind::External,
        wire: WireName::OpenAiChat,
        default_base: None,
        needs_key: true,
        key_prefixes: &[],
        key_example: "32 or 84 characters",
        key_url: "https://portal.azure.com",
        docs_url: "https://learn.microsoft.com/azure/ai-foundry/openai",
        key_variables: &["AZURE_OPENAI_API_KEY"],
        base_variables: &["AZURE_OPENAI_ENDPOINT"],
        has_short_field: true,
    },
    Provider {
        id: ProviderId::HuggingFace,
        name: "huggingface",
        spellings: &["hugging_face", "hugging-face", "hf"],
        display_name: "Hugging Face",
        description: "Open models through Hugging Face's inference providers.",
        kind: ProviderKind::External,
        wire: WireName::OpenAiChat,
        default_base: Some("https://router.huggingface.co/v1"),
        needs_key: true,
        key_prefixes: &["hf_"],
        key_example: "hf_…",
        key_url: "https://huggingface.co/settings/tokens",
        docs_url: "https://huggingface.co/docs",
        key_variables: &["HF_TOKEN"],
        base_variables: &["HF_BASE_URL"],
        has_short_field: true,
    },
    Provider {
        id: ProviderId::OpenRouter,
        name: "openrouter",
        spellings: &["open_router", "open-router"],
        display_name: "OpenRouter",
        description: "Models of many makers behind one key.",
        kind: ProviderKind::External,
        wire: WireName::OpenAiChat,
        default_base: Some("https://openrouter.ai/api/v1"),
        needs_key: true,
        key_prefixes: &["sk-or-"],
        key_example: "sk-or-v1-…",
        key_url: "https://openrouter.ai/settings/keys",
        docs_url: "https://openrouter.ai/docs",
        key_variables: &["OPENROUTER_API_KEY"],
        base_variables: &["OPENROUTER_BASE_URL"],
        has_short_field: true,
    },
    Provider {
        id: ProviderId::Groq,
        name: "groq",
        spellings: &[],
        display_name: "Groq",
        description: "Open models, served fast.",
        kind: ProviderKind::External,
        wire: WireName::OpenAiChat,
        default_base: Some("https://api.groq.com/openai/v1"),
        needs_key: true,
        key_prefixes: &["gsk_"],
        key_example: "gsk_…",
        key_url: "https://console.groq.com/keys",
        docs_url: "https://console.groq.com/docs",
        key_variables: &["GROQ_API_KEY"],
        base_variables: &["GROQ_BASE_URL"],
        has_short_field: true,
    },
    Provider {
        id: ProviderId::Mistral,
        name: "mistral",
        spellings: &["mistralai"],
        display_name: "Mistral",
        description: "Mistral models from their maker.",
        kind: ProviderKind::External,
        wire: WireName::OpenAiChat,
        default_base: Some("https://api.mistral.ai/v1"),
        needs_key: true,
        key_prefixes: &[],
        key_example: "32 letters and digits",
        key_url: "https://console.mistral.ai/api-keys",
        docs_url: "https://docs.mistral.ai",
        key_variables: &["MISTRAL_API_KEY"],
        base_variables: &["MISTRAL_BASE_URL"],
        has_short_field: true,
    },
    Provider {
        id: ProviderId::Fireworks,
        name: "fireworks",
        spellings: &["fireworks_ai", "fireworks-ai"],
        display_name: "Fireworks AI",
        description: "Open models, hosted.",
        kind: ProviderKind::External,
        wire: WireName::OpenAiChat,
        default_base: Some("https://api.fireworks.ai/inference/v1"),
        needs_key: true,
        key_prefixes: &["fw_"],
        key_example: "fw_…",
        key_url: "https://app.fireworks.ai/settings/users/api-keys",
        docs_url: "https://docs.fireworks.ai",
        key_variables: &["FIREWORKS_API_KEY"],
        base_variables: &["FIREWORKS_BASE_URL"],
        has_short_field: true,
    },
    Provider {
        id: ProviderId::Ollama,
        name: "ollama",
        spellings: &[],
        display_name: "Ollama",
        description: "Open models on your own machine.",
        kind: ProviderKind::Local,
        wire: WireName::OllamaNative,
        default_base: Some("http://127.0.0.1:11434/v1"),
        needs_key: false,
        key_prefixes: &[],
        key_example: "",
        key_url: "",
        docs_url: "https://docs.ollama.com",
        key_variables: &[],
        base_variables: &["OLLAMA_HOST"],
        has_short_field: false,
    },
    Provider {
        id: ProviderId::LmStudio,
        name: "lmstudio",
        spellings: &["lm_studio", "lm-studio"],
        display_name: "LM Studio",
        description: "Open models on your own machine.",
        kind: ProviderKind::Local,
        wire: WireName::OpenAiChat,
        default_base: Some("http://127.0.0.1:1234/v1"),
        needs_key: false,
        key_prefixes: &[],
        key_example: "",
        key_url: "",
        docs_url: "https://lmstudio.ai/docs/developer",
        key_variables: &[],
        base_variables: &["LMSTUDIO_BASE_URL"],
        has_short_field: false,
    },
    Provider {
        id: ProviderId::Custom,
        name: "custom",
        spellings: &["openai_compatible", "openai-compatible"],
        display_name: "OpenAI-compatible",
        description: "Any other endpoint that speaks OpenAI's chat completions.",
        kind: ProviderKind::External,
        wire: WireName::OpenAiChat,
        default_base: None,
        needs_key: false,
        key_prefixes: &[],
        key_example: "",
        key_url: "",
        docs_url: "",
        key_variables: &[],
        base_variables: &[],
        has_short_field: false,
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_the_order_of_the_ids() {
        for (index, provider) in PROVIDERS.iter().enumerate() {
            assert_eq!(provider.id as usize, index, "{}", provider.name);
        }
    }

    #[test]
    fn every_spelling_users_have_leads_to_its_provider() {
        for (spelling, id) in [
            ("gemini", ProviderId::Google),
            ("google_gemini", ProviderId::Google),
            ("grok", ProviderId::XAi),
            ("azure_openai", ProviderId::Azure),
            ("hugging_face", ProviderId::HuggingFace),
            ("fireworks_ai", ProviderId::Fireworks),
            ("lm_studio", ProviderId::LmStudio),
            (" OpenAI ", ProviderId::OpenAi),
        ] {
            assert_eq!(spelling.parse(), Ok(id), "{spelling}");
        }
        assert!("opena".parse::<ProviderId>().unwrap_err().contains("openai"));
    }
}
