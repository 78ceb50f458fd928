//! Which request fields a provider takes. What has no effect on the answer is
//! left out and reported; what would change it is refused, unless the caller
//! asked for leniency. One table; everything else here reads it.
//!
//! Source: the providers' API references as of November 2026.

pub mod openai;

use domain::ProviderId;
use domain::provider::WireName;
use thiserror::Error;

/// A field that the target cannot take, and that would change the answer.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "{} does not take `{field}` for the model {model}, and the answer would differ without it. Leave it out, or send \
     `x-ownkey-params: lenient` to have it left out.",
    provider.display_name()
)]
pub struct Unsupported {
    /// The field.
    pub field: String,
    /// The provider's id for the model.
    pub model: String,
    /// The provider.
    pub provider: ProviderId,
}

/// What becomes of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// Sent as it is.
    Passes,
    /// Sent under this name.
    Renamed(&'static str),
    /// Left out: the answer is the same.
    Dropped,
    /// Cannot be sent, and the answer would differ.
    Refused,
}

/// How a provider treats `stream_options`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StreamOptions {
    /// Takes it: usage is always asked for.
    Taken,
    /// Does not take it: usage comes by itself.
    Dropped,
    /// Unknown: sent when the client sends it.
    AsGiven,
}

/// A provider's row.
#[derive(Debug)]
pub struct Rules {
    /// Its way with `stream_options`.
    pub stream_options: StreamOptions,
    /// Its name for the longest answer, where we write it ourselves.
    pub limit_field: &'static str,
    /// The only fields it takes; empty: it takes what it does not know.
    allowed: &'static [&'static str],
    /// Without effect there, or refused without need.
    dropped: &'static [&'static str],
    /// Would change the answer, and cannot be had.
    refused: &'static [&'static str],
    /// As `refused`, for models that reason.
    refused_by_reasoning: &'static [&'static str],
    /// Its own names.
    renamed: &'static [(&'static str, &'static str)],
}

/// Fields that never change an answer.
const WITHOUT_EFFECT: [&str; 19] = [
    "user",
    "obfuscation",
    "store",
    "metadata",
    "service_tier",
    "prompt_cache_key",
    "prompt_cache_retention",
    "prompt_cache_options",
    "safety_identifier",
    "stream_options",
    // Anthropic's: what its server keeps or clears of the prompt it is sent.
    "cache_control",
    "context_management",
    // Google's: filters of its own, and words for its bill.
    "safetySettings",
    "labels",
    // Responses': what is told beside the answer, and of tools that OpenAI runs.
    "client_metadata",
    "include",
    "max_tool_calls",
    "reasoning.summary",
    "truncation",
];

const OPEN: Rules = Rules {
    stream_options: StreamOptions::Taken,
    limit_field: "max_completion_tokens",
    allowed: &[],
    dropped: &[],
    refused: &[],
    refused_by_reasoning: &[],
    renamed: &[],
};

static OPENAI: Rules = OPEN;

static HUGGINGFACE: Rules = Rules { limit_field: "max_tokens", ..OPEN };

static OPENROUTER: Rules = Rules { limit_field: "max_tokens", ..OPEN };

static CUSTOM: Rules = Rules { stream_options: StreamOptions::AsGiven, limit_field: "max_tokens", ..OPEN };

static XAI: Rules = Rules {
    limit_field: "max_tokens",
    dropped: &["store", "metadata", "service_tier", "prompt_cache_key", "safety_identifier"],
    refused: &["logit_bias"],
    refused_by_reasoning: &["stop", "presence_penalty", "frequency_penalty"],
    ..OPEN
};

static GROQ: Rules = Rules {
    dropped: &["store", "metadata", "prompt_cache_key", "safety_identifier"],
    refused: &["n", "logprobs", "top_logprobs", "logit_bias", "presence_penalty", "frequency_penalty"],
    ..OPEN
};

static FIREWORKS: Rules = Rules {
    stream_options: StreamOptions::Dropped,
    limit_field: "max_tokens",
    dropped: &["store", "metadata", "service_tier", "safety_identifier"],
    // It takes either name, but not both.
    renamed: &[("max_completion_tokens", "max_tokens")],
    ..OPEN
};

static MISTRAL: Rules = Rules {
    stream_options: StreamOptions::Dropped,
    limit_field: "max_tokens",
    allowed: &[
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
        "guardrails",
        "service_tier",
    ],
    renamed: &[("max_completion_tokens", "max_tokens"), ("seed", "random_seed")],
    ..OPEN
};

static OLLAMA: Rules = Rules {
    limit_field: "max_tokens",
    dropped: &["user", "store", "metadata", "service_tier", "prompt_cache_key", "safety_identifier"],
    refused: &["n", "logit_bias", "tool_choice"],
    renamed: &[("max_completion_tokens", "max_tokens")],
    ..OPEN
};

static LMSTUDIO: Rules = Rules {
    limit_field: "max_tokens",
    dropped: &["user", "store", "metadata", "service_tier", "prompt_cache_key", "safety_identifier"],
    refused: &["n"],
    renamed: &[("max_completion_tokens", "max_tokens")],
    ..OPEN
};

/// Whether no answer depends on this field, whatever the provider.
pub(crate) fn is_without_effect(field: &str) -> bool {
    WITHOUT_EFFECT.contains(&field)
}

/// What a client's wire calls a field of openai-chat's name.
pub(crate) fn client_name(client: WireName, field: &str) -> &str {
    let names: &[(&str, &str)] = match client {
        WireName::OpenAiChat | WireName::OllamaNative => &[],
        WireName::OpenAiResponses => &[
            ("max_tokens", "max_output_tokens"),
            ("reasoning_effort", "reasoning.effort"),
            ("response_format", "text.format"),
            ("messages", "input"),
            ("user", "safety_identifier"),
            ("verbosity", "text.verbosity"),
            ("logprobs", "include"),
            ("messages.input_audio", "input"),
        ],
        WireName::AnthropicMessages => &[
            ("stop", "stop_sequences"),
            ("reasoning_effort", "thinking"),
            ("thinking_tokens", "thinking"),
            ("response_format", "output_config.format"),
            ("user", "metadata.user_id"),
            ("parallel_tool_calls", "tool_choice.disable_parallel_tool_use"),
        ],
        WireName::Gemini => &[
            ("messages", "contents"),
            ("max_tokens", "generationConfig.maxOutputTokens"),
            ("temperature", "generationConfig.temperature"),
            ("top_p", "generationConfig.topP"),
            ("top_k", "generationConfig.topK"),
            ("stop", "generationConfig.stopSequences"),
            ("seed", "generationConfig.seed"),
            ("presence_penalty", "generationConfig.presencePenalty"),
            ("frequency_penalty", "generationConfig.frequencyPenalty"),
            ("reasoning_effort", "generationConfig.thinkingConfig"),
            ("thinking_tokens", "generationConfig.thinkingConfig"),
            ("response_format", "generationConfig.responseMimeType"),
            ("tool_choice", "toolConfig"),
            ("dimensions", "outputDimensionality"),
            ("input", "content"),
        ],
    };
    names.iter().find(|(name, _)| *name == field).map_or(field, |(_, theirs)| theirs)
}

/// A provider's row.
#[must_use]
pub fn rules(provider: ProviderId) -> &'static Rules {
    match provider {
        ProviderId::OpenAi | ProviderId::Azure | ProviderId::Anthropic | ProviderId::Google => &OPENAI,
        ProviderId::XAi => &XAI,
        ProviderId::HuggingFace => &HUGGINGFACE,
        ProviderId::OpenRouter => &OPENROUTER,
        ProviderId::Groq => &GROQ,
        ProviderId::Mistral => &MISTRAL,
        ProviderId::Fireworks => &FIREWORKS,
        ProviderId::Ollama => &OLLAMA,
        ProviderId::LmStudio => &LMSTUDIO,
        ProviderId::Custom => &CUSTOM,
    }
}

/// What becomes of a field with this value, at this provider and model.
#[must_use]
pub fn fate(provider: ProviderId, model: &str, field: &str, value: &[u8]) -> Fate {
    let rules = rules(provider);
    if let Some((_, name)) = rules.renamed.iter().find(|(from, _)| *from == field) {
        return Fate::Renamed(name);
    }
    let is_unknown = !rules.allowed.is_empty() && !rules.allowed.contains(&field);
    if rules.dropped.contains(&field) || (is_unknown && WITHOUT_EFFECT.contains(&field)) {
        return Fate::Dropped;
    }
    let is_refused = is_unknown
        || is_refused_value(provider, field, value)
        || rules.refused.contains(&field)
        || (rules.refused_by_reasoning.contains(&field) && reasons(provider, model));
    match (is_refused, is_default(field, value)) {
        (false, _) => Fate::Passes,
        (true, true) => Fate::Dropped,
        (true, false) => Fate::Refused,
    }
}

/// Fields that are taken, but not with this value. LM Studio: no function by
/// name, and JSON only by a schema.
fn is_refused_value(provider: ProviderId, field: &str, value: &[u8]) -> bool {
    let json = || serde_json::from_slice::<serde_json::Value>(value).unwrap_or_default();
    match (provider, field) {
        (ProviderId::LmStudio, "tool_choice") => value.trim_ascii_start().starts_with(b"{"),
        (ProviderId::LmStudio, "response_format") => json().get("type").is_some_and(|kind| kind == "json_object"),
        _ => false,
    }
}

/// Whether an xAI model reasons: all since Grok 4, and the older small ones.
fn reasons(provider: ProviderId, model: &str) -> bool {
    let is_old = ["grok-2", "grok-3"].iter().any(|old| model.starts_with(old)) && !model.contains("mini");
    provider == ProviderId::XAi && !is_old && !model.contains("non-reasoning")
}

/// Whether the value says what holds without it, too.
pub(crate) fn is_default(field: &str, value: &[u8]) -> bool {
    let is_zero = || std::str::from_utf8(value).ok().and_then(|text| text.parse::<f64>().ok()) == Some(0.0);
    value == b"null"
        || match field {
            "n" => value == b"1",
            "logprobs" => value == b"false",
            "parallel_tool_calls" => value == b"true",
            "tool_choice" => value == b"\"auto\"",
            "logit_bias" => value.trim_ascii() == b"{}",
            "background" => value == b"false",
            "modalities" => value == b"[\"text\"]",
            "verbosity" => value == b"\"medium\"",
            "presence_penalty" | "frequency_penalty" | "top_logprobs" => is_zero(),
            _ => false,
        }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_meet_their_fate() {
        use ProviderId::{Custom, Groq, LmStudio, Mistral, Ollama, OpenAi, XAi};
        for (provider, model, field, value, expected) in [
            (OpenAi, "gpt-4o", "anything", "1", Fate::Passes),
            (Custom, "m", "n", "3", Fate::Passes),
            (Mistral, "m", "seed", "1", Fate::Renamed("random_seed")),
            (Mistral, "m", "user", "\"ann\"", Fate::Dropped),
            (Mistral, "m", "logit_bias", "{\"1\":2}", Fate::Refused),
            (Mistral, "m", "logit_bias", "null", Fate::Dropped),
            (Mistral, "m", "brand_new", "1", Fate::Refused),
            (Mistral, "m", "n", "2", Fate::Passes),
            (Groq, "m", "n", "1", Fate::Dropped),
            (Groq, "m", "n", "2", Fate::Refused),
            (Groq, "m", "frequency_penalty", "0.0", Fate::Dropped),
            (XAi, "grok-4.7", "stop", "[\"END\"]", Fate::Refused),
            (XAi, "grok-4-fast-non-reasoning", "stop", "[\"END\"]", Fate::Passes),
            (XAi, "grok-3", "stop", "[\"END\"]", Fate::Passes),
            (Ollama, "m", "tool_choice", "\"auto\"", Fate::Dropped),
            (Ollama, "m", "tool_choice", "\"required\"", Fate::Refused),
            (LmStudio, "m", "max_completion_tokens", "9", Fate::Renamed("max_tokens")),
            (LmStudio, "m", "tool_choice", "\"required\"", Fate::Passes),
            (LmStudio, "m", "tool_choice", r#"{"type":"function","function":{"name":"f"}}"#, Fate::Refused),
            (LmStudio, "m", "response_format", r#"{"type":"json_object"}"#, Fate::Refused),
            (LmStudio, "m", "response_format", r#"{"type":"json_schema","json_schema":{}}"#, Fate::Passes),
            (LmStudio, "m", "response_format", r#"{"type":"text"}"#, Fate::Passes),
        ] {
            assert_eq!(fate(provider, model, field, value.as_bytes()), expected, "{provider} {field} {value}");
        }
    }

    #[test]
    fn the_refusal_names_field_model_and_way_out() {
        let refusal = Unsupported { field: "n".into(), model: "m".into(), provider: ProviderId::Groq }.to_string();
        assert_eq!(
            refusal,
            "Groq does not take `n` for the model m, and the answer would differ without it. Leave it out, or send \
             `x-ownkey-params: lenient` to have it left out."
        );
    }
}
