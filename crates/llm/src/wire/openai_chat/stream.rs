//! A streamed answer, made neutral. Usage and finish are told once, at the end,
//! because providers send them at different places and some send them twice.

use bytes::Bytes;
use domain::usage::TokenCounts;
use domain::{Nanos, ProviderId};

use super::calls::{Calls, made_id};
use super::response::may_think_inline;
use super::template::Template;
use super::think_tags::{Split, ThinkTags};
use super::walk::{Arguments, CallPiece, Envelope, Fault, Piece, Sink, walk};
use super::{errors, usage};
use crate::UpstreamError;
use crate::json_scan::RawText;
use crate::neutral::{FinishReason, StreamEvent};
use crate::sse::{self, Line, MAX_EVENT_BYTES, Splitter};
use crate::wire::StreamDecoder;

/// Reads a stream of `chat.completion.chunk`.
#[derive(Debug)]
pub struct Decoder {
    provider: ProviderId,
    splitter: Splitter,
    builder: Builder,
    template: Template,
    tokens: Option<TokenCounts>,
    cost: Option<Nanos>,
    is_absurd: bool,
    response_model: Option<String>,
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
            builder: Builder::new(may_think_inline(provider)),
            template: Template::default(),
            tokens: None,
            cost: None,
            is_absurd: false,
            response_model: None,
            is_done: false,
            has_failed: false,
        }
    }

    fn block(&mut self, block: &Bytes) {
        if self.is_done || self.has_failed {
            return;
        }
        if let Some(content) = self.template.content(block) {
            return self.builder.content(content);
        }
        let Some(data) = sse::data_of(block) else { return };
        let data = data.trim_ascii();
        if data == b"[DONE]" {
            self.is_done = true;
            return;
        }
        let mut observed = Observed { builder: &mut self.builder, pieces: 0, content: None };
        let (envelope, result) = walk(data, &mut observed);
        let content = observed.content.filter(|_| observed.pieces == 1 && result.is_ok());
        self.remember(&envelope);
        let named = is_named_error(block).then_some(Fault::Body);
        if let Some(fault) = envelope.fault.or(named) {
            let error = errors::read_inside(self.provider, None, fault, data);
            return self.fail(error);
        }
        if let Some(content) = content.filter(|_| envelope.usage.is_none() && self.response_model.is_some()) {
            self.template.learn(block, content, envelope.obfuscation);
        }
    }

    fn remember(&mut self, envelope: &Envelope<'_>) {
        if let Some(id) = envelope.id.filter(|id| !id.is_empty() && self.builder.answer_id.is_empty()) {
            self.builder.answer_id = id.text().into_owned();
        }
        if let Some(model) = envelope.model.filter(|model| !model.is_empty() && self.response_model.is_none()) {
            self.response_model = Some(model.text().into_owned());
        }
        if let Some(value) = envelope.usage {
            let usage = usage::read(self.provider, value);
            self.is_absurd |= usage.is_absurd;
            self.tokens = if usage.is_absurd { None } else { usage.tokens.or(self.tokens) };
            self.cost = usage.cost.or(self.cost);
        }
    }

    fn fail(&mut self, mut error: UpstreamError) {
        self.has_failed = true;
        // What was told cannot be taken back.
        error.is_retryable &= !self.builder.has_output;
        self.builder.events.push(StreamEvent::Error(error));
    }
}

/// Whether the event is an error by its name alone.
fn is_named_error(block: &[u8]) -> bool {
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
            self.builder.flush();
            let has_calls = !self.builder.calls.is_empty();
            match self.builder.finish.or(self.is_done.then_some(FinishReason::Stop)) {
                Some(reason) => {
                    let (tokens, cost, is_absurd) = (self.tokens, self.cost, self.is_absurd);
                    if tokens.is_some() || cost.is_some() || is_absurd {
                        self.builder.events.push(StreamEvent::Usage { tokens, cost, is_absurd });
                    }
                    self.builder.events.push(StreamEvent::Finish(reason.with_calls(has_calls)));
                }
                None => self.fail(errors::truncated(self.provider)),
            }
        }
        std::mem::take(&mut self.builder.events)
    }

    fn is_done(&self) -> bool {
        self.is_done
    }

    fn names(&self) -> (Option<&str>, Option<&str>) {
        let id = Some(self.builder.answer_id.as_str()).filter(|id| !id.is_empty());
        (id, self.response_model.as_deref())
    }
}

/// Makes events of the first choice's pieces.
#[derive(Debug)]
struct Builder {
    events: Vec<StreamEvent>,
    calls: Calls,
    tags: ThinkTags,
    choice: Option<u64>,
    finish: Option<FinishReason>,
    answer_id: String,
    has_output: bool,
    /// First surrogate halves whose second may come: text, thoughts, refusal.
    halves: [Option<u16>; 3],
}

impl Builder {
    fn new(is_looking_for_tags: bool) -> Self {
        Self {
            events: Vec::new(),
            calls: Calls::default(),
            tags: ThinkTags::new(is_looking_for_tags),
            choice: None,
            finish: None,
            answer_id: String::new(),
            has_output: false,
            halves: [None; 3],
        }
    }

    /// The piece's text, joined with the half character before it.
    fn text(&mut self, kind: usize, raw: RawText<'_>) -> String {
        let mut out = String::new();
        if let Some(half) = self.halves.get_mut(kind) {
            raw.append_to(&mut out, half);
        }
        out
    }

    fn content(&mut self, raw: RawText<'_>) {
        self.has_output = true;
        let text = self.text(0, raw);
        self.say(text);
    }

    fn say(&mut self, text: String) {
        if self.tags.is_passing() {
            if !text.is_empty() {
                self.events.push(StreamEvent::Delta { text });
            }
            return;
        }
        let mut parts = Vec::new();
        self.tags.push(&text, &mut parts);
        self.parts(parts);
    }

    fn parts(&mut self, parts: Vec<Split>) {
        for part in parts {
            self.events.push(match part {
                Split::Thought(text) => StreamEvent::Reasoning { text },
                Split::Answer(text) => StreamEvent::Delta { text },
            });
        }
    }

    fn call(&mut self, piece: &CallPiece<'_>) {
        let (index, is_new) = self.calls.place(piece);
        if is_new {
            let text = |raw: RawText<'_>| raw.text().into_owned();
            let id = piece.id.map_or_else(|| made_id(&self.answer_id, index), text);
            let name = piece.name.map(text).unwrap_or_default();
            self.events.push(StreamEvent::ToolCallStart { index, id, name });
        }
        let arguments = match piece.arguments {
            Some(Arguments::Text(text)) => text.text().into_owned(),
            Some(Arguments::Json(json)) => String::from_utf8_lossy(json).into_owned(),
            None => return,
        };
        self.events.push(StreamEvent::ToolCallArguments { index, arguments });
    }

    /// What was held back until it was clear that nothing belongs to it.
    fn flush(&mut self) {
        if self.halves.first_mut().and_then(Option::take).is_some() {
            self.say("\u{fffd}".to_owned());
        }
        let mut parts = Vec::new();
        self.tags.finish(&mut parts);
        self.parts(parts);
    }
}

impl<'a> Sink<'a> for Builder {
    fn choice(&mut self, index: u64) {
        self.choice.get_or_insert(index);
    }

    fn piece(&mut self, choice: u64, piece: Piece<'a>) {
        if self.choice != Some(choice) {
            return;
        }
        self.has_output |= !matches!(piece, Piece::Finish(_));
        match piece {
            Piece::Content(raw) => self.content(raw),
            Piece::Reasoning(raw) => {
                let text = self.text(1, raw);
                self.events.push(StreamEvent::Reasoning { text });
            }
            Piece::Refusal(raw) => {
                let text = self.text(2, raw);
                self.events.push(StreamEvent::Refusal { text });
            }
            Piece::Call(piece) => self.call(&piece),
            Piece::Finish(reason) => self.finish = Some(reason),
        }
    }
}

/// The builder, and whether an event was nothing but some content of its choice.
struct Observed<'a, 'b> {
    builder: &'b mut Builder,
    pieces: usize,
    content: Option<RawText<'a>>,
}

impl<'a> Sink<'a> for Observed<'a, '_> {
    fn choice(&mut self, index: u64) {
        self.builder.choice(index);
    }

    fn piece(&mut self, choice: u64, piece: Piece<'a>) {
        self.pieces += 1;
        if let Piece::Content(raw) = piece {
            self.content = Some(raw).filter(|_| self.builder.choice == Some(choice));
        }
        self.builder.piece(choice, piece);
    }
}

#[cfg(test)]
mod tests;
