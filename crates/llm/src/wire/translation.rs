//! A stream between two wires: decoded into neutral events, counted, encoded in
//! the client's.

use bytes::Bytes;
use domain::attempt::ErrorClass;

use super::{Passage, StreamDecoder, StreamEncoder, StreamFacts};
use crate::UpstreamError;
use crate::neutral::{ReplayState, StreamEvent};
use crate::sse::MAX_EVENT_BYTES;

/// More events than this are not kept room for: frames of that many are rare.
const KEPT_EVENTS: usize = 16;

/// A stream on its way from one wire to another.
pub struct Translation {
    decoder: Box<dyn StreamDecoder>,
    encoder: Box<dyn StreamEncoder>,
    facts: StreamFacts,
    replay: Vec<ReplayState>,
    first_call: Option<String>,
    has_begun: bool,
    /// How much of the answer is held for an event to come, in bytes.
    held: usize,
    /// Empty between frames.
    events: Vec<StreamEvent>,
}

impl Translation {
    /// At the start of a stream.
    #[must_use]
    pub fn new(decoder: Box<dyn StreamDecoder>, encoder: Box<dyn StreamEncoder>) -> Self {
        let (facts, replay) = (StreamFacts::default(), Vec::new());
        Self { decoder, encoder, facts, replay, first_call: None, has_begun: false, held: 0, events: Vec::new() }
    }

    /// Encodes the events; `bytes`: about how many were read for them.
    fn tell(&mut self, mut events: Vec<StreamEvent>, bytes: usize, out: &mut Vec<Bytes>) -> Option<UpstreamError> {
        if events.is_empty() {
            self.events = events;
            return None;
        }
        let mut failure = None;
        let mut buffer = Vec::with_capacity(2 * bytes + 256);
        for event in events.drain(..) {
            if self.facts.error.is_some() {
                break;
            }
            let event = self.within_bounds(event);
            self.note(&event);
            match event {
                StreamEvent::Error(error) => {
                    self.facts.error = Some(error.clone());
                    failure = Some(error);
                }
                event => self.encoder.push(&event, &mut buffer),
            }
        }
        if !buffer.is_empty() {
            self.has_begun = true;
            out.push(Bytes::from(buffer));
        }
        if events.capacity() <= KEPT_EVENTS {
            self.events = events;
        }
        failure
    }

    /// The event; a failure once more is held than one event may have. Calls
    /// are held on most wires, texts where they are repeated at the end.
    fn within_bounds(&mut self, event: StreamEvent) -> StreamEvent {
        self.held += match &event {
            StreamEvent::ToolCallStart { id, name, .. } => id.len() + name.len(),
            StreamEvent::ToolCallArguments { arguments, .. } => arguments.len(),
            StreamEvent::Delta { text } | StreamEvent::Reasoning { text } | StreamEvent::Refusal { text }
                if self.encoder.repeats_all() =>
            {
                text.len()
            }
            _ => 0,
        };
        if self.held <= MAX_EVENT_BYTES {
            return event;
        }
        let sentence = "The answer grew beyond 8 MiB, which is more than an event of this format may hold.";
        StreamEvent::Error(UpstreamError {
            is_retryable: false,
            ..UpstreamError::ours(ErrorClass::ServerError, sentence)
        })
    }

    fn note(&mut self, event: &StreamEvent) {
        let facts = &mut self.facts;
        match event {
            StreamEvent::Delta { text } | StreamEvent::Reasoning { text } | StreamEvent::Refusal { text } => {
                facts.output_characters += text.chars().count() as u64;
                facts.saw_output = true;
            }
            StreamEvent::ToolCallStart { id, .. } => {
                self.first_call.get_or_insert_with(|| id.clone());
                facts.saw_output = true;
            }
            StreamEvent::ToolCallArguments { arguments, .. } => {
                facts.output_characters += arguments.chars().count() as u64;
                facts.saw_output = true;
            }
            StreamEvent::Usage { tokens, cost, is_absurd } => {
                (facts.usage, facts.cost, facts.absurd) = (*tokens, *cost, *is_absurd);
            }
            StreamEvent::Replay(state) => self.replay.push(state.clone()),
            StreamEvent::Finish(finish) => {
                facts.finish = Some(*finish);
                facts.completed = true;
            }
            StreamEvent::Error(_) => facts.completed = false,
        }
    }
}

impl Passage for Translation {
    fn push(&mut self, frame: Bytes, out: &mut Vec<Bytes>) -> Option<UpstreamError> {
        let (mut events, bytes) = (std::mem::take(&mut self.events), frame.len());
        self.decoder.read(frame, &mut events);
        self.tell(events, bytes, out)
    }

    fn finish(&mut self, out: &mut Vec<Bytes>) -> StreamFacts {
        if self.facts.error.is_none() {
            let events = self.decoder.finish();
            self.tell(events, 0, out);
        }
        self.facts()
    }

    fn facts(&self) -> StreamFacts {
        let (id, model) = self.decoder.names();
        StreamFacts {
            id: id.map(str::to_owned),
            response_model: model.map(str::to_owned),
            usage_so_far: self.decoder.usage_so_far(),
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
        self.decoder.is_done()
    }

    fn take_replay(&mut self) -> Vec<ReplayState> {
        ReplayState::of_calls(std::mem::take(&mut self.replay), self.first_call.as_deref())
    }
}
