//! Where a failure's words stand, in each of the shapes.

use std::time::Duration;

use crate::json_scan::{self, RawText, Reader, ScanError};

/// A failure's words, as sent.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Shape {
    pub(super) message: Option<String>,
    /// `type`.
    pub(super) kind: Option<String>,
    /// `code`, a number as its digits.
    pub(super) code: Option<String>,
    pub(super) param: Option<String>,
    /// OpenRouter: `metadata.error_type`.
    pub(super) error_type: Option<String>,
    /// OpenRouter: the prompt was flagged.
    pub(super) is_flagged: bool,
    /// OpenRouter: `availability.code`.
    pub(super) availability: Option<String>,
    /// OpenRouter: `availability.retryable`.
    pub(super) is_retryable: Option<bool>,
    /// OpenRouter: `availability.retry_after`.
    pub(super) retry_after: Option<Duration>,
    /// Azure: `innererror.code`.
    pub(super) inner_code: Option<String>,
    /// Hugging Face: the header `x-error-code`.
    pub(super) header_code: Option<String>,
}

/// The shape of a whole body. HTML and the like have no words for us.
pub(super) fn of_body(body: &[u8]) -> Shape {
    let mut shape = Shape::default();
    let mut reader = Reader::new(body);
    if reader.peek() == Some(b'{') {
        // What was read before the JSON broke off is used all the same.
        let _ = members(&mut reader, &mut shape);
    } else if json_scan::check(body).is_ok() {
        return of_value(body);
    }
    shape
}

/// The shape of an `error` value: an object or a string.
pub(super) fn of_value(value: &[u8]) -> Shape {
    let mut shape = Shape::default();
    let mut reader = Reader::new(value);
    match reader.peek() {
        Some(b'{') => {
            let _ = members(&mut reader, &mut shape);
        }
        _ => shape.message = text_of(value.trim_ascii()),
    }
    shape
}

fn members(reader: &mut Reader<'_>, shape: &mut Shape) -> Result<(), ScanError> {
    reader.object(|name, reader| {
        let is_object = reader.peek() == Some(b'{');
        match &*name.text() {
            "error" | "message" | "availability" | "metadata" | "innererror" | "inner_error" if is_object => {
                nested(&name.text(), reader, shape)?;
            }
            "error" | "message" => {
                let text = reader.text()?.map(|text| text.text().into_owned());
                shape.message = shape.message.take().or(text);
            }
            "detail" => detail(reader, shape)?,
            "type" => set(&mut shape.kind, reader)?,
            "code" => set(&mut shape.code, reader)?,
            "param" => set(&mut shape.param, reader)?,
            _ => reader.skip()?,
        }
        Ok(())
    })
}

fn nested(name: &str, reader: &mut Reader<'_>, shape: &mut Shape) -> Result<(), ScanError> {
    match name {
        "error" | "message" => members(reader, shape),
        "availability" => reader.object(|name, reader| {
            let value = reader.value()?;
            if name.is("code") {
                shape.availability = text_of(value);
            } else if name.is("retryable") {
                shape.is_retryable = Some(value == b"true");
            } else if name.is("retry_after") {
                let seconds = text_of(value).and_then(|text| text.parse().ok());
                shape.retry_after = seconds.map(|seconds: u32| Duration::from_secs(seconds.into()));
            }
            Ok(())
        }),
        "metadata" => reader.object(|name, reader| {
            if name.is("error_type") {
                return set(&mut shape.error_type, reader);
            }
            shape.is_flagged |= name.is("flagged_input") || name.is("reasons");
            reader.skip()
        }),
        _ => reader
            .object(|name, reader| if name.is("code") { set(&mut shape.inner_code, reader) } else { reader.skip() }),
    }
}

/// FastAPI: a sentence, or a list of what did not fit and where.
fn detail(reader: &mut Reader<'_>, shape: &mut Shape) -> Result<(), ScanError> {
    if reader.peek() != Some(b'[') {
        let text = reader.text()?.map(|text| text.text().into_owned());
        shape.message = shape.message.take().or(text);
        return Ok(());
    }
    let mut sentences = Vec::new();
    reader.array(|reader| {
        if reader.peek() != Some(b'{') {
            return reader.skip();
        }
        let (mut message, mut place) = (None, Vec::new());
        reader.object(|name, reader| {
            if name.is("msg") {
                message = reader.text()?.map(|text| text.text().into_owned());
            } else if name.is("loc") && reader.peek() == Some(b'[') {
                reader.array(|reader| {
                    place.extend(text_of(reader.value()?).filter(|step| step != "body"));
                    Ok(())
                })?;
            } else {
                reader.skip()?;
            }
            Ok(())
        })?;
        let place = place.join(".");
        let message = message.unwrap_or_default();
        sentences.push(if place.is_empty() { message } else { format!("{place}: {message}") });
        shape.param = shape.param.take().or((!place.is_empty()).then_some(place));
        Ok(())
    })?;
    shape.message = Some(sentences.join("; "));
    Ok(())
}

fn set(slot: &mut Option<String>, reader: &mut Reader<'_>) -> Result<(), ScanError> {
    let text = text_of(reader.value()?);
    *slot = slot.take().or(text);
    Ok(())
}

/// A string's text or a number's digits.
fn text_of(value: &[u8]) -> Option<String> {
    if let Some(text) = RawText::of_value(value) {
        return Some(text.text().into_owned());
    }
    let is_number = value.first().is_some_and(|byte| byte.is_ascii_digit() || *byte == b'-');
    is_number.then(|| String::from_utf8_lossy(value).into_owned())
}
