//! A form of several parts, as uploads come: found are the one part that names
//! the model and the one that asks for a stream; all other parts stay where they
//! are and are never looked into. What two readers of one form could understand
//! differently is refused, because the model decides who may call and who pays.
//!
//! Source: RFC 7578 and RFC 2046, section 5.1.

mod disposition;

use std::ops::Range;

use bytes::Bytes;
use memchr::memmem;

use crate::wire::RequestError;
use crate::wire::client_request::checked_model;

/// The most parts a form may have.
const MAX_PARTS: usize = 256;

/// The most bytes of one part's headers.
const MAX_HEADER_BYTES: usize = 8 * 1024;

/// The longest value of a part that is read.
const MAX_VALUE_BYTES: usize = 4 * 1024;

/// A form, as far as it is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Form {
    /// The model's name.
    pub model: Option<String>,
    /// Whether the answer is to come in pieces.
    pub stream: bool,
    /// Where the model's name stands.
    model_span: Option<Range<usize>>,
    /// Where the first part begins.
    start: usize,
    boundary: String,
}

/// The boundary that a content type names; `None`: it is none of a form.
#[must_use]
pub fn boundary(content_type: &str) -> Option<String> {
    let (kind, parameters) = content_type.split_once(';')?;
    if !kind.trim().eq_ignore_ascii_case("multipart/form-data") {
        return None;
    }
    let mut found = None;
    for parameter in parameters.split(';') {
        let (name, value) = parameter.split_once('=')?;
        if !name.trim().eq_ignore_ascii_case("boundary") {
            continue;
        }
        let value = value.trim();
        let value = value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or(value);
        // A subset of what the RFC allows, without what needs quotes around it.
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"'()+_,-./:=?".contains(&byte);
        let fits = (1..=70).contains(&value.len()) && value.bytes().all(is_plain);
        if !fits || found.replace(value.to_owned()).is_some() {
            return None;
        }
    }
    found
}

/// The value of a field of a form, as its bytes; `None`: it is not there.
///
/// # Errors
/// [`RequestError`], for what is no form, or could be read in two ways.
pub fn value<'b>(body: &'b [u8], boundary: &str, name: &str) -> Result<Option<&'b [u8]>, RequestError> {
    let mut found = None;
    for pair in delimiters(body, boundary)?.windows(2) {
        let [before, after] = pair else { continue };
        let bytes =
            body.get(before.end..after.start.saturating_sub(2)).ok_or_else(|| broken("has a part without an end"))?;
        let head = memmem::find(bytes.get(..bytes.len().min(MAX_HEADER_BYTES)).unwrap_or_default(), b"\r\n\r\n");
        let head = head.ok_or_else(|| broken("has a part whose headers do not end"))?;
        if disposition::name_of(bytes.get(..head).unwrap_or_default())? == name && found.is_none() {
            found = bytes.get(head + 4..);
        }
    }
    Ok(found)
}

impl Form {
    /// Reads a form.
    ///
    /// # Errors
    /// [`RequestError`], for what is no form, or could be read in two ways.
    pub fn read(body: &[u8], boundary: &str) -> Result<Self, RequestError> {
        let mut form = Self { model: None, stream: false, model_span: None, start: 0, boundary: boundary.to_owned() };
        let ends = delimiters(body, boundary)?;
        form.start = ends.first().map_or(0, |first| first.end);
        for pair in ends.windows(2) {
            if let [before, after] = pair {
                // The line break before a delimiter belongs to the delimiter.
                form.take(body, before.end..after.start.saturating_sub(2))?;
            }
        }
        Ok(form)
    }

    /// One part: its headers, an empty line, its value.
    fn take(&mut self, body: &[u8], part: Range<usize>) -> Result<(), RequestError> {
        let bytes = body.get(part.clone()).ok_or_else(|| broken("has a part without an end"))?;
        let head = memmem::find(bytes.get(..bytes.len().min(MAX_HEADER_BYTES)).unwrap_or_default(), b"\r\n\r\n");
        let head = head.ok_or_else(|| broken("has a part whose headers do not end"))?;
        let name = disposition::name_of(bytes.get(..head).unwrap_or_default())?;
        let value = part.start + head + 4..part.end;
        match &*name {
            "model" => {
                if self.model.is_some() {
                    return Err(RequestError::invalid("model", "The form names `model` twice. Send it once."));
                }
                let text = text(body, value.clone(), "model")?;
                self.model = Some(checked_model(text.into())?.into_owned());
                self.model_span = Some(value);
            }
            "stream" => self.stream |= text(body, value, "stream")?.eq_ignore_ascii_case("true"),
            _ => {}
        }
        Ok(())
    }

    /// The same form with this model; one that names none gets it as a part
    /// before the others. Nothing is copied.
    #[must_use]
    pub fn with_model(&self, body: &Bytes, model: &str) -> Vec<Bytes> {
        let model = model.to_owned();
        match &self.model_span {
            Some(span) => vec![body.slice(..span.start), Bytes::from(model), body.slice(span.end..)],
            None => {
                let (name, boundary) = ("Content-Disposition: form-data; name=\"model\"", &self.boundary);
                let part = format!("{name}\r\n\r\n{model}\r\n--{boundary}\r\n");
                vec![body.slice(..self.start), Bytes::from(part), body.slice(self.start..)]
            }
        }
    }

    /// What its content type says.
    #[must_use]
    pub fn content_type(&self) -> String {
        format!("multipart/form-data; boundary=\"{}\"", self.boundary)
    }
}

/// The value of a part that is a plain word.
fn text(body: &[u8], span: Range<usize>, name: &'static str) -> Result<String, RequestError> {
    let value = body.get(span).filter(|value| value.len() <= MAX_VALUE_BYTES);
    let text = value.and_then(|value| std::str::from_utf8(value).ok());
    text.map(str::to_owned)
        .ok_or_else(|| RequestError::invalid(name, format!("The form's `{name}` is no short text. Send it as one.")))
}

fn broken(what: &str) -> RequestError {
    RequestError {
        message: format!("The form {what}, so it cannot be passed on. Send it as multipart/form-data."),
        param: None,
        code: "invalid_request",
    }
}

/// Where the delimiters stand, each from its first dash to the end of its line.
/// The boundary may stand nowhere else.
fn delimiters(body: &[u8], boundary: &str) -> Result<Vec<Range<usize>>, RequestError> {
    let mark = format!("--{boundary}");
    let mut found: Vec<Range<usize>> = Vec::new();
    for start in memmem::find_iter(body, mark.as_bytes()) {
        let before = body.get(..start).unwrap_or_default();
        let is_placed = if found.is_empty() { before.is_empty() } else { before.ends_with(b"\r\n") };
        if !is_placed {
            return Err(broken("has its boundary where no part begins"));
        }
        let after = body.get(start + mark.len()..).unwrap_or_default();
        if after.starts_with(b"\r\n") && found.len() < MAX_PARTS {
            found.push(start..start + mark.len() + 2);
            continue;
        }
        let is_last = matches!(after, b"--" | b"--\r\n") && !found.is_empty();
        if !is_last {
            return Err(broken("has a boundary that neither begins a part nor ends the form"));
        }
        found.push(start..body.len());
        return Ok(found);
    }
    Err(broken("does not end with its boundary"))
}

#[cfg(test)]
mod tests;
