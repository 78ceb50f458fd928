//! The one reader of chunks (`chat.completion.chunk`) and whole answers
//! (`chat.completion`): they differ in `delta` and `message` only. It walks the
//! raw JSON once, builds nothing, and hands each piece to a [`Sink`].
//!
//! Tolerant on purpose: content as string, parts or null; reasoning under two
//! names; calls without index, id or type, with arguments as text or object.

mod message;

use crate::json_scan::{RawText, Reader, ScanError};
use crate::neutral::FinishReason;

/// A piece of one choice.
#[derive(Debug, Clone, Copy)]
pub(super) enum Piece<'a> {
    Content(RawText<'a>),
    Reasoning(RawText<'a>),
    Refusal(RawText<'a>),
    Call(CallPiece<'a>),
    Finish(FinishReason),
}

/// A call, or a part of one. Empty texts are left out here already.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct CallPiece<'a> {
    pub(super) index: Option<u64>,
    pub(super) id: Option<RawText<'a>>,
    pub(super) name: Option<RawText<'a>>,
    pub(super) arguments: Option<Arguments<'a>>,
}

/// Arguments as they were sent.
#[derive(Debug, Clone, Copy)]
pub(super) enum Arguments<'a> {
    /// A string that holds JSON text.
    Text(RawText<'a>),
    /// JSON itself.
    Json(&'a [u8]),
}

/// Takes the pieces, in order. `choice` is the choice's index.
pub(super) trait Sink<'a> {
    fn piece(&mut self, choice: u64, piece: Piece<'a>);

    /// Something of this choice comes, if only its role.
    fn choice(&mut self, _index: u64) {}
}

/// What stands outside the choices.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Envelope<'a> {
    pub(super) id: Option<RawText<'a>>,
    pub(super) model: Option<RawText<'a>>,
    pub(super) created: Option<&'a [u8]>,
    /// OpenAI's padding against eavesdroppers.
    pub(super) obfuscation: Option<RawText<'a>>,
    /// The value of `usage` (or Groq's), when it is an object.
    pub(super) usage: Option<&'a [u8]>,
    /// `usage` stood at the top level, not in a provider's own place.
    pub(super) has_plain_usage: bool,
    /// How many choices; `None`: no such member.
    pub(super) choices: Option<usize>,
    /// An error of any kind was named.
    pub(super) fault: Option<Fault<'a>>,
}

/// How a failure was told inside an answer.
#[derive(Debug, Clone, Copy)]
pub(super) enum Fault<'a> {
    /// `error` at the top, with the whole text as its context.
    Body,
    /// `choices[].error` or `x_groq.error`: this value.
    Value(&'a [u8]),
    /// Only `finish_reason: "error"`.
    Finish,
}

impl Envelope<'_> {
    /// The event that carries nothing but the usage.
    pub(super) fn is_usage_only(&self) -> bool {
        self.choices == Some(0) && self.has_plain_usage
    }
}

/// Walks a chunk or an answer. The envelope holds what was found up to a
/// syntax error, if there is one.
pub(super) fn walk<'a>(data: &'a [u8], sink: &mut impl Sink<'a>) -> (Envelope<'a>, Result<(), ScanError>) {
    walk_with(Reader::new(data), sink)
}

/// As [`walk`], for a whole answer, which must be UTF-8.
pub(super) fn walk_text<'a>(data: &'a [u8], sink: &mut impl Sink<'a>) -> (Envelope<'a>, Result<(), ScanError>) {
    walk_with(Reader::of_utf8(data), sink)
}

fn walk_with<'a>(mut reader: Reader<'a>, sink: &mut impl Sink<'a>) -> (Envelope<'a>, Result<(), ScanError>) {
    let mut envelope = Envelope::default();
    let result = reader.object(|name, reader| {
        if name.is("choices") && reader.peek() == Some(b'[') {
            let mut count = 0;
            reader.array(|reader| {
                let fault = choice(count as u64, reader, sink)?;
                envelope.fault = envelope.fault.or(fault);
                count += 1;
                Ok(())
            })?;
            envelope.choices = Some(count);
            return Ok(());
        }
        if name.is("error") {
            let earlier = envelope.fault;
            // Told before its value is read, which may be cut off.
            envelope.fault = earlier.or(Some(Fault::Body));
            if is_nothing(reader.value()?) {
                envelope.fault = earlier;
            }
            return Ok(());
        }
        top_member(name, reader, &mut envelope)
    });
    let result = result.and_then(|()| reader.end());
    (envelope, result)
}

fn top_member<'a>(name: RawText<'a>, reader: &mut Reader<'a>, envelope: &mut Envelope<'a>) -> Result<(), ScanError> {
    if name.is("id") {
        envelope.id = reader.text()?;
    } else if name.is("model") {
        envelope.model = reader.text()?;
    } else if name.is("created") {
        envelope.created = Some(reader.value()?);
    } else if name.is("obfuscation") {
        envelope.obfuscation = reader.text()?;
    } else if name.is("usage") && reader.peek() == Some(b'{') {
        envelope.usage = Some(reader.value()?);
        envelope.has_plain_usage = true;
    } else if name.is("x_groq") && reader.peek() == Some(b'{') {
        reader.object(|name, reader| {
            if name.is("usage") && reader.peek() == Some(b'{') {
                let usage = reader.value()?;
                envelope.usage = envelope.usage.or(Some(usage));
            } else if name.is("error") {
                let value = reader.value()?;
                envelope.fault = envelope.fault.or((!is_nothing(value)).then_some(Fault::Value(value)));
            } else {
                reader.skip()?;
            }
            Ok(())
        })?;
    } else if name.is("object") {
        let is_error = reader.text()?.is_some_and(|object| object.is("error"));
        envelope.fault = envelope.fault.or(is_error.then_some(Fault::Body));
    } else {
        reader.skip()?;
    }
    Ok(())
}

/// One choice. Its members come in any order, so the message is walked last.
fn choice<'a>(
    position: u64,
    reader: &mut Reader<'a>,
    sink: &mut impl Sink<'a>,
) -> Result<Option<Fault<'a>>, ScanError> {
    if reader.peek() != Some(b'{') {
        return reader.skip().map(|()| None);
    }
    let (mut index, mut body, mut finish, mut fault) = (position, None, None, None);
    reader.object(|name, reader| {
        if name.is("delta") || name.is("message") {
            let value = reader.value()?;
            body = body.or((value.first() == Some(&b'{')).then_some(value));
        } else if name.is("index") {
            index = integer(reader.value()?).unwrap_or(position);
        } else if name.is("finish_reason") {
            finish = reader.text()?;
        } else if name.is("error") {
            let value = reader.value()?;
            fault = (!is_nothing(value)).then_some(Fault::Value(value));
        } else {
            reader.skip()?;
        }
        Ok(())
    })?;
    sink.choice(index);
    if let Some(body) = body {
        message::walk(index, body, sink)?;
    }
    if let Some(finish) = finish {
        match finish_reason(finish) {
            Finish::Reason(reason) => sink.piece(index, Piece::Finish(reason)),
            Finish::Error => fault = fault.or(Some(Fault::Finish)),
            Finish::NotYet => {}
        }
    }
    Ok(fault)
}

enum Finish {
    Reason(FinishReason),
    Error,
    NotYet,
}

/// The provider's word in ours. Some send an empty one with every chunk.
fn finish_reason(word: RawText<'_>) -> Finish {
    Finish::Reason(match &*word.text() {
        "" => return Finish::NotYet,
        "error" => return Finish::Error,
        "length" | "model_length" | "max_tokens" => FinishReason::Length,
        "tool_calls" | "function_call" => FinishReason::ToolCalls,
        "content_filter" => FinishReason::ContentFilter,
        _ => FinishReason::Stop,
    })
}

/// An `error` that says there is none.
fn is_nothing(value: &[u8]) -> bool {
    matches!(value, b"null" | b"false" | b"\"\"" | b"{}" | b"[]")
}

fn integer(value: &[u8]) -> Option<u64> {
    std::str::from_utf8(value).ok()?.parse().ok()
}
