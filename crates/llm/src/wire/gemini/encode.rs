//! A neutral request as a `generateContent` body. Unknown fields are refused
//! there, so that only known ones are written.

mod config;
mod contents;
mod tools;

use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::generation::Generation;
use crate::neutral::ChatRequest;
use crate::parameters::Unsupported;
use crate::wire::Fitting;

pub(super) use contents::is_readable;

/// Writes the body.
///
/// # Errors
/// [`Unsupported`], when the target cannot take something that would change the
/// answer.
pub fn encode(request: &ChatRequest, fitting: &mut Fitting<'_>) -> Result<Bytes, Unsupported> {
    Ok(Bytes::from(Value::Object(body(request, fitting)?).to_string()))
}

/// The body as an object, for those who put it into another.
pub(super) fn body(request: &ChatRequest, fitting: &mut Fitting<'_>) -> Result<Map<String, Value>, Unsupported> {
    let generation = Generation::of(&fitting.target);
    let mut body = Map::new();
    let written = contents::write(request, generation, fitting)?;
    if !written.system.is_empty() {
        body.insert("systemInstruction".into(), json!({"parts": written.system}));
    }
    body.insert("contents".into(), written.turns.into());
    tools::write(request, fitting, &mut body)?;
    let config = config::write(request, generation, fitting)?;
    if !config.is_empty() {
        body.insert("generationConfig".into(), config.into());
    }
    if request.user.is_some() {
        fitting.drop("user");
    }
    fitting.leave_extras(request, |_| false)?;
    Ok(body)
}
