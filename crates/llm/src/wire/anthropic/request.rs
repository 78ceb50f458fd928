//! A client's own body, on its way to Anthropic. It is read as far as Ownkey has
//! to know, and leaves with its model rewritten. All else stays byte for byte,
//! but for thoughts that were never signed: they come from models of others, and
//! would be refused.

use bytes::Bytes;
use memchr::memmem;

use super::unsigned;
use crate::json_scan::{Object, RawText, Reader, ScanError, quoted};
use crate::wire::client_request::{asks_for_stream, model_of, scanned};
use crate::wire::{ClientRequest, Prepared, RequestError, Target};

/// Reads a client's body.
///
/// # Errors
/// [`RequestError`], naming the field that is missing or malformed.
pub fn read(body: &[u8]) -> Result<ClientRequest<'_>, RequestError> {
    let object = scanned(body)?;
    let model = model_of(&object)?;
    let stream = asks_for_stream(&object)?;
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
    let (mut splice, dropped) = request.without_left_out();
    splice.replace("model", quoted(target.model));
    if let Some(limit) = request.limit() {
        // `null` counts as no limit, and must not be there twice.
        splice.remove("max_tokens");
        splice.add("max_tokens", limit.to_string());
    }
    if let Some(messages) = object.get("messages").filter(|messages| may_hold_unsigned(messages))
        && let Some(signed) = unsigned::without(messages)
    {
        splice.replace("messages", signed);
    }
    Prepared { pieces: splice.apply_over(whole), dropped }
}

/// A quick look; most bodies have no such thing.
fn may_hold_unsigned(messages: &[u8]) -> bool {
    memmem::find(messages, b"\"thinking\"").is_some()
}

fn invalid(param: &'static str, message: impl Into<String>) -> RequestError {
    RequestError::invalid(param, message)
}

fn limit(object: &Object<'_>) -> Result<Option<u64>, RequestError> {
    let Some(value) = object.get("max_tokens").filter(|value| *value != b"null") else {
        return Ok(None);
    };
    let number = std::str::from_utf8(value).ok().and_then(|text| text.parse::<u64>().ok());
    number
        .map(Some)
        .ok_or_else(|| invalid("max_tokens", "`max_tokens` is not a whole number. Send one, or leave it out."))
}

/// Counts the texts of instructions and messages, and the tools as they are
/// written.
fn prompt_characters(object: &Object<'_>) -> Result<u64, RequestError> {
    let messages = object.get("messages");
    let messages =
        messages.ok_or_else(|| invalid("messages", "The field `messages` is missing. Send a list of them."))?;
    if messages.first() != Some(&b'[') {
        return Err(invalid("messages", "`messages` is not a list. Send a list of messages."));
    }
    let (mut characters, mut is_empty) = (0, true);
    // The body was checked as a whole: the walks cannot fail.
    let _ = Reader::new(messages).array(|reader| {
        is_empty = false;
        if reader.peek() != Some(b'{') {
            return reader.skip();
        }
        reader.object(|name, reader| if name.is("content") { content(reader, &mut characters) } else { reader.skip() })
    });
    if is_empty {
        return Err(invalid("messages", "`messages` is empty. Send at least one message."));
    }
    if let Some(system) = object.get("system") {
        let _ = content(&mut Reader::new(system), &mut characters);
    }
    let extras = ["tools", "output_config", "output_format"].iter().filter_map(|field| object.get(field));
    Ok(characters + extras.map(|value| RawText::new(value).characters()).sum::<u64>())
}

/// A string, or blocks.
fn content(reader: &mut Reader<'_>, characters: &mut u64) -> Result<(), ScanError> {
    if reader.peek() == Some(b'[') {
        return reader.array(|reader| block(reader, characters));
    }
    *characters += reader.text()?.map_or(0, |text| text.characters());
    Ok(())
}

/// A block counts by its words; pictures and files do not.
fn block(reader: &mut Reader<'_>, characters: &mut u64) -> Result<(), ScanError> {
    if reader.peek() != Some(b'{') {
        return reader.skip();
    }
    reader.object(|name, reader| {
        match &*name.text() {
            "text" | "thinking" => *characters += reader.text()?.map_or(0, |text| text.characters()),
            "input" => *characters += RawText::new(reader.value()?).characters(),
            "content" => content(reader, characters)?,
            "source" if reader.peek() == Some(b'{') => source(reader, characters)?,
            _ => reader.skip()?,
        }
        Ok(())
    })
}

/// A document counts when it is words.
fn source(reader: &mut Reader<'_>, characters: &mut u64) -> Result<(), ScanError> {
    let (mut is_text, mut words) = (false, 0);
    reader.object(|name, reader| {
        if name.is("type") {
            is_text = reader.text()?.is_some_and(|kind| kind.is("text"));
        } else if name.is("data") {
            words = reader.text()?.map_or(0, |text| text.characters());
        } else if name.is("content") {
            content(reader, characters)?;
        } else {
            reader.skip()?;
        }
        Ok(())
    })?;
    *characters += if is_text { words } else { 0 };
    Ok(())
}

#[cfg(test)]
mod tests;
