//! A streamed answer, made neutral. Usage and finish are told once, at the end:
//! every chunk repeats the counts up to it.

use bytes::Bytes;
use domain::ProviderId;
use domain::provider::WireName;
use domain::usage::TokenCounts;

use super::response::{call, picture};
use super::walk::{Fault, Piece, Sink, walk};
use super::{errors, usage};
use crate::UpstreamError;
use crate::json_scan::RawText;
use crate::neutral::{FinishReason, ReplayState, StreamEvent};
use crate::sse::{Event, SseDecoder};
use crate::wire::openai_chat::usage::Usage;
use crate::wire::{StreamDecoder, call_ids};

/// Reads a stream of `GenerateContentResponse`.
#[derive(Debug)]
pub struct Decoder {
    provider: ProviderId,
    sse: SseDecoder,
    builder: Builder,
    usage: Usage,
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
            sse: SseDecoder::new(),
            builder: Builder::default(),
            usage: Usage::default(),
            response_model: None,
            is_done: false,
            has_failed: false,
        }
    }

    fn event(&mut self, event: &Event) {
        let data = event.data.trim_ascii();
        if self.has_failed {
            return;
        }
        let (envelope, _) = walk(data, &mut self.builder);
        if let Some(id) = envelope.id.filter(|_| self.builder.answer_id.is_empty()) {
            self.builder.answer_id = id.text().into_owned();
        }
        if let Some(model) = envelope.model.filter(|_| self.response_model.is_none()) {
            self.response_model = Some(model.text().into_owned());
        }
        self.builder.name_calls(data);
        if envelope.is_blocked {
            self.builder.finish.get_or_insert(FinishReason::ContentFilter);
        }
        if let Some(value) = envelope.usage {
            let usage = usage::read(value);
            let is_absurd = self.usage.is_absurd || usage.is_absurd;
            let tokens = if usage.is_absurd { None } else { usage.tokens.or(self.usage.tokens) };
            self.usage = Usage { tokens, is_absurd, cost: None };
            self.is_done = self.builder.finish.is_some();
        }
        let named = (event.event.as_deref() == Some("error")).then_some(Fault::Value(data));
        if let Some(fault) = envelope.fault.or(named) {
            let error = errors::read_inside(self.provider, None, fault);
            self.fail(error);
        }
    }

    fn fail(&mut self, mut error: UpstreamError) {
        self.has_failed = true;
        // What was told cannot be taken back.
        error.is_retryable &= !self.builder.has_output;
        self.builder.events.push(StreamEvent::Error(error));
    }
}

impl StreamDecoder for Decoder {
    fn read(&mut self, frame: Bytes, events: &mut Vec<StreamEvent>) {
        std::mem::swap(&mut self.builder.events, events);
        self.sse.feed(frame);
        loop {
            match self.sse.next_event() {
                Ok(Some(event)) => self.event(&event),
                Ok(None) => break,
                Err(_) if self.has_failed => break,
                Err(_) => {
                    self.fail(errors::unreadable(self.provider));
                    break;
                }
            }
        }
        std::mem::swap(&mut self.builder.events, events);
    }

    fn finish(&mut self) -> Vec<StreamEvent> {
        if let Some(event) = self.sse.finish() {
            self.event(&event);
        }
        if !self.has_failed {
            match self.builder.finish {
                Some(reason) => {
                    self.builder.flush();
                    let Usage { tokens, cost, is_absurd } = self.usage;
                    if tokens.is_some() || is_absurd {
                        self.builder.events.push(StreamEvent::Usage { tokens, cost, is_absurd });
                    }
                    let reason = reason.with_calls(self.builder.calls > 0);
                    self.builder.events.push(StreamEvent::Finish(reason));
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

    fn usage_so_far(&self) -> Option<TokenCounts> {
        self.usage.tokens
    }
}

/// Makes events of the first candidate's pieces.
#[derive(Debug, Default)]
struct Builder {
    events: Vec<StreamEvent>,
    calls: usize,
    /// Some call of this event has no id yet.
    has_nameless: bool,
    candidate: Option<u64>,
    finish: Option<FinishReason>,
    answer_id: String,
    has_output: bool,
    /// First surrogate halves whose second may come: text, thoughts.
    halves: [Option<u16>; 2],
}

impl Builder {
    /// The piece's text, joined with the half character before it.
    fn text(&mut self, kind: usize, raw: RawText<'_>) -> String {
        let mut out = String::new();
        if let Some(half) = self.halves.get_mut(kind) {
            raw.append_to(&mut out, half);
        }
        out
    }

    /// Gives ids to the calls of an event that came without: the answer's id,
    /// which they follow from, stands after them.
    fn name_calls(&mut self, data: &[u8]) {
        if !std::mem::take(&mut self.has_nameless) {
            return;
        }
        let seed = if self.answer_id.is_empty() { data } else { self.answer_id.as_bytes() };
        let mut latest = String::new();
        for event in &mut self.events {
            match event {
                StreamEvent::ToolCallStart { index, id, .. } => {
                    if id.is_empty() {
                        *id = call_ids::made(seed, *index);
                    }
                    latest.clone_from(id);
                }
                StreamEvent::Replay(ReplayState { call_id: Some(id), .. }) if id.is_empty() => id.clone_from(&latest),
                _ => {}
            }
        }
    }

    /// Half characters whose other half did not come.
    fn flush(&mut self) {
        let [text, thought] = std::mem::take(&mut self.halves);
        let lost = || '\u{fffd}'.to_string();
        self.events.extend(thought.map(|_| StreamEvent::Reasoning { text: lost() }));
        self.events.extend(text.map(|_| StreamEvent::Delta { text: lost() }));
    }
}

impl<'a> Sink<'a> for Builder {
    fn candidate(&mut self, index: u64) {
        self.candidate.get_or_insert(index);
    }

    fn piece(&mut self, candidate: u64, piece: Piece<'a>) {
        if self.candidate != Some(candidate) {
            return;
        }
        self.has_output |= !matches!(piece, Piece::Finish(_) | Piece::Signature(_));
        match piece {
            Piece::Text(raw) => {
                let text = self.text(0, raw);
                self.events.push(StreamEvent::Delta { text });
            }
            Piece::Thought(raw) => {
                let text = self.text(1, raw);
                self.events.push(StreamEvent::Reasoning { text });
            }
            Piece::Picture { media_type, data } => {
                self.events.push(StreamEvent::Delta { text: picture(media_type, data) });
            }
            Piece::Signature(text) => self.events.push(signature(None, text)),
            Piece::Call(piece) => {
                let (index, whole) = (self.calls, call(&piece));
                self.calls += 1;
                self.has_nameless |= whole.id.is_empty();
                let replay = piece.signature.map(|text| signature(Some(whole.id.clone()), text));
                self.events.push(StreamEvent::ToolCallStart { index, id: whole.id, name: whole.name });
                self.events.extend(replay);
                self.events.push(StreamEvent::ToolCallArguments { index, arguments: whole.arguments });
            }
            Piece::Finish(reason) => self.finish = Some(reason),
        }
    }
}

fn signature(call_id: Option<String>, text: RawText<'_>) -> StreamEvent {
    StreamEvent::Replay(ReplayState { wire: WireName::Gemini, call_id, state: text.text().into() })
}
