//! Questions in the providers' dialects.

use bytes::Bytes;
use domain::ProviderId;
use serde_json::{Map, Value, json};

use super::super::{EmbeddingRequest, Encoding, Input};
use super::Dialect;
use crate::parameters::Unsupported;
use crate::wire::{Fitting, gemini};

/// Writes the body.
///
/// # Errors
/// [`Unsupported`], for what the target cannot take.
pub fn encode(dialect: Dialect, request: &EmbeddingRequest, fitting: &mut Fitting<'_>) -> Result<Bytes, Unsupported> {
    let body = match dialect {
        Dialect::OpenAi => openai(request, fitting, "dimensions")?,
        Dialect::Mistral => openai(request, fitting, "output_dimension")?,
        Dialect::Gemini => batch(request, fitting)?,
        Dialect::Ollama => ollama(request, fitting)?,
    };
    fitting.leave(&request.extras, |_| false)?;
    Ok(Bytes::from(body.to_string()))
}

fn openai(request: &EmbeddingRequest, fitting: &mut Fitting<'_>, dimensions: &str) -> Result<Value, Unsupported> {
    let input: Vec<Value> = request
        .input
        .iter()
        .map(|input| match input {
            Input::Text(text) => text.clone().into(),
            Input::Tokens(tokens) => tokens.clone().into(),
        })
        .collect();
    let mut body = Map::new();
    body.insert("model".into(), fitting.target.model.into());
    body.insert("input".into(), input.into());
    body.extend(request.dimensions.map(|number| (dimensions.to_owned(), number.into())));
    if request.encoding == Encoding::Base64 {
        body.insert("encoding_format".into(), "base64".into());
    }
    match &request.user {
        Some(user) if fitting.target.provider != ProviderId::Mistral => {
            body.insert("user".into(), user.clone().into());
        }
        Some(_) => fitting.drop("user"),
        None => {}
    }
    only_googles(request, fitting)?;
    Ok(body.into())
}

fn batch(request: &EmbeddingRequest, fitting: &mut Fitting<'_>) -> Result<Value, Unsupported> {
    let model = format!("models/{}", gemini::bare(fitting.target.model));
    let mut requests = Vec::with_capacity(request.input.len());
    for text in texts(request, fitting)? {
        let mut entry = Map::new();
        entry.insert("model".into(), model.clone().into());
        entry.insert("content".into(), json!({"parts": [{"text": text}]}));
        entry.extend(request.dimensions.map(|number| ("outputDimensionality".to_owned(), number.into())));
        entry.extend(request.task.clone().map(|task| ("taskType".to_owned(), task.into())));
        entry.extend(request.title.clone().map(|title| ("title".to_owned(), title.into())));
        requests.push(Value::Object(entry));
    }
    if request.user.is_some() {
        fitting.drop("user");
    }
    Ok(json!({"requests": requests}))
}

fn ollama(request: &EmbeddingRequest, fitting: &mut Fitting<'_>) -> Result<Value, Unsupported> {
    let mut body = Map::new();
    body.insert("model".into(), fitting.target.model.into());
    body.insert("input".into(), texts(request, fitting)?.into());
    body.extend(request.dimensions.map(|number| ("dimensions".to_owned(), number.into())));
    if request.user.is_some() {
        fitting.drop("user");
    }
    only_googles(request, fitting)?;
    Ok(body.into())
}

/// The texts, for a model that cannot read another's tokens.
fn texts<'r>(request: &'r EmbeddingRequest, fitting: &Fitting<'_>) -> Result<Vec<&'r str>, Unsupported> {
    let text = |input: &'r Input| match input {
        Input::Text(text) => Ok(text.as_str()),
        Input::Tokens(_) => Err(fitting.impossible("input")),
    };
    request.input.iter().map(text).collect()
}

/// What a vector is for: other models make only one kind.
fn only_googles(request: &EmbeddingRequest, fitting: &mut Fitting<'_>) -> Result<(), Unsupported> {
    for (field, is_there) in [("taskType", request.task.is_some()), ("title", request.title.is_some())] {
        if is_there {
            fitting.refuse(field)?;
        }
    }
    Ok(())
}
