//! `count_tokens`: a request without its limit, answered by a number. Free of
//! charge.

use std::borrow::Cow;

use bytes::Bytes;
use serde_json::Value;

use super::{encode, request};
use crate::neutral::ChatRequest;
use crate::parameters::Unsupported;
use crate::wire::count::CountCall;
use crate::wire::{ClientRequest, Fitting, RequestError, Target};

/// Where it is asked.
const PATH: Cow<'static, str> = Cow::Borrowed("/v1/messages/count_tokens");

/// What may be in the question; anything else of a request is refused.
const TAKEN: [&str; 7] = ["model", "messages", "system", "tools", "tool_choice", "thinking", "output_config"];

/// Reads a client's body.
///
/// # Errors
/// [`RequestError`], naming the field that is missing or malformed.
pub fn read(body: &[u8]) -> Result<ClientRequest<'_>, RequestError> {
    request::read(body)
}

/// The client's bytes with the model rewritten.
#[must_use]
pub fn prepare(request: &ClientRequest<'_>, target: &Target<'_>) -> CountCall {
    CountCall { path: PATH, body: request::prepare(request, &Bytes::new(), target).body() }
}

/// The question about a neutral request.
///
/// # Errors
/// [`Unsupported`], for what the target cannot take.
pub fn call(request: &ChatRequest, fitting: &mut Fitting<'_>) -> Result<CountCall, Unsupported> {
    let mut body = encode::body(request, fitting)?;
    body.retain(|name, _| TAKEN.contains(&name.as_str()));
    Ok(CountCall { path: PATH, body: Bytes::from(Value::Object(body).to_string()) })
}
