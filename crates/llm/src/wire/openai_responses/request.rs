//! A client's own body, on its way to a provider of the same wire. It is read as
//! far as Ownkey has to know, and leaves with its model rewritten. All else
//! stays byte for byte: what OpenAI keeps under an id (`previous_response_id`,
//! `conversation`) is found again by the key that made it.

use std::borrow::Cow;

use super::foreign;
use crate::json_scan::{Object, RawText, Reader, ScanError, Splice, quoted};
use crate::wire::client_request::{checked_model, scanned};
use crate::wire::{ClientRequest, Prepared, RequestError, Target};
use bytes::Bytes;

/// What may stand in place of an input.
const INSTEAD_OF_INPUT: [&str; 3] = ["previous_response_id", "conversation", "prompt"];

/// Reads a client's body.
///
/// # Errors
/// [`RequestError`], naming the field that is missing or malformed.
pub fn read(body: &[u8]) -> Result<ClientRequest<'_>, RequestError> {
    let object = scanned(body)?;
    let model = model(object.get("model"))?;
    let stream = match object.get("stream") {
        None | Some(b"null" | b"false") => false,
        Some(b"true") => true,
        Some(_) => return Err(invalid("stream", "`stream` is not a boolean. Send true or false.")),
    };
    let max_tokens = limit(&object)?;
    let prompt_characters = prompt_characters(&object)?;
    let mut request = ClientRequest::new(object, model, stream);
    // Its streams always say what they used.
    request.include_usage = stream;
    request.max_tokens = max_tokens;
    request.prompt_characters = prompt_characters;
    Ok(request)
}

/// Makes the body that is sent to the target.
#[must_use]
pub fn prepare(request: &ClientRequest<'_>, whole: &Bytes, target: &Target<'_>) -> Prepared {
    let object = request.object();
    let mut splice = Splice::new(object);
    let mut dropped = Vec::new();
    for member in object.members().iter().filter(|member| request.is_left_out(&member.name)) {
        splice.remove(&member.name);
        dropped.push(member.name.clone().into_owned());
    }
    splice.replace("model", quoted(target.model));
    if let Some(input) = object.get("input").and_then(foreign::without) {
        splice.replace("input", input);
    }
    if let Some(limit) = request.limit() {
        // `null` counts as no limit, and must not be there twice.
        splice.remove("max_output_tokens");
        splice.add("max_output_tokens", limit.to_string());
    }
    Prepared { pieces: splice.apply_over(whole), dropped }
}

fn invalid(param: &'static str, message: impl Into<String>) -> RequestError {
    RequestError::invalid(param, message)
}

fn model(value: Option<&[u8]>) -> Result<Cow<'_, str>, RequestError> {
    let value = value.ok_or_else(|| invalid("model", "The field `model` is missing. Name the model to ask."))?;
    let text = RawText::of_value(value)
        .ok_or_else(|| invalid("model", "`model` is not a string. Send the model's name as text."))?
        .text();
    checked_model(text)
}

/// The longest answer that is asked for.
pub(in crate::wire) fn limit(object: &Object<'_>) -> Result<Option<u64>, RequestError> {
    let Some(value) = object.get("max_output_tokens").filter(|value| *value != b"null") else {
        return Ok(None);
    };
    let number = std::str::from_utf8(value).ok().and_then(|text| text.parse::<u64>().ok()).filter(|&limit| limit > 0);
    number.map(Some).ok_or_else(|| {
        invalid("max_output_tokens", "`max_output_tokens` is not a positive whole number. Send one, or leave it out.")
    })
}

/// Counts the texts of instructions and items, and the tools as they are
/// written.
pub(in crate::wire) fn prompt_characters(object: &Object<'_>) -> Result<u64, RequestError> {
    let input = object.get("input").filter(|value| *value != b"null");
    let is_elsewhere = INSTEAD_OF_INPUT.iter().any(|field| object.get(field).is_some_and(|value| value != b"null"));
    let mut characters = 0;
    match input.and_then(|value| Some((value, *value.first()?))) {
        Some((value, b'"')) => characters += RawText::of_value(value).map_or(0, |text| text.characters()),
        Some((value, b'[')) => {
            let mut is_empty = true;
            // The body was checked as a whole: the walk cannot fail.
            let _ = Reader::new(value).array(|reader| {
                is_empty = false;
                item(reader, &mut characters)
            });
            if is_empty && !is_elsewhere {
                return Err(invalid("input", "`input` is empty. Send at least one item."));
            }
        }
        Some(_) => return Err(invalid("input", "`input` is neither text nor a list. Send one of them.")),
        None if is_elsewhere => {}
        None => return Err(invalid("input", "The field `input` is missing. Send a text or a list of items.")),
    }
    let extras = ["instructions", "tools", "text"].iter().filter_map(|field| object.get(field));
    Ok(characters + extras.map(|value| RawText::new(value).characters()).sum::<u64>())
}

fn item(reader: &mut Reader<'_>, characters: &mut u64) -> Result<(), ScanError> {
    if reader.peek() != Some(b'{') {
        return reader.skip();
    }
    reader.object(|name, reader| match &*name.text() {
        "content" | "output" | "summary" if reader.peek() == Some(b'[') => {
            reader.array(|reader| part(reader, characters))
        }
        "content" | "output" | "arguments" | "input" => {
            *characters += reader.text()?.map_or(0, |text| text.characters());
            Ok(())
        }
        _ => reader.skip(),
    })
}

/// A part counts by its `text`; pictures and files do not.
fn part(reader: &mut Reader<'_>, characters: &mut u64) -> Result<(), ScanError> {
    if reader.peek() != Some(b'{') {
        return reader.skip();
    }
    reader.object(|name, reader| {
        if name.is("text") || name.is("refusal") {
            *characters += reader.text()?.map_or(0, |text| text.characters());
            return Ok(());
        }
        reader.skip()
    })
}

#[cfg(test)]
mod tests;
