//! A neutral request as a body of Responses.

mod items;
mod tools;

use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::choices::{LEAST_OUTPUT_TOKENS, MAX_USER_LENGTH, SUMMARY};
use crate::neutral::{ChatRequest, ResponseFormat};
use crate::parameters::{Fate, Unsupported, openai};
use crate::wire::Fitting;

/// Fields of chat completions that have the same name and shape here.
const TAKEN_EXTRAS: [&str; 6] =
    ["metadata", "service_tier", "prompt_cache_key", "prompt_cache_retention", "prompt_cache_options", "truncation"];

/// Those that stand inside another member here, and which.
const NESTED_EXTRAS: [(&str, &str, &str); 2] =
    [("verbosity", "text", "verbosity"), ("reasoning.summary", "reasoning", "summary")];

/// Writes the body.
///
/// # Errors
/// [`Unsupported`], when the target cannot take a field that would change the
/// answer.
pub fn encode(request: &ChatRequest, fitting: &mut Fitting<'_>) -> Result<Bytes, Unsupported> {
    let reasons = openai::reasons(fitting.target.model, fitting.target.facts);
    let mut body = Map::new();
    body.insert("model".into(), fitting.target.model.into());
    // It is kept by us where it has to come back, and by nobody else.
    body.insert("store".into(), false.into());
    items::write(request, &mut body, fitting)?;
    tools::write(request, &mut body);
    if let Some(limit) = request.max_tokens {
        body.insert("max_output_tokens".into(), limit.max(LEAST_OUTPUT_TOKENS).into());
    }
    let effort = effort(request, reasons, fitting)?;
    sampling(request, effort.as_deref(), &mut body, fitting)?;
    if let Some(effort) = effort {
        let mut reasoning = json!({"effort": effort});
        if effort != "none" {
            reasoning["summary"] = SUMMARY.into();
        }
        body.insert("reasoning".into(), reasoning);
    }
    if reasons {
        body.insert("include".into(), json!(["reasoning.encrypted_content"]));
    }
    if let Some(format) = &request.response_format {
        body.insert("text".into(), json!({"format": format_value(format)}));
    }
    user(request, &mut body, fitting);
    extras(request, &mut body, fitting)?;
    if request.stream {
        body.insert("stream".into(), true.into());
    }
    Ok(Bytes::from(Value::Object(body).to_string()))
}

/// How hard to think: the client's own word, or what its number of tokens comes
/// to.
fn effort(request: &ChatRequest, reasons: bool, fitting: &mut Fitting<'_>) -> Result<Option<String>, Unsupported> {
    let field = if request.reasoning_effort.is_some() { "reasoning_effort" } else { "thinking_tokens" };
    let of_tokens = |tokens| match tokens {
        0 => "none",
        1..=1_024 => "low",
        1_025..=8_192 => "medium",
        _ => "high",
    };
    let wanted = request.reasoning_effort.clone().or_else(|| request.thinking_tokens.map(of_tokens).map(str::to_owned));
    let Some(wanted) = wanted else { return Ok(None) };
    if !reasons {
        if wanted == "none" {
            fitting.drop(field);
        } else {
            fitting.refuse(field)?;
        }
        return Ok(None);
    }
    let known = fitting.target.facts.map(|facts| facts.restrictions.efforts.as_slice()).unwrap_or_default();
    if known.is_empty() || known.contains(&wanted) {
        return Ok(Some(wanted));
    }
    // Left out, it thinks as its maker likes.
    fitting.refuse(field)?;
    Ok(None)
}

/// Temperature and the like, and what has no word here at all.
fn sampling(
    request: &ChatRequest,
    effort: Option<&str>,
    body: &mut Map<String, Value>,
    fitting: &mut Fitting<'_>,
) -> Result<(), Unsupported> {
    for (field, value) in [("temperature", request.temperature), ("top_p", request.top_p)] {
        let Some(value) = value else { continue };
        let (model, facts) = (fitting.target.model, fitting.target.facts);
        match openai::fate(model, facts, effort, field, value.to_string().as_bytes()) {
            Fate::Dropped => fitting.drop(field),
            Fate::Refused => fitting.refuse(field)?,
            Fate::Passes | Fate::Renamed(_) => drop(body.insert(field.into(), value.into())),
        }
    }
    for (field, penalty) in
        [("presence_penalty", request.presence_penalty), ("frequency_penalty", request.frequency_penalty)]
    {
        match penalty {
            Some(0.0) => fitting.drop(field),
            Some(_) => fitting.refuse(field)?,
            None => {}
        }
    }
    for (field, is_there) in
        [("stop", !request.stop.is_empty()), ("seed", request.seed.is_some()), ("top_k", request.top_k.is_some())]
    {
        if is_there {
            fitting.refuse(field)?;
        }
    }
    Ok(())
}

fn format_value(format: &ResponseFormat) -> Value {
    match format {
        ResponseFormat::Text => json!({"type": "text"}),
        ResponseFormat::JsonObject => json!({"type": "json_object"}),
        ResponseFormat::JsonSchema { name, description, schema, strict } => {
            let mut out = Map::new();
            out.insert("type".into(), "json_schema".into());
            out.insert("name".into(), name.clone().into());
            out.extend(description.clone().map(|text| ("description".to_owned(), text.into())));
            out.insert("schema".into(), schema.clone());
            // Left out, it is not the same as in chat completions.
            out.insert("strict".into(), strict.unwrap_or(false).into());
            out.into()
        }
    }
}

fn user(request: &ChatRequest, body: &mut Map<String, Value>, fitting: &mut Fitting<'_>) {
    match &request.user {
        Some(user) if user.chars().count() <= MAX_USER_LENGTH && !user.is_empty() => {
            body.insert("safety_identifier".into(), user.clone().into());
        }
        Some(_) => fitting.drop("user"),
        None => {}
    }
}

fn extras(request: &ChatRequest, body: &mut Map<String, Value>, fitting: &mut Fitting<'_>) -> Result<(), Unsupported> {
    let nested = |field: &str| NESTED_EXTRAS.iter().find(|(name, _, _)| *name == field);
    for extra in &request.extras {
        if TAKEN_EXTRAS.contains(&extra.field.as_str()) {
            body.insert(extra.field.clone(), extra.value.clone());
        } else if extra.field == "safety_identifier" {
            body.entry("safety_identifier").or_insert_with(|| extra.value.clone());
        } else if let Some((_, outer, inner)) = nested(&extra.field)
            && let Some(outer) = body.entry(*outer).or_insert_with(|| json!({})).as_object_mut()
        {
            outer.insert((*inner).to_owned(), extra.value.clone());
        }
    }
    let is_taken =
        |field: &str| TAKEN_EXTRAS.contains(&field) || field == "safety_identifier" || nested(field).is_some();
    fitting.leave_extras(request, is_taken)
}
