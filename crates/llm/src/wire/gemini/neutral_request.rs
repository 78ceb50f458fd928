//! A client's body, made neutral: for targets that speak another wire.

mod config;
mod contents;
mod tools;

use serde_json::Value;

use super::names::camel;
use crate::neutral::{ChatRequest, Extra};
use crate::wire::{ClientRequest, RequestError};

/// Translates what the neutral words can hold. What they have no word for is
/// among the extras.
///
/// # Errors
/// [`RequestError`], for a turn, tool or schema that does not have the shape of
/// the API reference.
pub fn read(request: &ClientRequest<'_>) -> Result<ChatRequest, RequestError> {
    let body: serde_json::Map<String, Value> = serde_json::from_slice(request.object().body())
        .map_err(|error| refusal("contents", format!("The body cannot be translated for this model: {error}.")))?;
    let mut out = of(body.iter().filter(|(name, _)| !request.is_left_out(name)))?;
    out.model = request.model.clone().into_owned();
    out.stream = request.stream;
    out.max_tokens = request.max_tokens.or(request.limit());
    Ok(out)
}

/// The body's members, made neutral.
pub(super) fn of<'v>(members: impl Iterator<Item = (&'v String, &'v Value)>) -> Result<ChatRequest, RequestError> {
    let mut out = ChatRequest::default();
    let (mut system, mut allowed) = (None, None);
    for (name, value) in members.filter(|(_, value)| !value.is_null()) {
        match &*camel(name) {
            "model" => {}
            "contents" => contents::read(value, &mut out)?,
            "systemInstruction" => system = contents::system(value)?,
            "tools" => tools::read(value, &mut out)?,
            "toolConfig" => allowed = tools::config(value, &mut out),
            "generationConfig" => config::read(value, &mut out)?,
            "serviceTier" => out.extras.push(extra("service_tier", value)),
            other => out.extras.push(extra(other, value)),
        }
    }
    if let Some(names) = allowed {
        out.tools.retain(|tool| names.contains(&tool.name));
    }
    if let Some(system) = system {
        out.messages.insert(0, system);
    }
    Ok(out)
}

fn extra(field: impl Into<String>, value: &Value) -> Extra {
    Extra { field: field.into(), value: value.clone() }
}

fn refusal(param: &'static str, message: String) -> RequestError {
    RequestError::invalid(param, message)
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or_else(|| std::slice::from_ref(value), Vec::as_slice)
}

fn text(value: Option<&Value>) -> Option<String> {
    value.and_then(Value::as_str).map(str::to_owned)
}
