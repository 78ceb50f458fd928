//! The hot path: Anthropic's stream on its way to a client of the same wire.
//! Whole event blocks go out as the very bytes that came in; each is looked at
//! once, for the counts, the finish, and an error that must not get through.

use bytes::Bytes;
use domain::ProviderId;

use super::response::{ended, name_of};
use super::usage::Counted;
use super::walk::{self, Added, Block, Event, Kind};
use super::{ANSWER_TOOL, errors};
use crate::UpstreamError;
use crate::json_scan::Reader;
use crate::neutral::FinishReason;
use crate::sse::{self, Piece, Splitter};
use crate::wire::{Passage, StreamFacts, passage};

/// How much of one event is looked at.
const INSPECTED_BYTES: usize = 64 * 1024;

/// A stream on its way through.
#[derive(Debug)]
pub struct PassThrough {
    provider: ProviderId,
    splitter: Splitter,
    facts: StreamFacts,
    counted: Counted,
    is_counted: bool,
    finish: Option<FinishReason>,
    has_calls: bool,
    answered_by_tool: bool,
    is_done: bool,
    /// An event went out that is neither a comment nor a keep-alive.
    has_begun: bool,
    /// A long event went out in part.
    is_open: bool,
}

impl PassThrough {
    /// At the start of a stream.
    #[must_use]
    pub fn new(provider: ProviderId) -> Self {
        Self {
            provider,
            splitter: Splitter::new(INSPECTED_BYTES),
            facts: StreamFacts::default(),
            counted: Counted::default(),
            is_counted: false,
            finish: None,
            has_calls: false,
            answered_by_tool: false,
            is_done: false,
            has_begun: false,
            is_open: false,
        }
    }

    /// Judges a block (or the beginning of a long one) and sends it on.
    fn block(&mut self, piece: Piece, out: &mut Vec<Bytes>) -> Option<UpstreamError> {
        let is_long = !piece.is_last || piece.bytes.len() > INSPECTED_BYTES;
        let inspected = piece.bytes.slice(..piece.bytes.len().min(INSPECTED_BYTES));
        if let Some(data) = sse::data_of(&inspected) {
            let data = data.trim_ascii();
            let (event, walked) = walk::event(data);
            let kind = event.kind();
            if kind == Kind::Error || (kind == Kind::Unknown && sse::is_named_error(&inspected)) {
                let mut error = errors::read_event(self.provider, data);
                // What went out cannot be taken back.
                error.is_retryable &= !self.facts.saw_output;
                self.facts.error = Some(error.clone());
                return Some(error);
            }
            self.note(kind, &event);
            if walked.is_err() && is_long {
                // Nobody looks at all of it: estimate by what was seen.
                self.facts.output_characters += data.len() as u64;
                self.facts.saw_output = true;
            }
            self.has_begun |= kind != Kind::Ping;
        }
        out.push(piece.bytes);
        None
    }

    fn note(&mut self, kind: Kind, event: &Event<'_>) {
        match kind {
            Kind::BlockDelta => {
                let Some(added) = event.delta.added() else { return };
                if let Added::Text(text) | Added::Thinking(text) | Added::Json(text) = added {
                    self.facts.output_characters += text.characters();
                    self.facts.saw_output |= !text.is_empty();
                }
            }
            Kind::BlockStart => self.block_start(event),
            Kind::MessageStart => {
                let Some(Ok(message)) = event.message.map(walk::message) else { return };
                self.facts.id = name_of(message.id).or(self.facts.id.take());
                self.facts.response_model = name_of(message.model).or(self.facts.response_model.take());
                if let Some(usage) = message.usage {
                    self.counted.take(usage);
                }
            }
            Kind::MessageDelta => {
                self.finish = walk::finish_reason(event.delta.stop_reason).or(self.finish);
                if let Some(usage) = event.usage {
                    self.counted.take(usage);
                    self.is_counted = true;
                }
            }
            Kind::MessageStop => self.is_done = true,
            Kind::BlockStop | Kind::Ping | Kind::Error | Kind::Unknown => {}
        }
    }

    fn block_start(&mut self, event: &Event<'_>) {
        let Some(Ok(block)) = event.block.map(|value| Block::read(&mut Reader::new(value))) else { return };
        let text = block.text.or(block.thinking).filter(|text| !text.is_empty());
        self.facts.output_characters += text.map_or(0, |text| text.characters());
        self.facts.saw_output |= text.is_some();
        if block.is("tool_use") {
            let is_answer = block.name.is_some_and(|name| name.is(ANSWER_TOOL));
            self.answered_by_tool |= is_answer;
            self.has_calls |= !is_answer;
            self.facts.saw_output = true;
        }
    }
}

impl Passage for PassThrough {
    fn push(&mut self, frame: Bytes, out: &mut Vec<Bytes>) -> Option<UpstreamError> {
        self.splitter.feed(frame);
        while let Some(piece) = self.splitter.next_piece() {
            if self.is_done || self.facts.error.is_some() {
                continue;
            }
            self.is_open = !piece.is_last;
            if !piece.is_first {
                // The rest of a long event, which was judged by its beginning.
                out.push(piece.bytes);
            } else if let Some(error) = self.block(piece, out) {
                return Some(error);
            }
        }
        None
    }

    fn finish(&mut self, out: &mut Vec<Bytes>) -> StreamFacts {
        let rest = self.splitter.rest().filter(|rest| rest.is_whole() && !self.is_done && self.facts.error.is_none());
        if let Some(rest) = rest.filter(|rest| passage::is_complete(&rest.bytes)) {
            self.block(rest.closed(), out);
        }
        if self.is_open && self.facts.error.is_none() {
            // Ends the broken event, so that what the caller says is another.
            out.push(Bytes::from_static(b"\n\n"));
        }
        self.facts()
    }

    fn facts(&self) -> StreamFacts {
        let tokens = self.counted.tokens();
        let finish = self.finish.or(self.is_done.then_some(FinishReason::Stop));
        StreamFacts {
            usage: tokens.filter(|_| self.is_counted),
            usage_so_far: tokens,
            absurd: self.counted.is_absurd,
            finish: ended(finish, self.has_calls, self.answered_by_tool),
            completed: self.is_done && self.facts.error.is_none() && !self.is_open,
            ..self.facts.clone()
        }
    }

    fn has_begun(&self) -> bool {
        self.has_begun
    }

    fn saw_output(&self) -> bool {
        self.facts.saw_output
    }

    fn is_done(&self) -> bool {
        self.is_done
    }
}

#[cfg(test)]
mod tests;
