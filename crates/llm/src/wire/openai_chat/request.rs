//! A client's own body, on its way to a provider of the same wire. It is read
//! as far as Ownkey has to know, and leaves with `model` and `stream_options`
//! rewritten and with the fields left out that the target cannot take. All else
//! stays byte for byte.

use bytes::Bytes;
use domain::provider::WireName;

use super::foreign;
use crate::json_scan::{self, Object, RawText, Reader, ScanError, Splice, quoted};
use crate::parameters::{self, Fate, StreamOptions, Unsupported};
use crate::wire::client_request::{asks_for_stream, boolean, model_of};
use crate::wire::{ClientRequest, Prepared, RequestError, Target, choice, openai_responses};

/// Reads a client's body.
///
/// # Errors
/// [`RequestError`], naming the field that is missing or malformed.
pub fn read(body: &[u8]) -> Result<ClientRequest<'_>, RequestError> {
    let object = json_scan::scan(body).map_err(|problem| RequestError {
        message: problem.to_string(),
        param: None,
        code: if matches!(problem, ScanError::Duplicate(_)) { "invalid_request" } else { "invalid_json" },
    })?;
    let model = model_of(&object)?;
    let stream = asks_for_stream(&object)?;
    let include_usage = include_usage(object.get("stream_options"))?;
    let mut max_tokens = limit(&object, "max_completion_tokens")?.or(limit(&object, "max_tokens")?);
    let is_responses_shaped = object.get("input").is_some() && object.get("messages").is_none();
    let prompt = if is_responses_shaped {
        max_tokens = max_tokens.or(openai_responses::request::limit(&object)?);
        Prompt { characters: openai_responses::request::prompt_characters(&object)?, has_calls: false }
    } else {
        Prompt::of(&object)?
    };
    let mut request = ClientRequest::new(object, model, stream);
    request.include_usage = include_usage && stream;
    request.max_tokens = max_tokens;
    request.prompt_characters = prompt.characters;
    request.may_hold_calls = prompt.has_calls;
    Ok(request)
}

/// Makes the body that is sent to the target.
///
/// # Errors
/// [`Unsupported`], when the target cannot take a field that would change the
/// answer, unless `lenient`.
pub fn prepare(
    request: &ClientRequest<'_>,
    whole: &Bytes,
    target: &Target<'_>,
    lenient: bool,
) -> Result<Prepared, Unsupported> {
    let object = request.object();
    let rules = parameters::rules(target.provider);
    let mut splice = Splice::new(object);
    let mut dropped = Vec::new();
    let effort = choice::asked(WireName::OpenAiChat, request).effort;
    for member in object.members() {
        let field = &*member.name;
        let value = object.get(field).unwrap_or_default();
        let fate = match field {
            "model" | "stream_options" => continue,
            _ if request.is_left_out(field) => Fate::Dropped,
            _ => choice::fate(target, effort, field, value),
        };
        match fate {
            Fate::Passes => continue,
            Fate::Renamed(name) if object.get(name).is_none() => {
                splice.rename(field, name);
                continue;
            }
            Fate::Refused if !lenient => {
                let (field, model) = (field.to_owned(), target.model.to_owned());
                return Err(Unsupported { field, model, provider: target.provider });
            }
            Fate::Renamed(_) | Fate::Dropped | Fate::Refused => {
                splice.remove(field);
                dropped.push(field.to_owned());
            }
        }
    }
    splice.replace("model", quoted(target.model));
    let messages = object.get("messages").filter(|_| request.may_hold_calls);
    if let Some(messages) = messages.and_then(|messages| foreign::without(target.provider, messages)) {
        splice.replace("messages", messages);
    }
    if let Some(limit) = request.limit() {
        // `null` counts as no limit, and must not be there twice.
        splice.remove("max_tokens");
        splice.remove("max_completion_tokens");
        splice.add(rules.limit_field, limit.to_string());
    }
    let way = if request.is_left_out("stream_options") { StreamOptions::Dropped } else { rules.stream_options };
    stream_options(request, way, &mut splice, &mut dropped);
    Ok(Prepared { pieces: splice.apply_over(whole), dropped })
}

/// Asks for the usage of a stream, where that can be asked.
fn stream_options(
    request: &ClientRequest<'_>,
    way: StreamOptions,
    splice: &mut Splice<'_, '_>,
    dropped: &mut Vec<String>,
) {
    let given = request.object().get("stream_options");
    match way {
        StreamOptions::AsGiven => {}
        StreamOptions::Dropped => {
            if given.is_some() {
                splice.remove("stream_options");
                dropped.push("stream_options".to_owned());
            }
        }
        StreamOptions::Taken if !request.stream || request.include_usage => {}
        StreamOptions::Taken => match given {
            None => splice.add("stream_options", r#"{"include_usage":true}"#.to_owned()),
            Some(value) => splice.replace("stream_options", with_usage(value)),
        },
    }
}

/// The client's `stream_options` with usage asked for.
fn with_usage(value: &[u8]) -> String {
    let Ok(options) = json_scan::scan(value) else {
        return r#"{"include_usage":true}"#.to_owned();
    };
    let mut splice = Splice::new(&options);
    if options.get("include_usage").is_some() {
        splice.replace("include_usage", "true".to_owned());
    } else {
        splice.add("include_usage", "true".to_owned());
    }
    String::from_utf8_lossy(&splice.apply()).into_owned()
}

fn invalid(param: &'static str, message: impl Into<String>) -> RequestError {
    RequestError::invalid(param, message)
}

fn include_usage(value: Option<&[u8]>) -> Result<bool, RequestError> {
    let Some(value) = value.filter(|value| *value != b"null") else {
        return Ok(false);
    };
    let options = json_scan::scan(value)
        .map_err(|_| invalid("stream_options", "`stream_options` is not an object. Send one."))?;
    boolean(options.get("include_usage")).ok_or_else(|| {
        invalid("stream_options", "`stream_options.include_usage` is not a boolean. Send true or false.")
    })
}

fn limit(object: &Object<'_>, field: &'static str) -> Result<Option<u64>, RequestError> {
    let Some(value) = object.get(field).filter(|value| *value != b"null") else {
        return Ok(None);
    };
    let number = std::str::from_utf8(value).ok().and_then(|text| text.parse::<u64>().ok()).filter(|&limit| limit > 0);
    number
        .map(Some)
        .ok_or_else(|| invalid(field, format!("`{field}` is not a positive whole number. Send one, or leave it out.")))
}

/// What is counted of a prompt.
#[derive(Default)]
struct Prompt {
    characters: u64,
    /// Some message names calls.
    has_calls: bool,
}

impl Prompt {
    /// Counts the texts of the messages, and the tools as they are written.
    fn of(object: &Object<'_>) -> Result<Self, RequestError> {
        let messages = object.get("messages");
        let messages =
            messages.ok_or_else(|| invalid("messages", "The field `messages` is missing. Send a list of them."))?;
        if messages.first() != Some(&b'[') {
            return Err(invalid("messages", "`messages` is not a list. Send a list of messages."));
        }
        let (mut prompt, mut is_empty) = (Self::default(), true);
        // The body was checked as a whole: the walk cannot fail.
        let _ = object.reader("messages").map(|mut reader| {
            reader.array(|reader| {
                is_empty = false;
                prompt.add_message(reader)
            })
        });
        if is_empty {
            return Err(invalid("messages", "`messages` is empty. Send at least one message."));
        }
        let extras = ["tools", "functions", "response_format"].iter().filter_map(|field| object.get(field));
        prompt.characters += extras.map(|value| RawText::new(value).characters()).sum::<u64>();
        Ok(prompt)
    }

    fn add_message(&mut self, reader: &mut Reader<'_>) -> Result<(), ScanError> {
        if reader.peek() != Some(b'{') {
            return reader.skip();
        }
        reader.object(|name, reader| {
            if name.is("content") && reader.peek() == Some(b'[') {
                return reader.array(|reader| part_characters(reader, &mut self.characters));
            }
            if name.is("content") {
                self.characters += reader.text()?.map_or(0, |text| text.characters());
            } else if name.is("tool_calls") {
                self.has_calls = true;
                self.characters += RawText::new(reader.value()?).characters();
            } else {
                reader.skip()?;
            }
            Ok(())
        })
    }
}

/// A part counts by its `text`; pictures, sounds and files do not.
fn part_characters(reader: &mut Reader<'_>, characters: &mut u64) -> Result<(), ScanError> {
    if reader.peek() != Some(b'{') {
        *characters += reader.text()?.map_or(0, |text| text.characters());
        return Ok(());
    }
    reader.object(|name, reader| {
        if name.is("text") {
            *characters += reader.text()?.map_or(0, |text| text.characters());
            return Ok(());
        }
        reader.skip()
    })
}

#[cfg(test)]
mod tests;
