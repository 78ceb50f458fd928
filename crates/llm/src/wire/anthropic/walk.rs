//! The one reader of messages and of a stream's events. It walks the raw JSON
//! once and hands out slices of it. What it does not know it passes over: new
//! events, blocks and deltas come without a new version.

use crate::json_scan::{RawText, Reader, ScanError};
use crate::neutral::FinishReason;

/// A block of a message's content.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Block<'a> {
    pub(super) kind: Option<RawText<'a>>,
    pub(super) text: Option<RawText<'a>>,
    pub(super) thinking: Option<RawText<'a>>,
    pub(super) signature: Option<RawText<'a>>,
    /// Of `redacted_thinking`.
    pub(super) data: Option<RawText<'a>>,
    pub(super) id: Option<RawText<'a>>,
    pub(super) name: Option<RawText<'a>>,
    pub(super) input: Option<&'a [u8]>,
}

impl<'a> Block<'a> {
    /// Whether it is of this type.
    pub(super) fn is(&self, kind: &str) -> bool {
        self.kind.is_some_and(|own| own.is(kind))
    }

    /// Reads a block's value.
    pub(super) fn read(reader: &mut Reader<'a>) -> Result<Self, ScanError> {
        let mut block = Self::default();
        if reader.peek() != Some(b'{') {
            reader.skip()?;
            return Ok(block);
        }
        reader.object(|name, reader| {
            let slot = match &*name.text() {
                "type" => &mut block.kind,
                "text" => &mut block.text,
                "thinking" => &mut block.thinking,
                "signature" => &mut block.signature,
                "data" => &mut block.data,
                "id" => &mut block.id,
                "name" => &mut block.name,
                "input" => {
                    block.input = Some(reader.value()?);
                    return Ok(());
                }
                _ => return reader.skip(),
            };
            *slot = reader.text()?;
            Ok(())
        })?;
        Ok(block)
    }
}

/// A message: a whole answer, or what `message_start` says.
#[derive(Debug, Default)]
pub(super) struct Message<'a> {
    pub(super) id: Option<RawText<'a>>,
    pub(super) model: Option<RawText<'a>>,
    /// `None`: it has no content, and is no message.
    pub(super) blocks: Option<Vec<Block<'a>>>,
    pub(super) stop_reason: Option<RawText<'a>>,
    pub(super) usage: Option<&'a [u8]>,
    /// It is an error, or holds one.
    pub(super) is_error: bool,
}

/// Walks a message.
pub(super) fn message<'a>(body: &'a [u8]) -> Result<Message<'a>, ScanError> {
    let mut message = Message::default();
    Reader::new(body).object(|name, reader| {
        match &*name.text() {
            "id" => message.id = reader.text()?,
            "model" => message.model = reader.text()?,
            "stop_reason" => message.stop_reason = reader.text()?,
            "usage" if reader.peek() == Some(b'{') => message.usage = Some(reader.value()?),
            "type" => message.is_error |= reader.text()?.is_some_and(|kind| kind.is("error")),
            "error" => message.is_error |= !matches!(reader.value()?, b"null" | b"false" | b"\"\"" | b"{}"),
            "content" if reader.peek() == Some(b'[') => {
                let mut blocks = Vec::new();
                reader.array(|reader| {
                    blocks.push(Block::read(reader)?);
                    Ok(())
                })?;
                message.blocks = Some(blocks);
            }
            _ => reader.skip()?,
        }
        Ok(())
    })?;
    Ok(message)
}

/// An event of a stream.
#[derive(Debug, Default)]
pub(super) struct Event<'a> {
    pub(super) kind: Option<RawText<'a>>,
    pub(super) index: u64,
    pub(super) message: Option<&'a [u8]>,
    pub(super) block: Option<&'a [u8]>,
    pub(super) delta: Delta<'a>,
    pub(super) usage: Option<&'a [u8]>,
    pub(super) has_error: bool,
}

/// What is added.
#[derive(Debug, Default)]
pub(super) struct Delta<'a> {
    pub(super) kind: Option<RawText<'a>>,
    pub(super) text: Option<RawText<'a>>,
    pub(super) thinking: Option<RawText<'a>>,
    pub(super) signature: Option<RawText<'a>>,
    pub(super) partial_json: Option<RawText<'a>>,
    pub(super) stop_reason: Option<RawText<'a>>,
}

/// What a delta adds to, when it is of a kind that is known.
#[derive(Debug, Clone, Copy)]
pub(super) enum Added<'a> {
    Text(RawText<'a>),
    Thinking(RawText<'a>),
    Signature(RawText<'a>),
    Json(RawText<'a>),
}

impl<'a> Delta<'a> {
    /// What is added, if it is known.
    pub(super) fn added(&self) -> Option<Added<'a>> {
        match &*self.kind?.text() {
            "text_delta" => self.text.map(Added::Text),
            "thinking_delta" => self.thinking.map(Added::Thinking),
            "signature_delta" => self.signature.map(Added::Signature),
            "input_json_delta" => self.partial_json.map(Added::Json),
            _ => None,
        }
    }
}

/// The kinds of events that mean something here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    MessageStart,
    BlockStart,
    BlockDelta,
    BlockStop,
    MessageDelta,
    MessageStop,
    Error,
    /// A keep-alive.
    Ping,
    /// Of a later day.
    Unknown,
}

impl Event<'_> {
    /// What kind of event it is.
    pub(super) fn kind(&self) -> Kind {
        let Some(kind) = self.kind else {
            return if self.has_error { Kind::Error } else { Kind::Unknown };
        };
        match &*kind.text() {
            "content_block_delta" => Kind::BlockDelta,
            "content_block_start" => Kind::BlockStart,
            "content_block_stop" => Kind::BlockStop,
            "message_start" => Kind::MessageStart,
            "message_delta" => Kind::MessageDelta,
            "message_stop" => Kind::MessageStop,
            "ping" => Kind::Ping,
            "error" => Kind::Error,
            _ => Kind::Unknown,
        }
    }
}

/// Walks an event. It holds what was found up to a syntax error, if there is
/// one.
pub(super) fn event<'a>(data: &'a [u8]) -> (Event<'a>, Result<(), ScanError>) {
    let mut event = Event::default();
    let mut reader = Reader::new(data);
    let result = reader.object(|name, reader| {
        if name.is("type") {
            event.kind = reader.text()?;
        } else if name.is("index") {
            let digits = std::str::from_utf8(reader.value()?).ok();
            event.index = digits.and_then(|digits| digits.parse().ok()).unwrap_or(0);
        } else if name.is("delta") && reader.peek() == Some(b'{') {
            delta(reader, &mut event.delta)?;
        } else if name.is("content_block") && reader.peek() == Some(b'{') {
            event.block = Some(reader.value()?);
        } else if name.is("message") && reader.peek() == Some(b'{') {
            event.message = Some(reader.value()?);
        } else if name.is("usage") && reader.peek() == Some(b'{') {
            event.usage = Some(reader.value()?);
        } else if name.is("error") {
            // Told before its value is read, which may be cut off.
            event.has_error = true;
            event.has_error = reader.value()? != b"null";
        } else {
            reader.skip()?;
        }
        Ok(())
    });
    let result = result.and_then(|()| reader.end());
    (event, result)
}

fn delta<'a>(reader: &mut Reader<'a>, delta: &mut Delta<'a>) -> Result<(), ScanError> {
    reader.object(|name, reader| {
        let slot = if name.is("text") {
            &mut delta.text
        } else if name.is("partial_json") {
            &mut delta.partial_json
        } else if name.is("thinking") {
            &mut delta.thinking
        } else if name.is("signature") {
            &mut delta.signature
        } else if name.is("type") {
            &mut delta.kind
        } else if name.is("stop_reason") {
            &mut delta.stop_reason
        } else {
            return reader.skip();
        };
        *slot = reader.text()?;
        Ok(())
    })
}

/// The provider's word for the end in ours; `None`: not over yet.
pub(super) fn finish_reason(word: Option<RawText<'_>>) -> Option<FinishReason> {
    Some(match &*word?.text() {
        "" => return None,
        "max_tokens" | "model_context_window_exceeded" | "pause_turn" => FinishReason::Length,
        "tool_use" => FinishReason::ToolCalls,
        "refusal" => FinishReason::ContentFilter,
        _ => FinishReason::Stop,
    })
}
