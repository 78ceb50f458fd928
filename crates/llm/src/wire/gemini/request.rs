//! A client's own body, on its way to a provider of the same wire: read as far
//! as Ownkey has to know. Model and stream are said by the URL, so that the
//! bytes pass as they are, but for a limit that Ownkey sets.

use std::borrow::Cow;

use super::generation::bare;
use super::names::{get, refuse_doubles};
use crate::json_scan::{self, Object, RawText, Reader, ScanError, Splice, quoted};
use crate::wire::client_request::{checked_model, scanned};
use crate::wire::{ClientRequest, Prepared, RequestError, Target, UrlWords};
use bytes::Bytes;

/// Reads a client's body.
///
/// # Errors
/// [`RequestError`], naming the field that is missing or malformed.
pub fn read<'a>(body: &'a [u8], url: Option<UrlWords<'a>>) -> Result<ClientRequest<'a>, RequestError> {
    let url = url.ok_or_else(|| {
        invalid("model", "The URL names no model. Call /v1beta/models/{model}:generateContent.".to_owned())
    })?;
    let model = checked_model(Cow::Borrowed(bare(url.model)))?;
    let object = scanned(body)?;
    refuse_doubles(&object)?;
    let max_tokens = limit(&object)?;
    let prompt_characters = prompt_characters(&object)?;
    let mut request = ClientRequest::new(object, model, url.stream);
    // The counts come with every answer of this format.
    request.include_usage = url.stream;
    request.wants_array = url.stream && !url.alt_sse;
    request.max_tokens = max_tokens;
    request.prompt_characters = prompt_characters;
    Ok(request)
}

/// Makes the body that is sent to the target.
#[must_use]
pub fn prepare(request: &ClientRequest<'_>, whole: &Bytes, target: &Target<'_>) -> Prepared {
    let object = request.object();
    let (mut splice, dropped) = request.without_left_out();
    // Not needed there, but where it stands it must not name another model.
    splice.replace("model", quoted(&format!("models/{}", bare(target.model))));
    if let Some(limit) = request.limit() {
        set_limit(object, limit, &mut splice);
    }
    Prepared { pieces: splice.apply_over(whole), dropped }
}

/// Puts a limit into `generationConfig`.
fn set_limit(object: &Object<'_>, limit: u64, splice: &mut Splice<'_, '_>) {
    let alone = || format!("{{\"maxOutputTokens\":{limit}}}");
    let member = object.members().iter().find(|member| super::names::camel(&member.name) == "generationConfig");
    let Some(name) = member.map(|member| member.name.clone()) else {
        splice.add("generationConfig", alone());
        return;
    };
    let Some(config) = object.get(&name).and_then(|value| json_scan::scan(value).ok()) else {
        splice.replace(&name, alone());
        return;
    };
    let mut inner = Splice::new(&config);
    // `null` counts as no limit, and must not be there twice.
    inner.remove("maxOutputTokens");
    inner.remove("max_output_tokens");
    inner.add("maxOutputTokens", limit.to_string());
    splice.replace(&name, String::from_utf8_lossy(&inner.apply()).into_owned());
}

fn invalid(param: &'static str, message: String) -> RequestError {
    RequestError::invalid(param, message)
}

fn limit(object: &Object<'_>) -> Result<Option<u64>, RequestError> {
    const NAME: &str = "generationConfig.maxOutputTokens";
    let Some(config) = get(object, "generationConfig").filter(|value| *value != b"null") else {
        return Ok(None);
    };
    if config.first() != Some(&b'{') {
        return Err(invalid("generationConfig", "`generationConfig` is not an object. Send one.".to_owned()));
    }
    let config = scanned(config)?;
    refuse_doubles(&config)?;
    let Some(value) = get(&config, "maxOutputTokens").filter(|value| *value != b"null") else {
        return Ok(None);
    };
    let number = std::str::from_utf8(value).ok().and_then(|text| text.trim_matches('"').parse::<u64>().ok());
    number
        .filter(|&limit| limit > 0)
        .map(Some)
        .ok_or_else(|| invalid(NAME, format!("`{NAME}` is not a positive whole number. Send one, or leave it out.")))
}

/// Counts the texts of the conversation, and tools and calls as they are
/// written.
pub(super) fn prompt_characters(object: &Object<'_>) -> Result<u64, RequestError> {
    let contents = get(object, "contents")
        .ok_or_else(|| invalid("contents", "The field `contents` is missing. Send a list of turns.".to_owned()))?;
    if contents.first() != Some(&b'[') {
        return Err(invalid("contents", "`contents` is not a list. Send a list of turns.".to_owned()));
    }
    let (mut characters, mut is_empty) = (0, true);
    // The body was checked as a whole: the walk cannot fail.
    let _ = Reader::new(contents).array(|reader| {
        is_empty = false;
        turn_characters(reader, &mut characters)
    });
    if is_empty {
        return Err(invalid("contents", "`contents` is empty. Send at least one turn.".to_owned()));
    }
    if let Some(system) = get(object, "systemInstruction") {
        let _ = turn_characters(&mut Reader::new(system), &mut characters);
    }
    Ok(characters + get(object, "tools").map_or(0, |tools| RawText::new(tools).characters()))
}

/// Counts the texts of one turn.
pub(crate) fn turn_characters(reader: &mut Reader<'_>, characters: &mut u64) -> Result<(), ScanError> {
    match reader.peek() {
        Some(b'"') => {
            *characters += reader.text()?.map_or(0, |text| text.characters());
            Ok(())
        }
        Some(b'{') => reader.object(|name, reader| match (name.is("parts"), reader.peek()) {
            (true, Some(b'[')) => reader.array(|reader| part_characters(reader, characters)),
            (true, Some(b'{')) => part_characters(reader, characters),
            _ => reader.skip(),
        }),
        _ => reader.skip(),
    }
}

/// A part counts by its `text`, a call or its answer as it is written; pictures,
/// sounds and files do not.
fn part_characters(reader: &mut Reader<'_>, characters: &mut u64) -> Result<(), ScanError> {
    if reader.peek() != Some(b'{') {
        return reader.skip();
    }
    reader.object(|name, reader| {
        let is_called = ["functionCall", "function_call", "functionResponse", "function_response"];
        if name.is("text") {
            *characters += reader.text()?.map_or(0, |text| text.characters());
        } else if is_called.iter().any(|called| name.is(called)) {
            *characters += RawText::new(reader.value()?).characters();
        } else {
            reader.skip()?;
        }
        Ok(())
    })
}
