//! A neutral request as a body of Anthropic's.

mod blocks;
mod cache;
mod format;
mod messages;
mod model;
mod sampling;
mod schema;
mod thinking;
mod tools;

use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::choices::DEFAULT_MAX_TOKENS;
use crate::neutral::ChatRequest;
use crate::parameters::Unsupported;
use crate::wire::Fitting;
use format::Format;
use model::Model;

/// Fields of other formats' clients that have the same name and shape here.
const TAKEN_EXTRAS: [&str; 1] = ["thinking"];

/// The longest id of a user that is taken, in characters.
const MAX_USER_LENGTH: usize = 256;

/// Writes the body.
///
/// # Errors
/// [`Unsupported`], when the target cannot take a field that would change the
/// answer.
pub fn encode(request: &ChatRequest, fitting: &mut Fitting<'_>) -> Result<Bytes, Unsupported> {
    Ok(Bytes::from(Value::Object(body(request, fitting)?).to_string()))
}

/// The body's members.
pub(super) fn body(request: &ChatRequest, fitting: &mut Fitting<'_>) -> Result<Map<String, Value>, Unsupported> {
    let model = Model::of(&fitting.target);
    let format = format::decide(request, &model, fitting)?;
    let tools = tools::write(request, &model, &format, fitting)?;
    let limit = model.limit(request.max_tokens.unwrap_or(DEFAULT_MAX_TOKENS));
    let thinking = thinking::decide(request, &model, tools.is_forced, limit, fitting)?;
    let mut body = Map::new();
    body.insert("model".into(), fitting.target.model.into());
    body.insert("max_tokens".into(), model.limit(limit.saturating_add(thinking.room)).into());
    sampling::write(request, &model, thinking.is_on, &mut body, fitting)?;
    messages::write(request, &model, &mut body, fitting)?;
    body.extend(tools.tools.map(|tools| ("tools".to_owned(), tools)));
    body.extend(tools.choice.map(|choice| ("tool_choice".to_owned(), choice)));
    body.extend(thinking.block.map(|block| ("thinking".to_owned(), block)));
    let mut output = Map::new();
    output.extend(thinking.effort.map(|effort| ("effort".to_owned(), effort.into())));
    if let Format::Native(format) = format {
        output.insert("format".into(), format);
    }
    if !output.is_empty() {
        body.insert("output_config".into(), output.into());
    }
    stops(request, &mut body, fitting)?;
    user(request, &mut body, fitting);
    leftover(request, fitting)?;
    if request.stream {
        body.insert("stream".into(), true.into());
    }
    cache::keep_within_limits(&mut body, fitting);
    Ok(body)
}

/// Blank texts end nothing here: an empty one would not anywhere, a line break
/// would.
fn stops(request: &ChatRequest, body: &mut Map<String, Value>, fitting: &mut Fitting<'_>) -> Result<(), Unsupported> {
    if request.stop.iter().any(|stop| !stop.is_empty() && stop.trim().is_empty()) {
        fitting.refuse("stop")?;
    }
    let stops: Vec<&String> = request.stop.iter().filter(|stop| !stop.trim().is_empty()).collect();
    if !stops.is_empty() {
        body.insert("stop_sequences".into(), json!(stops));
    }
    Ok(())
}

/// Anthropic wants no name that says who somebody is.
fn user(request: &ChatRequest, body: &mut Map<String, Value>, fitting: &mut Fitting<'_>) {
    let Some(user) = &request.user else { return };
    if user.contains('@') || user.is_empty() || user.chars().count() > MAX_USER_LENGTH {
        fitting.drop("user");
        return;
    }
    body.insert("metadata".into(), json!({"user_id": user}));
}

/// What has no word here at all.
fn leftover(request: &ChatRequest, fitting: &mut Fitting<'_>) -> Result<(), Unsupported> {
    if request.seed.is_some() {
        fitting.refuse("seed")?;
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
    fitting.leave_extras(request, |field| TAKEN_EXTRAS.contains(&field))
}
