//! The one reader of lines and whole answers: they have the same form. It walks
//! the raw JSON once and builds nothing.

use domain::usage::TokenCounts;

use crate::json_scan::{RawText, Reader, ScanError};
use crate::neutral::FinishReason;
use crate::wire::openai_chat::usage::count;

/// A line, as far as it was read.
#[derive(Debug, Clone, Default)]
pub(super) struct Line<'a> {
    pub(super) model: Option<RawText<'a>>,
    /// When it was written: the nearest thing to an id.
    pub(super) created: Option<RawText<'a>>,
    pub(super) content: Option<RawText<'a>>,
    pub(super) thinking: Option<RawText<'a>>,
    /// The value of `tool_calls`, when it is a list.
    pub(super) calls: Option<&'a [u8]>,
    pub(super) has_message: bool,
    pub(super) is_done: bool,
    reason: Option<RawText<'a>>,
    prompt: Option<u64>,
    completion: Option<u64>,
    pub(super) is_absurd: bool,
    /// A failure was named.
    pub(super) has_error: bool,
}

/// A call in a line.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Called<'a> {
    pub(super) id: Option<RawText<'a>>,
    pub(super) name: Option<RawText<'a>>,
    /// JSON, as it was written.
    pub(super) arguments: Option<&'a [u8]>,
}

impl Line<'_> {
    /// Why the answer ended, when it did.
    pub(super) fn finish(&self) -> Option<FinishReason> {
        let is_length = self.reason.is_some_and(|reason| reason.is("length"));
        self.is_done.then_some(if is_length { FinishReason::Length } else { FinishReason::Stop })
    }

    /// The counts. A prompt that was still in memory may not be counted at all.
    pub(super) fn counts(&self) -> Option<TokenCounts> {
        let completion = self.completion.filter(|_| !self.is_absurd)?;
        let counts = TokenCounts { prompt: self.prompt.unwrap_or(0), completion, ..TokenCounts::default() };
        (counts.prompt + counts.completion > 0 && counts.is_plausible()).then_some(counts)
    }
}

/// Walks a line. It holds what was found up to a syntax error, if there is one.
pub(super) fn walk(data: &[u8]) -> (Line<'_>, Result<(), ScanError>) {
    let mut line = Line::default();
    let result = read(data, &mut line);
    (line, result)
}

fn read<'a>(data: &'a [u8], line: &mut Line<'a>) -> Result<(), ScanError> {
    let mut reader = Reader::new(data);
    reader.object(|name, reader| {
        match &*name.text() {
            "message" if reader.peek() == Some(b'{') => {
                line.has_message = true;
                return message(reader, line);
            }
            "model" => line.model = reader.text()?,
            "created_at" => line.created = reader.text()?,
            "done" => line.is_done = reader.value()? == b"true",
            "done_reason" => line.reason = reader.text()?,
            "prompt_eval_count" => line.prompt = count(reader, &mut line.is_absurd)?,
            "eval_count" => line.completion = count(reader, &mut line.is_absurd)?,
            "error" => {
                // Told before its value is read, which may be cut off.
                line.has_error = true;
                line.has_error = !matches!(reader.value()?, b"null" | b"\"\"");
            }
            _ => reader.skip()?,
        }
        Ok(())
    })?;
    reader.end()
}

fn message<'a>(reader: &mut Reader<'a>, line: &mut Line<'a>) -> Result<(), ScanError> {
    reader.object(|name, reader| {
        if name.is("content") {
            line.content = reader.text()?.filter(|text| !text.is_empty());
        } else if name.is("thinking") {
            line.thinking = reader.text()?.filter(|text| !text.is_empty());
        } else if name.is("tool_calls") && reader.peek() == Some(b'[') {
            line.calls = Some(reader.value()?);
        } else {
            reader.skip()?;
        }
        Ok(())
    })
}

/// The calls of a `tool_calls` value. Its syntax was checked when it was passed.
pub(super) fn calls<'a>(value: &'a [u8], mut each: impl FnMut(Called<'a>)) {
    // Cannot fail: the same bytes were walked before.
    let _ = Reader::new(value).array(|reader| {
        if reader.peek() != Some(b'{') {
            return reader.skip();
        }
        let mut called = Called::default();
        reader.object(|name, reader| {
            if name.is("id") {
                called.id = reader.text()?.filter(|id| !id.is_empty());
            } else if name.is("function") && reader.peek() == Some(b'{') {
                reader.object(|name, reader| {
                    if name.is("name") {
                        called.name = reader.text()?;
                    } else if name.is("arguments") {
                        called.arguments = Some(reader.value()?);
                    } else {
                        reader.skip()?;
                    }
                    Ok(())
                })?;
            } else {
                reader.skip()?;
            }
            Ok(())
        })?;
        each(called);
        Ok(())
    });
}

impl Called<'_> {
    /// The arguments as JSON text. An object; some models write a text instead.
    pub(super) fn arguments_text(&self) -> String {
        let value = self.arguments.unwrap_or(b"{}");
        match RawText::of_value(value) {
            Some(text) => text.text().into_owned(),
            None if value == b"null" => "{}".to_owned(),
            None => String::from_utf8_lossy(value).into_owned(),
        }
    }
}
