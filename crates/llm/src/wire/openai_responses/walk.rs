//! The one reader of responses, their items, and a stream's events. It walks the
//! raw JSON once and hands out slices of it. What it does not know it passes
//! over: new events and items come without a new version.

use crate::json_scan::{RawText, Reader, ScanError};
use crate::neutral::FinishReason;

/// A part of an item: of a message's content, of a summary.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Part<'a> {
    pub(super) kind: Option<RawText<'a>>,
    pub(super) text: Option<RawText<'a>>,
    pub(super) refusal: Option<RawText<'a>>,
}

impl Part<'_> {
    /// Whether it is of this type.
    pub(super) fn is(&self, kind: &str) -> bool {
        self.kind.is_some_and(|own| own.is(kind))
    }
}

/// An item of the output.
#[derive(Debug, Clone, Default)]
pub(super) struct Item<'a> {
    pub(super) kind: Option<RawText<'a>>,
    pub(super) id: Option<RawText<'a>>,
    pub(super) call_id: Option<RawText<'a>>,
    pub(super) name: Option<RawText<'a>>,
    pub(super) arguments: Option<RawText<'a>>,
    /// Of a custom tool's call.
    pub(super) input: Option<RawText<'a>>,
    pub(super) content: Vec<Part<'a>>,
    pub(super) summary: Vec<Part<'a>>,
    /// The summary as written.
    pub(super) raw_summary: Option<&'a [u8]>,
    pub(super) encrypted: Option<RawText<'a>>,
}

impl<'a> Item<'a> {
    /// Whether it is of this type.
    pub(super) fn is(&self, kind: &str) -> bool {
        self.kind.is_some_and(|own| own.is(kind))
    }

    /// Reads an item's value.
    pub(super) fn read(reader: &mut Reader<'a>) -> Result<Self, ScanError> {
        let mut item = Self::default();
        if reader.peek() != Some(b'{') {
            reader.skip()?;
            return Ok(item);
        }
        reader.object(|name, reader| {
            let slot = match &*name.text() {
                "type" => &mut item.kind,
                "id" => &mut item.id,
                "call_id" => &mut item.call_id,
                "name" => &mut item.name,
                "arguments" => &mut item.arguments,
                "input" => &mut item.input,
                "encrypted_content" => &mut item.encrypted,
                "content" => return parts(reader, &mut item.content),
                "summary" => {
                    let raw = reader.value()?;
                    item.raw_summary = Some(raw);
                    return parts(&mut Reader::new(raw), &mut item.summary);
                }
                _ => return reader.skip(),
            };
            *slot = reader.text()?;
            Ok(())
        })?;
        Ok(item)
    }
}

fn parts<'a>(reader: &mut Reader<'a>, out: &mut Vec<Part<'a>>) -> Result<(), ScanError> {
    if reader.peek() != Some(b'[') {
        return reader.skip();
    }
    reader.array(|reader| {
        if reader.peek() != Some(b'{') {
            return reader.skip();
        }
        let mut part = Part::default();
        reader.object(|name, reader| {
            let slot = match &*name.text() {
                "type" => &mut part.kind,
                "text" => &mut part.text,
                "refusal" => &mut part.refusal,
                _ => return reader.skip(),
            };
            *slot = reader.text()?;
            Ok(())
        })?;
        out.push(part);
        Ok(())
    })
}

/// A response: a whole answer, or what the last event of a stream holds.
#[derive(Debug, Default)]
pub(super) struct Response<'a> {
    pub(super) id: Option<RawText<'a>>,
    pub(super) model: Option<RawText<'a>>,
    pub(super) status: Option<RawText<'a>>,
    /// An error that says something.
    pub(super) error: Option<&'a [u8]>,
    /// Why it is incomplete.
    pub(super) reason: Option<RawText<'a>>,
    /// `None`: it has no output, and is no response.
    pub(super) output: Option<Vec<Item<'a>>>,
    pub(super) usage: Option<&'a [u8]>,
}

impl Response<'_> {
    /// Whether this is its status.
    pub(super) fn is(&self, status: &str) -> bool {
        self.status.is_some_and(|own| own.is(status))
    }

    /// Why it ended; `None`: it did not yet.
    pub(super) fn finish(&self) -> Option<FinishReason> {
        if self.is("incomplete") {
            return Some(cut_by(self.reason));
        }
        (self.is("completed") || self.status.is_none()).then_some(FinishReason::Stop)
    }
}

/// What made an answer incomplete.
fn cut_by(reason: Option<RawText<'_>>) -> FinishReason {
    match reason {
        Some(reason) if reason.is("content_filter") => FinishReason::ContentFilter,
        _ => FinishReason::Length,
    }
}

/// Walks a response. What was read before its JSON broke off is in it.
pub(super) fn response(body: &[u8]) -> (Response<'_>, Result<(), ScanError>) {
    let mut response = Response::default();
    let walked = members(&mut Reader::new(body), &mut response);
    (response, walked)
}

fn members<'a>(reader: &mut Reader<'a>, response: &mut Response<'a>) -> Result<(), ScanError> {
    reader.object(|name, reader| {
        match &*name.text() {
            "id" => response.id = reader.text()?,
            "model" => response.model = reader.text()?,
            "status" => response.status = reader.text()?,
            "error" => {
                response.error = Some(reader.value()?).filter(|value| !matches!(*value, b"null" | b"false" | b"{}"));
            }
            "incomplete_details" if reader.peek() == Some(b'{') => reader.object(|name, reader| {
                if name.is("reason") {
                    response.reason = reader.text()?;
                    return Ok(());
                }
                reader.skip()
            })?,
            "usage" if reader.peek() == Some(b'{') => response.usage = Some(reader.value()?),
            "output" if reader.peek() == Some(b'[') => {
                let mut items = Vec::new();
                reader.array(|reader| {
                    items.push(Item::read(reader)?);
                    Ok(())
                })?;
                response.output = Some(items);
            }
            _ => reader.skip()?,
        }
        Ok(())
    })
}

/// What kind of event it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    TextDelta,
    RefusalDelta,
    SummaryDelta,
    ThoughtDelta,
    ArgumentsDelta,
    /// A delta of something else: a custom tool's input, code, a search.
    OtherDelta,
    TextDone,
    RefusalDone,
    SummaryDone,
    ThoughtDone,
    ArgumentsDone,
    ItemAdded,
    ItemDone,
    /// `created`, `in_progress`, `queued`: it goes on.
    Under,
    Completed,
    Incomplete,
    Failed,
    Error,
    Unknown,
}

/// An event of a stream.
#[derive(Debug, Default)]
pub(super) struct Event<'a> {
    kind: Option<RawText<'a>>,
    /// The place of its item in the output.
    pub(super) output_index: u64,
    /// The place of its part in the item.
    pub(super) part_index: u64,
    pub(super) delta: Option<RawText<'a>>,
    /// The whole of what the deltas were, when it is done.
    pub(super) whole: Option<RawText<'a>>,
    pub(super) item: Option<&'a [u8]>,
    pub(super) response: Option<Response<'a>>,
    has_error: bool,
}

impl Event<'_> {
    /// What kind it is.
    pub(super) fn kind(&self) -> Kind {
        let Some(kind) = self.kind else {
            return if self.has_error { Kind::Error } else { Kind::Unknown };
        };
        match &*kind.text() {
            "response.output_text.delta" => Kind::TextDelta,
            "response.function_call_arguments.delta" => Kind::ArgumentsDelta,
            "response.reasoning_summary_text.delta" => Kind::SummaryDelta,
            "response.reasoning_text.delta" => Kind::ThoughtDelta,
            "response.refusal.delta" => Kind::RefusalDelta,
            "response.output_text.done" => Kind::TextDone,
            "response.function_call_arguments.done" => Kind::ArgumentsDone,
            "response.reasoning_summary_text.done" => Kind::SummaryDone,
            "response.reasoning_text.done" => Kind::ThoughtDone,
            "response.refusal.done" => Kind::RefusalDone,
            "response.output_item.added" => Kind::ItemAdded,
            "response.output_item.done" => Kind::ItemDone,
            "response.created" | "response.in_progress" | "response.queued" => Kind::Under,
            "response.completed" | "response.done" => Kind::Completed,
            "response.incomplete" => Kind::Incomplete,
            "response.failed" | "response.cancelled" => Kind::Failed,
            "error" | "response.error" => Kind::Error,
            other if other.ends_with(".delta") => Kind::OtherDelta,
            _ => Kind::Unknown,
        }
    }
}

/// Walks an event. What was read before its JSON broke off is in it.
pub(super) fn event(data: &[u8]) -> (Event<'_>, Result<(), ScanError>) {
    let mut event = Event::default();
    let walked = Reader::new(data).object(|name, reader| {
        match &*name.text() {
            "type" => event.kind = reader.text()?,
            "output_index" => event.output_index = index(reader)?,
            "content_index" | "summary_index" => event.part_index = index(reader)?,
            "delta" => event.delta = reader.text()?,
            "text" | "arguments" | "refusal" => event.whole = reader.text()?,
            "item" if reader.peek() == Some(b'{') => event.item = Some(reader.value()?),
            "response" if reader.peek() == Some(b'{') => {
                let mut response = Response::default();
                let walked = members(reader, &mut response);
                event.response = Some(response);
                walked?;
            }
            "error" => event.has_error = !matches!(reader.value()?, b"null" | b"false" | b"{}"),
            _ => reader.skip()?,
        }
        Ok(())
    });
    (event, walked)
}

fn index(reader: &mut Reader<'_>) -> Result<u64, ScanError> {
    let digits = std::str::from_utf8(reader.value()?).ok();
    Ok(digits.and_then(|digits| digits.parse().ok()).unwrap_or_default())
}
