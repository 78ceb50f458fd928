//! A generateContent request, checked as Google checks it: unknown fields are refused everywhere.

use serde_json::Value;

use crate::conversation::{Conversation, Format};
use crate::strict::{items, length, stranger, text};

use super::errors::Complaint;
use super::{history, is_third, tools};

const FIELDS: [&str; 9] = [
    "contents",
    "systemInstruction",
    "generationConfig",
    "tools",
    "toolConfig",
    "safetySettings",
    "cachedContent",
    "labels",
    "model",
];

const CONFIG: [&str; 23] = [
    "temperature",
    "topP",
    "topK",
    "candidateCount",
    "maxOutputTokens",
    "stopSequences",
    "responseLogprobs",
    "logprobs",
    "presencePenalty",
    "frequencyPenalty",
    "seed",
    "responseMimeType",
    "responseSchema",
    "responseJsonSchema",
    "responseModalities",
    "thinkingConfig",
    "speechConfig",
    "imageConfig",
    "mediaResolution",
    "routingConfig",
    "audioTimestamp",
    "enableEnhancedCivicAnswers",
    "responseFormat",
];

/// Reads a body.
pub(crate) fn read(model: &str, body: &Value) -> Result<Conversation, Complaint> {
    let object = body.as_object().ok_or_else(|| Complaint::new("Invalid JSON payload received."))?;
    if let Some(field) = stranger(object, &FIELDS) {
        return Err(Complaint::unknown(field, ""));
    }
    let config = body.get("generationConfig").unwrap_or(&Value::Null);
    if let Some(field) = config.as_object().and_then(|config| stranger(config, &CONFIG)) {
        return Err(Complaint::unknown(field, "generation_config"));
    }
    let instruction = body.get("systemInstruction").unwrap_or(&Value::Null);
    if let Some(field) = instruction.as_object().and_then(|object| stranger(object, &["role", "parts"])) {
        return Err(Complaint::unknown(field, "system_instruction"));
    }
    check(model, config)?;
    let heard = history::read(model, body)?;
    let (tools, choice) = tools::read(body)?;
    let system: usize = items(instruction, "parts").iter().filter_map(|part| text(part, "text")).map(length).sum();
    let number = |name: &str| config.get(name).and_then(Value::as_u64);
    let choices = number("candidateCount").and_then(|count| usize::try_from(count).ok()).unwrap_or(1);
    if !(1..=8).contains(&choices) {
        return Err(Complaint::new("candidateCount must be between 1 and 8."));
    }
    let format = format(config)?;
    if !is_third(model) && !tools.is_empty() && !matches!(format, Format::Text) {
        let message = "Function calling with a response mime type: 'application/json' is unsupported";
        return Err(Complaint::new(message));
    }
    Ok(Conversation {
        model: model.to_owned(),
        question: heard.question,
        images: heard.images,
        tool_result: heard.tool_result,
        characters: heard.characters + system,
        all_images: heard.all_images,
        max: number("maxOutputTokens"),
        stops: items(config, "stopSequences").iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        tools,
        choice,
        format,
        choices,
        streams: false,
        thinks: config.pointer("/thinkingConfig/includeThoughts") == Some(&Value::Bool(true)),
    })
}

fn check(model: &str, config: &Value) -> Result<(), Complaint> {
    if items(config, "stopSequences").len() > 5 {
        return Err(Complaint::new("The number of stop sequences must be at most 5."));
    }
    if config.get("maxOutputTokens").is_some_and(|max| max.as_u64().is_none_or(|max| max == 0)) {
        return Err(Complaint::new("max_output_tokens must be positive."));
    }
    if config.get("temperature").and_then(Value::as_f64).is_some_and(|warm| !(0.0..=2.0).contains(&warm)) {
        return Err(Complaint::new("temperature must be in the range [0.0, 2.0]."));
    }
    let penalty = ["presencePenalty", "frequencyPenalty"].into_iter().find(|name| config.get(*name).is_some());
    if let Some(penalty) = penalty.filter(|_| is_third(model)) {
        return Err(Complaint::new(format!("{penalty} is not enabled for this model")));
    }
    let Some(thinking) = config.get("thinkingConfig") else { return Ok(()) };
    let known = ["includeThoughts", "thinkingBudget", "thinkingLevel"];
    if let Some(field) = thinking.as_object().and_then(|thinking| stranger(thinking, &known)) {
        return Err(Complaint::unknown(field, "generation_config.thinking_config"));
    }
    let (budget, level) = (thinking.get("thinkingBudget"), thinking.get("thinkingLevel"));
    match (budget, level) {
        (Some(_), Some(_)) => Err(Complaint::new("You can only set one of thinking budget and thinking level.")),
        (None, Some(_)) if model.starts_with("gemini-") && !is_third(model) => {
            Err(Complaint::new("Thinking level is not supported for this model."))
        }
        (None, Some(level)) => {
            let level = level.as_str().unwrap_or_default().to_lowercase();
            if ["minimal", "low", "medium", "high", "xhigh"].contains(&level.as_str()) {
                return Ok(());
            }
            Err(Complaint::new("Invalid value at 'generation_config.thinking_config.thinking_level'"))
        }
        (Some(budget), None) if budget.as_i64().is_none_or(|budget| budget < -1) => {
            Err(Complaint::new("The thinking budget is invalid. Please choose a value between 512 and 24576."))
        }
        _ => Ok(()),
    }
}

fn format(config: &Value) -> Result<Format, Complaint> {
    let json = match text(config, "responseMimeType") {
        Some("application/json") => true,
        None | Some("text/plain" | "text/x.enum") => false,
        Some(other) => return Err(Complaint::new(format!("response_mime_type: '{other}' is not supported"))),
    };
    let (old, new) = (config.get("responseSchema"), config.get("responseJsonSchema"));
    if let Some(schema) = old {
        tools::subset(schema, "generation_config.response_schema")?;
    }
    match new.or(old) {
        Some(_) if !json => Err(Complaint::new("Setting a response schema needs response_mime_type application/json.")),
        Some(schema) => Ok(Format::Schema(schema.clone())),
        None if json => Ok(Format::Json),
        None => Ok(Format::Text),
    }
}
