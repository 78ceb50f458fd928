//! Google's `:embedContent` and `:batchEmbedContents`.

use std::borrow::Cow;

use bytes::Bytes;
use serde_json::{Map, Value};

use super::super::{EmbeddingAnswer, EmbeddingRequest, Input, numbers};
use crate::json_scan::{self, Reader, ScanError, Splice, quoted};
use crate::neutral::Extra;
use crate::wire::client_request::{checked_model, scanned};
use crate::wire::gemini::names::{camel, field, get, refuse_doubles};
use crate::wire::gemini::{bare, prompt_of_turn};
use crate::wire::{ClientRequest, Prepared, RequestError, UrlWords};

/// Reads a client's body. The model is in the URL.
pub(super) fn read<'a>(
    body: &'a [u8],
    url: Option<UrlWords<'a>>,
    is_many: bool,
) -> Result<ClientRequest<'a>, RequestError> {
    let url = url.ok_or_else(|| {
        RequestError::invalid("model", "The URL names no model. Call /v1beta/models/{model}:embedContent.")
    })?;
    let model = checked_model(Cow::Borrowed(bare(url.model)))?;
    let object = scanned(body)?;
    refuse_doubles(&object)?;
    let mut characters = 0;
    let (name, begins): (&'static str, u8) = if is_many { ("requests", b'[') } else { ("content", b'{') };
    let value = get(&object, name).filter(|value| value.first() == Some(&begins));
    let value = value.ok_or_else(|| {
        RequestError::invalid(
            name,
            format!("The field `{name}` is missing or has the wrong form. Send the texts in it."),
        )
    })?;
    let mut reader = Reader::new(value);
    // The body was checked as a whole: the walk cannot fail.
    let _ = if is_many {
        reader.array(|reader| request_characters(reader, &mut characters))
    } else {
        prompt_of_turn(&mut reader, &mut characters)
    };
    let mut request = ClientRequest::new(object, model, false);
    request.prompt_characters = characters;
    Ok(request)
}

fn request_characters(reader: &mut Reader<'_>, characters: &mut u64) -> Result<(), ScanError> {
    if reader.peek() != Some(b'{') {
        return reader.skip();
    }
    reader.object(|name, reader| if name.is("content") { prompt_of_turn(reader, characters) } else { reader.skip() })
}

/// Reads the whole body.
pub(super) fn to_neutral(request: &ClientRequest<'_>, is_many: bool) -> Result<EmbeddingRequest, RequestError> {
    let body: Map<String, Value> = serde_json::from_slice(request.object().body()).map_err(|error| {
        RequestError::invalid("content", format!("The body cannot be translated for this model: {error}."))
    })?;
    let mut out = EmbeddingRequest { model: request.model.clone().into_owned(), ..EmbeddingRequest::default() };
    if !is_many {
        one(&body, &mut out)?;
        return Ok(out);
    }
    for (name, value) in body.iter().filter(|(_, value)| !value.is_null()) {
        if camel(name) != "requests" {
            out.extras.push(Extra { field: camel(name).into_owned(), value: value.clone() });
            continue;
        }
        for (at, entry) in value.as_array().into_iter().flatten().enumerate() {
            let entry = entry.as_object().ok_or_else(|| invalid("`requests` has an entry that is no object."))?;
            let mut read = EmbeddingRequest::default();
            one(entry, &mut read)?;
            let is_alike = (read.dimensions, &read.task, &read.title) == (out.dimensions, &out.task, &out.title);
            if at > 0 && !is_alike {
                return Err(invalid("The entries of `requests` differ in more than their content. Send them apart."));
            }
            (out.dimensions, out.task, out.title) = (read.dimensions, read.task, read.title);
            out.input.extend(read.input);
            out.extras.extend(read.extras);
        }
    }
    Ok(out)
}

fn invalid(message: &str) -> RequestError {
    RequestError::invalid("requests", message)
}

fn one(body: &Map<String, Value>, out: &mut EmbeddingRequest) -> Result<(), RequestError> {
    for (name, value) in body.iter().filter(|(_, value)| !value.is_null()) {
        match &*camel(name) {
            "model" => {}
            "content" => out.input.push(content(value)?),
            "outputDimensionality" => out.dimensions = value.as_u64(),
            "taskType" => out.task = text(value).filter(|task| task != "TASK_TYPE_UNSPECIFIED"),
            "title" => out.title = text(value),
            other => out.extras.push(Extra { field: other.to_owned(), value: value.clone() }),
        }
    }
    Ok(())
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

/// A content is one text, of however many parts.
fn content(value: &Value) -> Result<Input, RequestError> {
    let parts = field(value, "parts").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let texts: Option<Vec<String>> = parts.iter().map(|part| field(part, "text").and_then(text)).collect();
    let texts = texts.filter(|texts| !texts.is_empty()).ok_or_else(|| {
        RequestError::invalid("content", "`content` has a part that is no text, or none. Send text for this model.")
    })?;
    Ok(Input::Text(texts.join("\n")))
}

/// The client's bytes with the model rewritten, wherever it stands.
pub(super) fn prepare(request: &ClientRequest<'_>, model: &str) -> Prepared {
    let object = request.object();
    let model = quoted(&format!("models/{}", bare(model)));
    let mut splice = Splice::new(object);
    splice.replace("model", model.clone());
    if let Some(requests) = object.get("requests").filter(|value| value.first() == Some(&b'[')) {
        splice.replace("requests", with_model(requests, &model));
    }
    Prepared::of(splice.apply(), Vec::new())
}

/// A list of requests, each with this model: Google wants it in every one.
fn with_model(requests: &[u8], model: &str) -> String {
    let (mut out, mut copied) = (Vec::with_capacity(requests.len() + 64), 0);
    let mut reader = Reader::new(requests);
    // The body was checked as a whole: the walk cannot fail.
    let _ = reader.array(|reader| {
        let span = reader.span()?;
        let Some(Ok(entry)) = requests.get(span.clone()).map(json_scan::scan) else { return Ok(()) };
        let mut splice = Splice::new(&entry);
        match entry.get("model") {
            Some(_) => splice.replace("model", model.to_owned()),
            None => splice.add("model", model.to_owned()),
        }
        out.extend_from_slice(requests.get(copied..span.start).unwrap_or_default());
        out.extend_from_slice(&splice.apply());
        copied = span.end;
        Ok(())
    });
    out.extend_from_slice(requests.get(copied..).unwrap_or_default());
    String::from_utf8_lossy(&out).into_owned()
}

/// Writes an answer.
pub(super) fn encode_answer(answer: &EmbeddingAnswer, is_many: bool) -> Bytes {
    let mut out = String::from(if is_many { "{\"embeddings\":[" } else { "{\"embedding\":" });
    let vectors = if is_many { answer.vectors.as_slice() } else { answer.vectors.get(..1).unwrap_or_default() };
    for (index, vector) in vectors.iter().enumerate() {
        out.push_str(if index > 0 { ",{\"values\":" } else { "{\"values\":" });
        numbers::write_list(vector, &mut out);
        out.push('}');
    }
    out.push_str(if is_many { "]}" } else { "}" });
    Bytes::from(out)
}
