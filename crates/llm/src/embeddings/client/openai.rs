//! OpenAI's `/v1/embeddings`.

use std::fmt::Write as _;

use bytes::Bytes;
use domain::ProviderId;
use domain::usage::estimated_tokens;
use serde_json::{Map, Value};

use super::super::{EmbeddingAnswer, EmbeddingRequest, Encoding, Input, numbers};
use super::encoding_of;
use crate::embeddings::provider;
use crate::json_scan::{Object, RawText, Reader, ScanError, Splice, quoted};
use crate::neutral::Extra;
use crate::parameters::{self, Unsupported};
use crate::wire::client_request::{checked_model, scanned};
use crate::wire::{ClientRequest, Fitting, Prepared, RequestError};

const WHAT_INPUT_IS: &str = "Send a text, a list of texts, or lists of tokens.";

/// Fields that Mistral's schema knows; it refuses all others.
const AT_MISTRAL: [&str; 6] = ["model", "input", "metadata", "output_dimension", "output_dtype", "encoding_format"];

/// Reads a client's body.
pub(super) fn read(body: &[u8]) -> Result<ClientRequest<'_>, RequestError> {
    let object = scanned(body)?;
    let model = object
        .get("model")
        .ok_or_else(|| RequestError::invalid("model", "The field `model` is missing. Name the model to ask."))?;
    let model = RawText::of_value(model)
        .ok_or_else(|| RequestError::invalid("model", "`model` is not a string. Send the model's name as text."))?;
    let model = checked_model(model.text())?;
    let prompt_characters = input_characters(&object)?;
    let encoding = object.get("encoding_format").filter(|value| *value != b"null");
    if encoding.is_some_and(|value| !matches!(value, b"\"float\"" | b"\"base64\"")) {
        return Err(bad_encoding());
    }
    let mut request = ClientRequest::new(object, model, false);
    request.prompt_characters = prompt_characters;
    Ok(request)
}

fn bad_encoding() -> RequestError {
    RequestError::invalid("encoding_format", "`encoding_format` is neither float nor base64. Send one of them.")
}

fn input_characters(object: &Object<'_>) -> Result<u64, RequestError> {
    let input = object.get("input").filter(|value| *value != b"null");
    let input = input
        .ok_or_else(|| RequestError::invalid("input", format!("The field `input` is missing. {WHAT_INPUT_IS}")))?;
    if let Some(text) = RawText::of_value(input) {
        return Ok(text.characters());
    }
    let invalid = || RequestError::invalid("input", format!("`input` is no text and no list of them. {WHAT_INPUT_IS}"));
    if input.first() != Some(&b'[') {
        return Err(invalid());
    }
    let (mut characters, mut is_empty, mut is_other) = (0, true, false);
    // The body was checked as a whole: the walk cannot fail.
    let _ = Reader::new(input).array(|reader| {
        is_empty = false;
        item_characters(reader, &mut characters, &mut is_other)
    });
    if is_other {
        return Err(invalid());
    }
    if is_empty {
        return Err(RequestError::invalid("input", format!("`input` is empty. {WHAT_INPUT_IS}")));
    }
    Ok(characters)
}

fn item_characters(reader: &mut Reader<'_>, characters: &mut u64, is_other: &mut bool) -> Result<(), ScanError> {
    match reader.peek() {
        Some(b'"') => *characters += reader.text()?.map_or(0, |text| text.characters()),
        Some(b'0'..=b'9') => {
            *characters += 4;
            reader.skip()?;
        }
        Some(b'[') => reader.array(|reader| {
            *is_other |= !matches!(reader.peek(), Some(b'0'..=b'9'));
            *characters += 4;
            reader.skip()
        })?,
        _ => {
            *is_other = true;
            reader.skip()?;
        }
    }
    Ok(())
}

/// Reads the whole body.
pub(super) fn to_neutral(request: &ClientRequest<'_>) -> Result<EmbeddingRequest, RequestError> {
    let body: Map<String, Value> = serde_json::from_slice(request.object().body()).map_err(|error| {
        RequestError::invalid("input", format!("The body cannot be translated for this model: {error}."))
    })?;
    let mut out = EmbeddingRequest { model: request.model.clone().into_owned(), ..EmbeddingRequest::default() };
    let is_there = |field: &str, value: &Value| !value.is_null() && !request.is_left_out(field);
    for (field, value) in body.iter().filter(|(field, value)| is_there(field, value)) {
        match field.as_str() {
            "model" => {}
            "input" => {
                out.input = input(value).ok_or_else(|| {
                    RequestError::invalid("input", format!("`input` mixes texts and tokens. {WHAT_INPUT_IS}"))
                })?;
            }
            "dimensions" => {
                let number = value.as_u64().filter(|number| *number > 0);
                out.dimensions = Some(number.ok_or_else(|| {
                    RequestError::invalid("dimensions", "`dimensions` is not a positive whole number. Send one.")
                })?);
            }
            "encoding_format" => out.encoding = encoding_of(value.as_str()).ok_or_else(bad_encoding)?,
            "user" => out.user = value.as_str().map(str::to_owned),
            other => out.extras.push(Extra { field: other.to_owned(), value: value.clone() }),
        }
    }
    Ok(out)
}

fn input(value: &Value) -> Option<Vec<Input>> {
    let tokens = |list: &Vec<Value>| list.iter().map(Value::as_u64).collect::<Option<Vec<u64>>>();
    match value {
        Value::String(text) => Some(vec![Input::Text(text.clone())]),
        Value::Array(list) if list.first().is_some_and(Value::is_u64) => Some(vec![Input::Tokens(tokens(list)?)]),
        Value::Array(list) => list
            .iter()
            .map(|item| match item {
                Value::String(text) => Some(Input::Text(text.clone())),
                Value::Array(list) => tokens(list).map(Input::Tokens),
                _ => None,
            })
            .collect(),
        _ => None,
    }
}

/// The body for an OpenAI-like provider: the client's, with the model rewritten.
pub(super) fn prepare(request: &ClientRequest<'_>, fitting: &mut Fitting<'_>) -> Result<Prepared, Unsupported> {
    let object = request.object();
    let is_mistral = fitting.target.provider == ProviderId::Mistral;
    let mut splice = Splice::new(object);
    let mut dropped = Vec::new();
    for member in object.members() {
        let field = &*member.name;
        let is_renamed = is_mistral && field == "dimensions" && object.get("output_dimension").is_none();
        if is_renamed {
            splice.rename(field, "output_dimension");
            continue;
        }
        let is_unknown = is_mistral && !AT_MISTRAL.contains(&field);
        if !is_unknown && !request.is_left_out(field) {
            continue;
        }
        if is_unknown && !parameters::is_without_effect(field) && object.get(field) != Some(b"null") {
            fitting.refuse(field)?;
        }
        splice.remove(field);
        dropped.push(field.to_owned());
    }
    splice.replace("model", quoted(fitting.target.model));
    Ok(Prepared::of(splice.apply(), dropped))
}

/// Writes an answer.
pub(super) fn encode_answer(answer: &EmbeddingAnswer, encoding: Encoding, prompt: u64) -> Bytes {
    let size: usize = answer.vectors.iter().map(|vector| vector.len() * 12 + 64).sum();
    let mut out = String::with_capacity(size + 256);
    out.push_str("{\"object\":\"list\",\"data\":[");
    for (index, vector) in answer.vectors.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        // Writing to memory cannot fail.
        let _ = write!(out, "{{\"object\":\"embedding\",\"index\":{index},\"embedding\":");
        match encoding {
            Encoding::Float => numbers::write_list(vector, &mut out),
            Encoding::Base64 => {
                let _ = write!(out, "\"{}\"", numbers::to_base64(vector));
            }
        }
        out.push('}');
    }
    let model = quoted(&answer.model);
    let _ = write!(out, "],\"model\":{model},\"usage\":{{\"prompt_tokens\":{prompt},\"total_tokens\":{prompt}}}}}");
    Bytes::from(out)
}

/// A passed answer in the encoding that the client asked for: some servers send
/// numbers whatever was asked, and some clients take them for bytes.
#[must_use]
pub fn fit_answer(request: &ClientRequest<'_>, provider: ProviderId, body: Bytes) -> Bytes {
    if request.object().get("encoding_format") != Some(b"\"base64\"") || !has_list(&body) {
        return body;
    }
    match provider::decode(provider, &body) {
        Ok(answer) => {
            let estimate = || estimated_tokens(request.prompt_characters);
            let prompt = answer.usage.map_or_else(estimate, |usage| usage.prompt);
            encode_answer(&answer, Encoding::Base64, prompt)
        }
        Err(_) => body,
    }
}

/// Whether the first vector is a list of numbers.
fn has_list(body: &[u8]) -> bool {
    let mut is_list = false;
    let _ = Reader::new(body).object(|name, reader| {
        if !name.is("data") || reader.peek() != Some(b'[') {
            return reader.skip();
        }
        reader.array(|reader| {
            if reader.peek() != Some(b'{') {
                return reader.skip();
            }
            reader.object(|name, reader| {
                is_list |= name.is("embedding") && reader.peek() == Some(b'[');
                reader.skip()
            })
        })
    });
    is_list
}
