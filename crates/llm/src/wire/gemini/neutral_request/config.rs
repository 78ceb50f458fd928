//! `generationConfig`.

use serde_json::Value;

use super::super::names::{camel, field};
use super::super::schema::plain;
use super::{extra, list, refusal, text};
use crate::neutral::{ChatRequest, ResponseFormat};
use crate::wire::RequestError;

/// Reads the configuration. The limit was read with the body.
pub(super) fn read(value: &Value, out: &mut ChatRequest) -> Result<(), RequestError> {
    let Some(members) = value.as_object() else {
        return Err(refusal("generationConfig", "`generationConfig` is not an object. Send one.".to_owned()));
    };
    for (name, value) in members.iter().filter(|(_, value)| !value.is_null()) {
        match &*camel(name) {
            "maxOutputTokens" | "responseMimeType" | "responseSchema" | "responseJsonSchema" => {}
            "temperature" => out.temperature = value.as_f64(),
            "topP" => out.top_p = value.as_f64(),
            "topK" => out.top_k = whole(value),
            "stopSequences" => out.stop = list(value).iter().filter_map(|stop| text(Some(stop))).collect(),
            "seed" => out.seed = value.as_i64(),
            "presencePenalty" => out.presence_penalty = value.as_f64(),
            "frequencyPenalty" => out.frequency_penalty = value.as_f64(),
            "thinkingConfig" => thinking(value, out),
            other if is_default(other, value) => {}
            other => out.extras.push(extra(format!("generationConfig.{other}"), value)),
        }
    }
    form(value, out)
}

/// Google writes some whole numbers as `40.0`.
fn whole(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| {
        let number = value.as_f64().filter(|number| number.fract() == 0.0 && (0.0..1e9).contains(number))?;
        Some(number as u64)
    })
}

/// What holds without it, too.
fn is_default(name: &str, value: &Value) -> bool {
    match name {
        "candidateCount" => value == 1,
        "responseLogprobs" => value == false,
        "responseModalities" => {
            list(value).iter().all(|one| one.as_str().is_some_and(|word| word.eq_ignore_ascii_case("text")))
        }
        _ => false,
    }
}

/// The answer's form.
fn form(config: &Value, out: &mut ChatRequest) -> Result<(), RequestError> {
    let schema = field(config, "responseJsonSchema").cloned();
    let schema = schema.or_else(|| field(config, "responseSchema").map(plain));
    out.response_format = match (text(field(config, "responseMimeType")).as_deref(), schema) {
        (None | Some("application/json"), Some(schema)) => {
            let name = "response".to_owned();
            Some(ResponseFormat::JsonSchema { name, description: None, schema, strict: None })
        }
        (Some("application/json"), None) => Some(ResponseFormat::JsonObject),
        (None | Some("text/plain" | ""), None) => None,
        (Some(kind), _) => {
            out.extras.push(extra("generationConfig.responseMimeType", &Value::from(kind)));
            None
        }
    };
    Ok(())
}

/// How hard to think: a level, or tokens, for which the nearest effort is told
/// as well.
fn thinking(value: &Value, out: &mut ChatRequest) {
    let level = text(field(value, "thinkingLevel")).map(|level| level.to_ascii_lowercase());
    out.reasoning_effort = level.filter(|level| level != "thinking_level_unspecified");
    let budget = field(value, "thinkingBudget").and_then(Value::as_i64);
    // −1: as the model likes, which is what holds without it.
    let Some(tokens) = budget.and_then(|tokens| u64::try_from(tokens).ok()) else { return };
    let effort = match tokens {
        0 => "none",
        1..=1_024 => "low",
        1_025..=8_192 => "medium",
        _ => "high",
    };
    out.reasoning_effort.get_or_insert_with(|| effort.to_owned());
    out.thinking_tokens = Some(tokens).filter(|tokens| *tokens > 0);
}
