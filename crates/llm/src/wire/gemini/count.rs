//! `countTokens`: a conversation alone, or a whole request inside
//! `generateContentRequest`.

use std::borrow::Cow;

use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::generation::bare;
use super::names::{camel, get, refuse_doubles};
use super::{encode, neutral_request, path, request};
use crate::json_scan::{self, Splice, quoted};
use crate::neutral::ChatRequest;
use crate::parameters::Unsupported;
use crate::wire::client_request::{checked_model, scanned};
use crate::wire::count::CountCall;
use crate::wire::{ClientRequest, Fitting, RequestError, Target, UrlWords};

const INNER: &str = "generateContentRequest";

/// Reads a client's body.
///
/// # Errors
/// [`RequestError`], naming the field that is missing or malformed.
pub fn read<'a>(body: &'a [u8], url: Option<UrlWords<'a>>) -> Result<ClientRequest<'a>, RequestError> {
    let url = url.ok_or_else(|| {
        RequestError::invalid("model", "The URL names no model. Call /v1beta/models/{model}:countTokens.")
    })?;
    let model = checked_model(Cow::Borrowed(bare(url.model)))?;
    let object = scanned(body)?;
    refuse_doubles(&object)?;
    let prompt_characters = match get(&object, INNER) {
        Some(inner) => {
            let inner = scanned(inner)?;
            refuse_doubles(&inner)?;
            request::prompt_characters(&inner)?
        }
        None => request::prompt_characters(&object)?,
    };
    let mut request = ClientRequest::new(object, model, false);
    request.prompt_characters = prompt_characters;
    Ok(request)
}

/// Reads all of a client's body.
///
/// # Errors
/// [`RequestError`], for what does not have the shape of the API reference.
pub fn to_neutral(request: &ClientRequest<'_>) -> Result<ChatRequest, RequestError> {
    let body: Map<String, Value> = serde_json::from_slice(request.object().body()).map_err(|error| {
        RequestError::invalid("contents", format!("The body cannot be translated for this model: {error}."))
    })?;
    let inner = body.iter().find(|(name, _)| camel(name) == INNER).and_then(|(_, value)| value.as_object());
    let mut out = neutral_request::of(inner.unwrap_or(&body).iter())?;
    out.model = request.model.clone().into_owned();
    Ok(out)
}

/// The client's bytes with the model rewritten.
#[must_use]
pub fn prepare(request: &ClientRequest<'_>, target: &Target<'_>) -> CountCall {
    let object = request.object();
    let model = quoted(&format!("models/{}", bare(target.model)));
    let mut splice = Splice::new(object);
    splice.replace("model", model.clone());
    let inner = object.members().iter().find(|member| camel(&member.name) == INNER);
    if let Some((name, Ok(inner))) =
        inner.map(|member| (&*member.name, json_scan::scan(object.get(&member.name).unwrap_or_default())))
    {
        let mut inside = Splice::new(&inner);
        inside.replace("model", model);
        splice.replace(name, String::from_utf8_lossy(&inside.apply()).into_owned());
    }
    CountCall { path: path_of(target), body: splice.apply() }
}

/// The question about a neutral request.
///
/// # Errors
/// [`Unsupported`], for what the target cannot take.
pub fn call(request: &ChatRequest, fitting: &mut Fitting<'_>) -> Result<CountCall, Unsupported> {
    let mut inner = encode::body(request, fitting)?;
    inner.insert("model".into(), format!("models/{}", bare(fitting.target.model)).into());
    Ok(CountCall { path: path_of(&fitting.target), body: Bytes::from(json!({INNER: inner}).to_string()) })
}

fn path_of(target: &Target<'_>) -> Cow<'static, str> {
    Cow::Owned(path::of(target.model, "countTokens"))
}
