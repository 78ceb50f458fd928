//! `generationConfig`: sampling, limits, the answer's form, and thinking.

use domain::model::Sampling;
use serde_json::{Map, Value, json};

use super::super::generation::{Generation, Thinking};
use crate::neutral::{ChatRequest, ResponseFormat};
use crate::parameters::Unsupported;
use crate::wire::Fitting;

/// The most stop texts.
const MAX_STOPS: usize = 5;

/// The least budget of a model that always thinks.
const LEAST_BUDGET: u64 = 128;

/// Efforts from the least to the most, as Google's levels.
const LEVELS: [&str; 5] = ["minimal", "low", "medium", "high", "xhigh"];

/// Writes the configuration.
pub(super) fn write(
    request: &ChatRequest,
    generation: Generation,
    fitting: &mut Fitting<'_>,
) -> Result<Map<String, Value>, Unsupported> {
    let mut config = Map::new();
    sampling(request, fitting, &mut config)?;
    penalties(request, generation, fitting, &mut config)?;
    if let Some(limit) = request.max_tokens {
        config.insert("maxOutputTokens".into(), limit.into());
    }
    if request.stop.len() > MAX_STOPS {
        fitting.refuse("stop")?;
    } else if !request.stop.is_empty() {
        config.insert("stopSequences".into(), request.stop.clone().into());
    }
    if let Some(seed) = request.seed {
        // Theirs has 32 bits. A seed only has to be the same again.
        config.insert("seed".into(), (seed & i64::from(i32::MAX)).into());
    }
    form(request, generation, fitting, &mut config)?;
    if let Some(thinking) = thinking(request, generation, fitting)? {
        config.insert("thinkingConfig".into(), thinking);
    }
    Ok(config)
}

fn sampling(
    request: &ChatRequest,
    fitting: &mut Fitting<'_>,
    config: &mut Map<String, Value>,
) -> Result<(), Unsupported> {
    let is_refused = fitting.target.facts.is_some_and(|facts| facts.restrictions.sampling == Sampling::Refused);
    let fields = [
        ("temperature", "temperature", request.temperature.map(Value::from)),
        ("top_p", "topP", request.top_p.map(Value::from)),
        ("top_k", "topK", request.top_k.map(Value::from)),
    ];
    for (field, name, value) in fields {
        let Some(value) = value else { continue };
        if is_refused {
            fitting.refuse(field)?;
        } else {
            config.insert(name.into(), value);
        }
    }
    Ok(())
}

fn penalties(
    request: &ChatRequest,
    generation: Generation,
    fitting: &mut Fitting<'_>,
    config: &mut Map<String, Value>,
) -> Result<(), Unsupported> {
    let fields = [
        ("presence_penalty", "presencePenalty", request.presence_penalty),
        ("frequency_penalty", "frequencyPenalty", request.frequency_penalty),
    ];
    for (field, name, value) in fields {
        match value {
            None => {}
            Some(value) if !generation.is_third() => {
                config.insert(name.into(), value.into());
            }
            Some(0.0) => fitting.drop(field),
            Some(_) => fitting.refuse(field)?,
        }
    }
    Ok(())
}

/// The answer's form. Before the third generation JSON and functions exclude
/// each other.
fn form(
    request: &ChatRequest,
    generation: Generation,
    fitting: &mut Fitting<'_>,
    config: &mut Map<String, Value>,
) -> Result<(), Unsupported> {
    let schema = match &request.response_format {
        None | Some(ResponseFormat::Text) => return Ok(()),
        Some(ResponseFormat::JsonObject) => None,
        Some(ResponseFormat::JsonSchema { schema, description, .. }) => Some((schema, description)),
    };
    if !request.tools.is_empty() && !generation.is_third() {
        return fitting.refuse("response_format");
    }
    config.insert("responseMimeType".into(), "application/json".into());
    if let Some((schema, description)) = schema {
        let mut schema = schema.clone();
        if let (Some(schema), Some(text)) = (schema.as_object_mut(), description) {
            schema.entry("description").or_insert_with(|| text.clone().into());
        }
        config.insert("responseJsonSchema".into(), schema);
    }
    Ok(())
}

/// How hard to think. The client's own word where there is one, else what its
/// number of tokens comes to.
fn thinking(
    request: &ChatRequest,
    generation: Generation,
    fitting: &mut Fitting<'_>,
) -> Result<Option<Value>, Unsupported> {
    let effort = request.reasoning_effort.as_deref();
    if effort.is_none() && request.thinking_tokens.is_none() {
        return Ok(None);
    }
    let field = if effort.is_some() { "reasoning_effort" } else { "thinking_tokens" };
    let wants_none = effort.map_or(request.thinking_tokens == Some(0), |effort| effort == "none");
    match generation.thinking(&fitting.target) {
        Thinking::Never => {
            if wants_none {
                fitting.drop(field);
            } else {
                fitting.refuse(field)?;
            }
            Ok(None)
        }
        Thinking::Budget => {
            let Some(mut budget) = request.thinking_tokens.or_else(|| budget_of(effort)) else {
                return fitting.refuse(field).map(|()| None);
            };
            if generation.always_thinks() && budget < LEAST_BUDGET {
                if wants_none {
                    fitting.refuse(field)?;
                }
                budget = LEAST_BUDGET;
            }
            Ok(Some(json!({"thinkingBudget": budget, "includeThoughts": budget > 0})))
        }
        Thinking::Level => {
            let Some(wanted) = effort.map_or_else(|| level_of(request.thinking_tokens), rank) else {
                return fitting.refuse(field).map(|()| None);
            };
            if wants_none && lowest(generation, fitting) > 0 {
                fitting.refuse(field)?;
            }
            let level = offered(wanted, generation, fitting);
            Ok(Some(json!({"thinkingLevel": level, "includeThoughts": !wants_none})))
        }
    }
}

/// The tokens that an effort is worth; litellm's figures for the middle ones.
fn budget_of(effort: Option<&str>) -> Option<u64> {
    Some(match effort? {
        "none" => 0,
        "minimal" => 512,
        "low" => 1_024,
        "medium" => 2_048,
        "high" => 4_096,
        "xhigh" => 8_192,
        "max" => 24_576,
        _ => return None,
    })
}

/// The place of an effort among [`LEVELS`]. No model of these can be told not to
/// think at all.
fn rank(effort: &str) -> Option<usize> {
    match effort {
        "none" => Some(0),
        "max" => Some(LEVELS.len() - 1),
        other => LEVELS.iter().position(|level| *level == other),
    }
}

/// The level that a number of tokens comes to.
fn level_of(tokens: Option<u64>) -> Option<usize> {
    Some(match tokens? {
        0 => 0,
        1..=1_024 => 1,
        1_025..=8_192 => 2,
        _ => 3,
    })
}

/// The least level the model has.
fn lowest(generation: Generation, fitting: &Fitting<'_>) -> usize {
    let efforts = fitting.target.facts.map(|facts| facts.restrictions.efforts.as_slice()).unwrap_or_default();
    let known = LEVELS.iter().position(|level| efforts.iter().any(|effort| effort == level));
    known.unwrap_or_else(|| usize::from(generation.always_thinks()))
}

/// The wanted level, or the nearest that the model has.
fn offered(wanted: usize, generation: Generation, fitting: &Fitting<'_>) -> &'static str {
    let efforts = fitting.target.facts.map(|facts| facts.restrictions.efforts.as_slice()).unwrap_or_default();
    let wanted = wanted.max(lowest(generation, fitting));
    let is_known = |level: &str| efforts.is_empty() || efforts.iter().any(|effort| effort == level);
    let below = LEVELS.iter().take(wanted + 1).rev().find(|level| is_known(level));
    below.or_else(|| LEVELS.get(wanted)).copied().unwrap_or("high")
}
