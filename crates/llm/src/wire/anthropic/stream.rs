//! A streamed answer, made neutral. Text, thoughts and arguments are told as
//! they come; usage and finish at the end, because later counts replace earlier
//! ones.

use bytes::Bytes;
use domain::ProviderId;
use domain::usage::TokenCounts;

use super::response::{ended, name_of};
use super::thoughts::{Growing, Waiting};
use super::usage::Counted;
use super::walk::{self, Added, Block, Event, Kind};
use super::{ANSWER_TOOL, errors};
use crate::UpstreamError;
use crate::json_scan::{RawText, Reader};
use crate::neutral::{FinishReason, StreamEvent};
use crate::sse::{self, Line, MAX_EVENT_BYTES, Splitter};
use crate::wire::StreamDecoder;

/// The most blocks that are under way at a time; real streams have one.
const MAX_OPEN_BLOCKS: usize = 64;

/// Reads a stream of Anthropic's events.
#[derive(Debug)]
pub struct Decoder {
    provider: ProviderId,
    splitter: Splitter,
    builder: Builder,
    counted: Counted,
    is_counted: bool,
    id: Option<String>,
    model: Option<String>,
    finish: Option<FinishReason>,
    is_done: bool,
    has_failed: bool,
}

impl Decoder {
    /// At the start of a stream.
    #[must_use]
    pub fn new(provider: ProviderId) -> Self {
        Self {
            provider,
            splitter: Splitter::new(MAX_EVENT_BYTES),
            builder: Builder::default(),
            counted: Counted::default(),
            is_counted: false,
            id: None,
            model: None,
            finish: None,
            is_done: false,
            has_failed: false,
        }
    }

    fn block(&mut self, block: &Bytes) {
        if self.is_done || self.has_failed {
            return;
        }
        let Some(data) = sse::data_of(block) else { return };
        let data = data.trim_ascii();
        let (event, _) = walk::event(data);
        match event.kind() {
            Kind::BlockDelta => self.builder.delta(&event),
            Kind::BlockStart => self.builder.start(&event),
            Kind::BlockStop => self.builder.stop(event.index),
            Kind::MessageStart => self.message_start(&event),
            Kind::MessageDelta => {
                self.finish = walk::finish_reason(event.delta.stop_reason).or(self.finish);
                if let Some(usage) = event.usage {
                    self.counted.take(usage);
                    self.is_counted = true;
                }
            }
            Kind::MessageStop => self.is_done = true,
            Kind::Error => self.fail(errors::read_event(self.provider, data)),
            Kind::Unknown if is_named_error(block) => self.fail(errors::read_event(self.provider, data)),
            Kind::Ping | Kind::Unknown => {}
        }
    }

    fn message_start(&mut self, event: &Event<'_>) {
        let Some(Ok(message)) = event.message.map(walk::message) else { return };
        self.id = name_of(message.id).or(self.id.take());
        self.model = name_of(message.model).or(self.model.take());
        if let Some(usage) = message.usage {
            self.counted.take(usage);
        }
    }

    fn fail(&mut self, mut error: UpstreamError) {
        self.has_failed = true;
        // What was told cannot be taken back.
        error.is_retryable &= !self.builder.has_output;
        self.builder.events.push(StreamEvent::Error(error));
    }

    fn end(&mut self) {
        self.builder.end();
        let (tokens, is_absurd) = (self.counted.tokens().filter(|_| self.is_counted), self.counted.is_absurd);
        if tokens.is_some() || is_absurd {
            self.builder.events.push(StreamEvent::Usage { tokens, cost: None, is_absurd });
        }
        let finish = ended(self.finish, self.builder.calls > 0, self.builder.answered_by_tool);
        self.builder.events.push(StreamEvent::Finish(finish.unwrap_or(FinishReason::Stop)));
    }
}

/// Whether the event is an error by its name alone.
pub(super) fn is_named_error(block: &[u8]) -> bool {
    sse::lines(block).any(|line| matches!(Line::of(line), Line::Event(b"error")))
}

impl StreamDecoder for Decoder {
    fn read(&mut self, frame: Bytes, events: &mut Vec<StreamEvent>) {
        std::mem::swap(&mut self.builder.events, events);
        self.splitter.feed(frame);
        while let Some(piece) = self.splitter.next_piece() {
            let is_too_long = !piece.is_whole() || piece.bytes.len() > MAX_EVENT_BYTES;
            if !is_too_long {
                self.block(&piece.bytes);
            } else if !self.is_done && !self.has_failed {
                self.fail(errors::unreadable(self.provider));
            }
        }
        std::mem::swap(&mut self.builder.events, events);
    }

    fn finish(&mut self) -> Vec<StreamEvent> {
        if let Some(rest) = self.splitter.rest().filter(sse::Piece::is_whole) {
            self.block(&rest.bytes);
        }
        if !self.has_failed {
            if self.is_done {
                self.end();
            } else {
                self.fail(errors::truncated(self.provider));
            }
        }
        std::mem::take(&mut self.builder.events)
    }

    fn is_done(&self) -> bool {
        self.is_done
    }

    fn names(&self) -> (Option<&str>, Option<&str>) {
        (self.id.as_deref(), self.model.as_deref())
    }

    fn usage_so_far(&self) -> Option<TokenCounts> {
        self.counted.tokens()
    }
}

/// A block under way.
#[derive(Debug)]
struct Open {
    index: u64,
    what: What,
    /// A first surrogate half whose second may come.
    half: Option<u16>,
}

#[derive(Debug)]
enum What {
    Text,
    Thought(Growing),
    /// A call, with the arguments it began with until others come.
    Call {
        number: usize,
        placeholder: Option<String>,
    },
    /// The tool that stands for the answer, likewise.
    Answer {
        placeholder: Option<String>,
    },
}

/// Makes neutral events of blocks.
#[derive(Debug, Default)]
struct Builder {
    events: Vec<StreamEvent>,
    open: Vec<Open>,
    waiting: Waiting,
    calls: usize,
    answered_by_tool: bool,
    has_output: bool,
}

impl Builder {
    fn start(&mut self, event: &Event<'_>) {
        let Some(Ok(block)) = event.block.map(|value| Block::read(&mut Reader::new(value))) else { return };
        self.stop(event.index);
        if self.open.len() >= MAX_OPEN_BLOCKS {
            return;
        }
        let text = |raw: Option<RawText<'_>>| raw.map(|raw| raw.text().into_owned()).unwrap_or_default();
        let placeholder = || Some(super::json::compact(block.input.unwrap_or(b"{}")));
        let what = if block.is("text") {
            self.say(text(block.text));
            What::Text
        } else if block.is("thinking") {
            let mut growing = Growing::default();
            let thought = text(block.thinking);
            growing.text(&thought);
            growing.signature(&text(block.signature));
            self.think(thought);
            What::Thought(growing)
        } else if block.is("redacted_thinking") {
            return self.waiting.sealed(&text(block.data));
        } else if block.is("tool_use") && block.name.is_some_and(|name| name.is(ANSWER_TOOL)) {
            self.answered_by_tool = true;
            What::Answer { placeholder: placeholder() }
        } else if block.is("tool_use") {
            let (number, id) = (self.calls, text(block.id));
            self.calls += 1;
            self.has_output = true;
            let replay: Vec<_> = self.waiting.of_call(&id).map(StreamEvent::Replay).collect();
            self.events.push(StreamEvent::ToolCallStart { index: number, id, name: text(block.name) });
            self.events.extend(replay);
            What::Call { number, placeholder: placeholder() }
        } else {
            return;
        };
        self.open.push(Open { index: event.index, what, half: None });
    }

    fn delta(&mut self, event: &Event<'_>) {
        let Some(added) = event.delta.added() else { return };
        let Some(open) = self.open.iter_mut().rev().find(|open| open.index == event.index) else { return };
        let (Added::Text(raw) | Added::Thinking(raw) | Added::Signature(raw) | Added::Json(raw)) = added;
        let mut text = String::new();
        raw.append_to(&mut text, &mut open.half);
        if text.is_empty() {
            return;
        }
        match (added, &mut open.what) {
            (Added::Text(_), What::Text) => self.say(text),
            (Added::Thinking(_), What::Thought(growing)) => {
                growing.text(&text);
                self.think(text);
            }
            (Added::Signature(_), What::Thought(growing)) => growing.signature(&text),
            (Added::Json(_), What::Call { number, placeholder }) => {
                *placeholder = None;
                let index = *number;
                self.events.push(StreamEvent::ToolCallArguments { index, arguments: text });
            }
            (Added::Json(_), What::Answer { placeholder }) => {
                *placeholder = None;
                self.say(text);
            }
            _ => {}
        }
    }

    fn stop(&mut self, index: u64) {
        let Some(at) = self.open.iter().rposition(|open| open.index == index) else { return };
        let open = self.open.swap_remove(at);
        let cut = open.half.map_or_else(String::new, |_| char::REPLACEMENT_CHARACTER.to_string());
        match open.what {
            What::Text => self.say(cut),
            What::Thought(mut growing) => {
                growing.text(&cut);
                self.think(cut);
                growing.finish(&mut self.waiting);
            }
            What::Call { number, placeholder } => {
                let arguments = placeholder.unwrap_or(cut);
                if !arguments.is_empty() {
                    self.events.push(StreamEvent::ToolCallArguments { index: number, arguments });
                }
            }
            What::Answer { placeholder } => self.say(placeholder.unwrap_or(cut)),
        }
    }

    /// The message is over, and with it every block.
    fn end(&mut self) {
        while let Some(index) = self.open.first().map(|open| open.index) {
            self.stop(index);
        }
        self.events.extend(self.waiting.of_answer().map(StreamEvent::Replay));
    }

    fn say(&mut self, text: String) {
        if !text.is_empty() {
            self.has_output = true;
            self.events.push(StreamEvent::Delta { text });
        }
    }

    fn think(&mut self, text: String) {
        if !text.is_empty() {
            self.has_output = true;
            self.events.push(StreamEvent::Reasoning { text });
        }
    }
}

#[cfg(test)]
mod tests;
