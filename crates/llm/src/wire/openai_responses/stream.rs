//! A streamed answer, made neutral. Text, thoughts and arguments are told as
//! they come; what the last event says of the whole ends it.

mod builder;

use bytes::Bytes;
use domain::ProviderId;

use super::response::{answer, name_of};
use super::walk::{self, Event, Kind, Response};
use super::{errors, usage};
use crate::UpstreamError;
use crate::neutral::{FinishReason, StreamEvent};
use crate::sse::{self, Line, MAX_EVENT_BYTES, Splitter};
use crate::wire::StreamDecoder;
use crate::wire::openai_chat::usage::Usage;
use builder::{Builder, Slot};

/// Reads a stream of Responses' events.
#[derive(Debug)]
pub struct Decoder {
    provider: ProviderId,
    splitter: Splitter,
    builder: Builder,
    usage: Usage,
    id: Option<String>,
    model: Option<String>,
    finish: Option<FinishReason>,
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
            usage: Usage::default(),
            id: None,
            model: None,
            finish: None,
            has_failed: false,
        }
    }

    fn block(&mut self, block: &Bytes) {
        if self.finish.is_some() || self.has_failed {
            return;
        }
        let Some(data) = sse::data_of(block) else { return };
        let data = data.trim_ascii();
        let (event, _) = walk::event(data);
        match event.kind() {
            Kind::TextDelta => self.builder.add(Slot::Text, &event),
            Kind::RefusalDelta => self.builder.add(Slot::Refusal, &event),
            Kind::SummaryDelta => self.builder.add(Slot::Summary, &event),
            Kind::ThoughtDelta => self.builder.add(Slot::Thought, &event),
            Kind::TextDone => self.builder.done(Slot::Text, &event),
            Kind::RefusalDone => self.builder.done(Slot::Refusal, &event),
            Kind::SummaryDone => self.builder.done(Slot::Summary, &event),
            Kind::ThoughtDone => self.builder.done(Slot::Thought, &event),
            Kind::ArgumentsDelta => self.builder.arguments(&event),
            Kind::ArgumentsDone => self.builder.arguments_done(event.output_index, event.whole),
            Kind::ItemAdded => self.builder.item(&event, false),
            Kind::ItemDone => self.builder.item(&event, true),
            Kind::Under => self.names(event.response.as_ref()),
            Kind::Completed | Kind::Incomplete => self.end(&event),
            Kind::Failed => {
                let error = event.response.as_ref().and_then(|response| response.error);
                self.fail(errors::read_failed(self.provider, None, error, data));
            }
            Kind::Error => self.fail(errors::read_failed(self.provider, None, None, data)),
            Kind::Unknown if is_named_error(block) => {
                self.fail(errors::read_failed(self.provider, None, None, data));
            }
            Kind::OtherDelta | Kind::Unknown => {}
        }
    }

    fn names(&mut self, response: Option<&Response<'_>>) {
        let Some(response) = response else { return };
        self.id = name_of(response.id).or(self.id.take());
        self.model = name_of(response.model).or(self.model.take());
    }

    fn end(&mut self, event: &Event<'_>) {
        self.names(event.response.as_ref());
        self.usage = usage_of(event.response.as_ref());
        self.finish = Some(finish_of(event));
        let whole = event.response.as_ref().and_then(answer);
        if let Some(whole) = whole.filter(|_| !self.builder.has_output) {
            // Some servers say all of it only here.
            self.builder.whole(whole);
        }
    }

    fn fail(&mut self, mut error: UpstreamError) {
        self.has_failed = true;
        // What was told cannot be taken back.
        error.is_retryable &= !self.builder.has_output;
        self.builder.events.push(StreamEvent::Error(error));
    }
}

/// Why the stream ended, by its last event.
pub(super) fn finish_of(event: &Event<'_>) -> FinishReason {
    let said = event.response.as_ref().and_then(Response::finish);
    match event.kind() {
        Kind::Incomplete => said.filter(|finish| *finish != FinishReason::Stop).unwrap_or(FinishReason::Length),
        _ => said.unwrap_or(FinishReason::Stop),
    }
}

/// What a response says it used.
pub(super) fn usage_of(response: Option<&Response<'_>>) -> Usage {
    response.and_then(|response| response.usage).map(usage::read).unwrap_or_default()
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
            } else if self.finish.is_none() && !self.has_failed {
                self.fail(errors::unreadable(self.provider));
            }
        }
        std::mem::swap(&mut self.builder.events, events);
    }

    fn finish(&mut self) -> Vec<StreamEvent> {
        if let Some(rest) = self.splitter.rest().filter(sse::Piece::is_whole) {
            self.block(&rest.bytes);
        }
        match self.finish {
            _ if self.has_failed => {}
            None => self.fail(errors::truncated(self.provider)),
            Some(finish) => {
                self.builder.close();
                let Usage { tokens, cost, is_absurd } = self.usage;
                if tokens.is_some() || is_absurd {
                    self.builder.events.push(StreamEvent::Usage { tokens, cost, is_absurd });
                }
                let finish = finish.with_calls(!self.builder.calls.is_empty());
                self.builder.events.push(StreamEvent::Finish(finish));
            }
        }
        std::mem::take(&mut self.builder.events)
    }

    fn is_done(&self) -> bool {
        self.finish.is_some()
    }

    fn names(&self) -> (Option<&str>, Option<&str>) {
        (self.id.as_deref(), self.model.as_deref())
    }
}
