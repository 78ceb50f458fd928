//! A streamed answer, made neutral. Text, thoughts and arguments are told as
//! they come; what the last event says of the whole ends it.

use bytes::Bytes;
use domain::ProviderId;

use super::response::{BETWEEN_THOUGHTS, answer, call, name_of, of_call, state};
use super::walk::{self, Event, Item, Kind, Response};
use super::{errors, usage};
use crate::UpstreamError;
use crate::json_scan::{RawText, Reader};
use crate::neutral::{Answer, FinishReason, StreamEvent};
use crate::sse::{self, Line, MAX_EVENT_BYTES, Splitter};
use crate::wire::openai_chat::usage::Usage;
use crate::wire::{StreamDecoder, stream_of};

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
    fn push(&mut self, bytes: &[u8]) -> Vec<StreamEvent> {
        self.splitter.feed(Bytes::copy_from_slice(bytes));
        while let Some(piece) = self.splitter.next_piece() {
            let is_too_long = !piece.is_whole() || piece.bytes.len() > MAX_EVENT_BYTES;
            if !is_too_long {
                self.block(&piece.bytes);
            } else if self.finish.is_none() && !self.has_failed {
                self.fail(errors::unreadable(self.provider));
            }
        }
        std::mem::take(&mut self.builder.events)
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

/// What a delta adds to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Slot {
    Text,
    Refusal,
    Summary,
    Thought,
}

/// The part that grows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place {
    slot: Slot,
    item: u64,
    part: u64,
}

/// A call under way.
#[derive(Debug)]
struct Call {
    item: u64,
    has_arguments: bool,
    /// A first surrogate half whose second may come.
    half: Option<u16>,
}

/// Makes neutral events of items and deltas.
#[derive(Debug, Default)]
struct Builder {
    events: Vec<StreamEvent>,
    place: Option<Place>,
    half: Option<u16>,
    calls: Vec<Call>,
    waiting: Vec<serde_json::Value>,
    has_output: bool,
}

impl Builder {
    fn add(&mut self, slot: Slot, event: &Event<'_>) {
        let Some(delta) = event.delta else { return };
        let place = Place { slot, item: event.output_index, part: event.part_index };
        self.go_to(place);
        let mut text = String::new();
        delta.append_to(&mut text, &mut self.half);
        self.tell(slot, text);
    }

    /// Ends what grew, and begins something else.
    fn go_to(&mut self, place: Place) {
        if self.place == Some(place) {
            return;
        }
        self.close();
        let is_next_thought = |before: Place| before.item == place.item && before.slot == place.slot;
        if place.slot == Slot::Summary && self.place.is_some_and(is_next_thought) {
            self.tell(place.slot, BETWEEN_THOUGHTS.to_owned());
        }
        self.place = Some(place);
    }

    /// The rest of a character that never came.
    fn close(&mut self) {
        if let (Some(place), Some(_)) = (self.place, self.half.take()) {
            self.tell(place.slot, char::REPLACEMENT_CHARACTER.to_string());
        }
    }

    /// The whole of a part: told, if it did not come in pieces.
    fn done(&mut self, slot: Slot, event: &Event<'_>) {
        let place = Place { slot, item: event.output_index, part: event.part_index };
        if self.place == Some(place) {
            return self.close();
        }
        let whole = event.whole.filter(|whole| !whole.is_empty());
        // A part that ended before another began was told in pieces.
        let is_earlier = self.place.is_some_and(|now| (now.item, now.part) > (place.item, place.part));
        if let Some(whole) = whole.filter(|_| !is_earlier) {
            self.go_to(place);
            self.tell(slot, whole.text().into_owned());
        }
    }

    fn tell(&mut self, slot: Slot, text: String) {
        if text.is_empty() {
            return;
        }
        self.has_output = true;
        self.events.push(match slot {
            Slot::Text => StreamEvent::Delta { text },
            Slot::Refusal => StreamEvent::Refusal { text },
            Slot::Summary | Slot::Thought => StreamEvent::Reasoning { text },
        });
    }

    fn item(&mut self, event: &Event<'_>, is_done: bool) {
        let Some(Ok(item)) = event.item.map(|value| Item::read(&mut Reader::new(value))) else { return };
        if item.is("reasoning") && is_done {
            self.waiting.extend(state(&item));
            return;
        }
        let Some(whole) = call(&item) else { return };
        if !self.calls.iter().any(|known| known.item == event.output_index) {
            self.begin(event.output_index, &whole.id, whole.name);
        }
        if is_done && !whole.arguments.is_empty() {
            self.push_arguments(event.output_index, whole.arguments);
        }
    }

    fn begin(&mut self, item: u64, id: &str, name: String) {
        let index = self.calls.len();
        self.calls.push(Call { item, has_arguments: false, half: None });
        self.has_output = true;
        self.events.push(StreamEvent::ToolCallStart { index, id: id.to_owned(), name });
        self.events.extend(of_call(&mut self.waiting, id).into_iter().map(StreamEvent::Replay));
    }

    fn arguments(&mut self, event: &Event<'_>) {
        let Some(delta) = event.delta else { return };
        let known = self.calls.iter_mut().enumerate().rev().find(|(_, call)| call.item == event.output_index);
        let Some((index, call)) = known else { return };
        let mut arguments = String::new();
        delta.append_to(&mut arguments, &mut call.half);
        if !arguments.is_empty() {
            call.has_arguments = true;
            self.events.push(StreamEvent::ToolCallArguments { index, arguments });
        }
    }

    /// The whole of a call's arguments: told, if they did not come in pieces.
    fn arguments_done(&mut self, item: u64, whole: Option<RawText<'_>>) {
        if let Some(whole) = whole.filter(|whole| !whole.is_empty()) {
            self.push_arguments(item, whole.text().into_owned());
        }
    }

    fn push_arguments(&mut self, item: u64, arguments: String) {
        let known = self.calls.iter_mut().enumerate().rev().find(|(_, call)| call.item == item);
        if let Some((index, call)) = known.filter(|(_, call)| !call.has_arguments) {
            call.has_arguments = true;
            self.events.push(StreamEvent::ToolCallArguments { index, arguments });
        }
    }

    /// An answer that was told only as a whole.
    fn whole(&mut self, answer: Answer) {
        for event in stream_of(answer) {
            match event {
                StreamEvent::ToolCallStart { index, .. } => {
                    self.calls.push(Call { item: index as u64, has_arguments: true, half: None });
                    self.events.push(event);
                }
                StreamEvent::Usage { .. } | StreamEvent::Finish(_) => {}
                other => self.events.push(other),
            }
        }
    }
}
