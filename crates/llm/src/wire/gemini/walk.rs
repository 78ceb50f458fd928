//! The one reader of pieces and whole answers: at Gemini both are a
//! `GenerateContentResponse`. It walks the raw JSON once, builds nothing, and
//! hands each piece to a [`Sink`].
//!
//! An array of them is read like one: that is how streams without `alt=sse` and
//! some errors come.

use crate::json_scan::{RawText, Reader, ScanError};
use crate::neutral::FinishReason;

/// A piece of one candidate.
#[derive(Debug, Clone, Copy)]
pub(super) enum Piece<'a> {
    Text(RawText<'a>),
    Thought(RawText<'a>),
    Call(Call<'a>),
    /// The signature of the part that follows, which is no call.
    Signature(RawText<'a>),
    /// A picture that the model made.
    Picture {
        media_type: RawText<'a>,
        data: RawText<'a>,
    },
    Finish(FinishReason),
}

/// A call, always whole.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Call<'a> {
    pub(super) id: Option<RawText<'a>>,
    pub(super) name: Option<RawText<'a>>,
    /// `args` as written, when it is an object.
    pub(super) arguments: Option<&'a [u8]>,
    pub(super) signature: Option<RawText<'a>>,
}

/// Takes the pieces, in order. `candidate` is the candidate's index.
pub(super) trait Sink<'a> {
    fn piece(&mut self, candidate: u64, piece: Piece<'a>);

    /// Something of this candidate comes.
    fn candidate(&mut self, _index: u64) {}
}

/// What stands outside the candidates.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Envelope<'a> {
    pub(super) id: Option<RawText<'a>>,
    pub(super) model: Option<RawText<'a>>,
    /// The value of `usageMetadata`.
    pub(super) usage: Option<&'a [u8]>,
    /// How many candidates.
    pub(super) candidates: usize,
    /// The prompt was refused.
    pub(super) is_blocked: bool,
    pub(super) fault: Option<Fault<'a>>,
}

impl Envelope<'_> {
    /// Whether it is an answer at all.
    pub(super) const fn is_answer(&self) -> bool {
        self.candidates > 0 || self.is_blocked
    }
}

/// How a failure was told inside an answer.
#[derive(Debug, Clone, Copy)]
pub(super) enum Fault<'a> {
    /// `error`, with this value; empty when it was cut off.
    Value(&'a [u8]),
    /// A `finishReason` that is a failure of the model's own.
    Finish(RawText<'a>),
}

/// Walks a piece, an answer, or an array of them. The envelope holds what was
/// found up to a syntax error, if there is one.
pub(super) fn walk<'a>(data: &'a [u8], sink: &mut impl Sink<'a>) -> (Envelope<'a>, Result<(), ScanError>) {
    let mut envelope = Envelope::default();
    let mut reader = Reader::new(data);
    let result = if reader.peek() == Some(b'[') {
        reader.array(|reader| match reader.peek() {
            Some(b'{') => response(reader, &mut envelope, sink),
            _ => reader.skip(),
        })
    } else {
        response(&mut reader, &mut envelope, sink)
    };
    let result = result.and_then(|()| reader.end());
    (envelope, result)
}

fn response<'a>(
    reader: &mut Reader<'a>,
    envelope: &mut Envelope<'a>,
    sink: &mut impl Sink<'a>,
) -> Result<(), ScanError> {
    reader.object(|name, reader| {
        if name.is("candidates") && reader.peek() == Some(b'[') {
            let mut position = 0;
            return reader.array(|reader| {
                candidate(position, reader, envelope, sink)?;
                position += 1;
                envelope.candidates += 1;
                Ok(())
            });
        }
        if name.is("usageMetadata") && reader.peek() == Some(b'{') {
            envelope.usage = Some(reader.value()?);
        } else if name.is("modelVersion") {
            envelope.model = reader.text()?.filter(|text| !text.is_empty()).or(envelope.model);
        } else if name.is("responseId") {
            envelope.id = reader.text()?.filter(|text| !text.is_empty()).or(envelope.id);
        } else if name.is("promptFeedback") && reader.peek() == Some(b'{') {
            prompt_feedback(reader, envelope)?;
        } else if name.is("error") {
            let earlier = envelope.fault;
            // Told before its value is read, which may be cut off.
            envelope.fault = earlier.or(Some(Fault::Value(&[])));
            let value = reader.value()?;
            let fault = (!matches!(value, b"null" | b"{}" | b"false")).then_some(Fault::Value(value));
            envelope.fault = earlier.or(fault);
        } else {
            reader.skip()?;
        }
        Ok(())
    })
}

fn prompt_feedback<'a>(reader: &mut Reader<'a>, envelope: &mut Envelope<'a>) -> Result<(), ScanError> {
    reader.object(|name, reader| {
        if name.is("blockReason") {
            envelope.is_blocked |= reader.text()?.is_some_and(|reason| !reason.is_empty());
            return Ok(());
        }
        reader.skip()
    })
}

/// One candidate. Its members come in any order, so its content is walked last.
fn candidate<'a>(
    position: u64,
    reader: &mut Reader<'a>,
    envelope: &mut Envelope<'a>,
    sink: &mut impl Sink<'a>,
) -> Result<(), ScanError> {
    if reader.peek() != Some(b'{') {
        return reader.skip();
    }
    let (mut index, mut content, mut finish) = (position, None, None);
    reader.object(|name, reader| {
        if name.is("content") {
            content = Some(reader.value()?).filter(|value| value.first() == Some(&b'{'));
        } else if name.is("index") {
            index = integer(reader.value()?).unwrap_or(position);
        } else if name.is("finishReason") {
            finish = reader.text()?;
        } else {
            reader.skip()?;
        }
        Ok(())
    })?;
    sink.candidate(index);
    if let Some(content) = content {
        content_of(index, content, sink)?;
    }
    match finish.map(|word| (word, finish_reason(word))) {
        None | Some((_, Finish::NotYet)) => {}
        Some((_, Finish::Reason(reason))) => sink.piece(index, Piece::Finish(reason)),
        Some((word, Finish::Failure)) => envelope.fault = envelope.fault.or(Some(Fault::Finish(word))),
    }
    Ok(())
}

fn content_of<'a>(candidate: u64, content: &'a [u8], sink: &mut impl Sink<'a>) -> Result<(), ScanError> {
    Reader::new(content).object(|name, reader| {
        if name.is("parts") && reader.peek() == Some(b'[') {
            return reader.array(|reader| part(candidate, reader, sink));
        }
        reader.skip()
    })
}

fn part<'a>(candidate: u64, reader: &mut Reader<'a>, sink: &mut impl Sink<'a>) -> Result<(), ScanError> {
    if reader.peek() != Some(b'{') {
        return reader.skip();
    }
    let (mut text, mut is_thought, mut signature) = (None, false, None);
    let (mut call, mut picture) = (None, None);
    reader.object(|name, reader| {
        if name.is("text") {
            text = reader.text()?;
        } else if name.is("thought") {
            is_thought = reader.value()? == b"true";
        } else if name.is("thoughtSignature") {
            signature = reader.text()?.filter(|text| !text.is_empty());
        } else if name.is("functionCall") && reader.peek() == Some(b'{') {
            call = Some(function_call(reader)?);
        } else if name.is("inlineData") && reader.peek() == Some(b'{') {
            picture = inline_data(reader)?;
        } else {
            reader.skip()?;
        }
        Ok(())
    })?;
    if let Some(call) = call {
        sink.piece(candidate, Piece::Call(Call { signature, ..call }));
        return Ok(());
    }
    if let Some(signature) = signature {
        sink.piece(candidate, Piece::Signature(signature));
    }
    if let Some(text) = text.filter(|text| !text.is_empty()) {
        sink.piece(candidate, if is_thought { Piece::Thought(text) } else { Piece::Text(text) });
    }
    if let Some((media_type, data)) = picture.filter(|_| !is_thought) {
        sink.piece(candidate, Piece::Picture { media_type, data });
    }
    Ok(())
}

fn function_call<'a>(reader: &mut Reader<'a>) -> Result<Call<'a>, ScanError> {
    let mut call = Call::default();
    reader.object(|name, reader| {
        if name.is("id") {
            call.id = reader.text()?.filter(|id| !id.is_empty());
        } else if name.is("name") {
            call.name = reader.text()?.filter(|name| !name.is_empty());
        } else if name.is("args") && reader.peek() == Some(b'{') {
            call.arguments = Some(reader.value()?);
        } else {
            reader.skip()?;
        }
        Ok(())
    })?;
    Ok(call)
}

type Inline<'a> = (RawText<'a>, RawText<'a>);

fn inline_data<'a>(reader: &mut Reader<'a>) -> Result<Option<Inline<'a>>, ScanError> {
    let (mut media_type, mut data) = (None, None);
    reader.object(|name, reader| {
        if name.is("mimeType") {
            media_type = reader.text()?;
        } else if name.is("data") {
            data = reader.text()?;
        } else {
            reader.skip()?;
        }
        Ok(())
    })?;
    Ok(media_type.zip(data))
}

enum Finish {
    Reason(FinishReason),
    Failure,
    NotYet,
}

/// The provider's word in ours.
fn finish_reason(word: RawText<'_>) -> Finish {
    Finish::Reason(match &*word.text() {
        "" | "FINISH_REASON_UNSPECIFIED" => return Finish::NotYet,
        "MALFORMED_FUNCTION_CALL"
        | "UNEXPECTED_TOOL_CALL"
        | "TOO_MANY_TOOL_CALLS"
        | "MISSING_THOUGHT_SIGNATURE"
        | "MALFORMED_RESPONSE" => return Finish::Failure,
        "MAX_TOKENS" => FinishReason::Length,
        "SAFETY" | "RECITATION" | "BLOCKLIST" | "PROHIBITED_CONTENT" | "SPII" | "LANGUAGE" => {
            FinishReason::ContentFilter
        }
        image if image.starts_with("IMAGE_") => FinishReason::ContentFilter,
        _ => FinishReason::Stop,
    })
}

/// The provider's word in ours, where it is one.
pub(super) fn reason_of(word: RawText<'_>) -> Option<FinishReason> {
    match finish_reason(word) {
        Finish::Reason(reason) => Some(reason),
        Finish::Failure | Finish::NotYet => None,
    }
}

fn integer(value: &[u8]) -> Option<u64> {
    std::str::from_utf8(value).ok()?.parse().ok()
}
