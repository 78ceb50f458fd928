//! A streamed answer, made neutral: one JSON object a line, the last one says
//! that it is done.

use bytes::Bytes;
use domain::ProviderId;
use domain::usage::TokenCounts;

use super::errors;
use super::walk::{Called, Line, calls, walk};
use crate::UpstreamError;
use crate::json_scan::RawText;
use crate::lines::Lines;
use crate::neutral::{FinishReason, StreamEvent};
use crate::wire::StreamDecoder;
use crate::wire::openai_chat::calls::made_id;
use crate::wire::openai_chat::think_tags::{Split, ThinkTags};

/// Reads lines of a chat.
#[derive(Debug)]
pub struct Decoder {
    provider: ProviderId,
    lines: Lines,
    events: Vec<StreamEvent>,
    tags: ThinkTags,
    calls: usize,
    finish: Option<FinishReason>,
    tokens: Option<TokenCounts>,
    is_absurd: bool,
    model: Option<String>,
    has_output: bool,
    has_failed: bool,
    /// First surrogate halves whose second may come: text, thoughts.
    halves: [Option<u16>; 2],
}

impl Decoder {
    /// At the start of a stream.
    #[must_use]
    pub fn new(provider: ProviderId) -> Self {
        Self {
            provider,
            lines: Lines::new(),
            events: Vec::new(),
            tags: ThinkTags::new(true),
            calls: 0,
            finish: None,
            tokens: None,
            is_absurd: false,
            model: None,
            has_output: false,
            has_failed: false,
            halves: [None; 2],
        }
    }

    fn line(&mut self, data: &[u8]) {
        if self.has_failed || self.finish.is_some() {
            return;
        }
        let (line, result) = walk(data);
        if line.has_error {
            return self.fail(errors::read_line(self.provider, data));
        }
        if result.is_err() {
            return self.fail(errors::unreadable(self.provider));
        }
        if self.model.is_none() {
            self.model = line.model.filter(|model| !model.is_empty()).map(|model| model.text().into_owned());
        }
        self.thinking(line.thinking);
        self.content(line.content);
        if let Some(value) = line.calls {
            calls(value, |called| self.call(&line, &called));
        }
        self.finish = line.finish();
        if self.finish.is_some() {
            (self.tokens, self.is_absurd) = (line.counts(), line.is_absurd);
        }
    }

    fn thinking(&mut self, raw: Option<RawText<'_>>) {
        let Some(raw) = raw else { return };
        let text = self.text(1, raw);
        if !text.is_empty() {
            self.has_output = true;
            self.events.push(StreamEvent::Reasoning { text });
        }
    }

    fn content(&mut self, raw: Option<RawText<'_>>) {
        let Some(raw) = raw else { return };
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
        self.events.extend(parts.into_iter().map(|part| match part {
            Split::Thought(text) => StreamEvent::Reasoning { text },
            Split::Answer(text) => StreamEvent::Delta { text },
        }));
    }

    /// The piece's text, joined with the half character before it.
    fn text(&mut self, kind: usize, raw: RawText<'_>) -> String {
        let mut out = String::new();
        if let Some(half) = self.halves.get_mut(kind) {
            raw.append_to(&mut out, half);
        }
        out
    }

    /// Calls come whole, and older servers give them no id.
    fn call(&mut self, line: &Line<'_>, called: &Called<'_>) {
        let index = self.calls;
        self.calls += 1;
        self.has_output = true;
        let created = || line.created.map(|created| created.text().into_owned()).unwrap_or_default();
        let id = called.id.map_or_else(|| made_id(&created(), index), |id| id.text().into_owned());
        let name = called.name.map(|name| name.text().into_owned()).unwrap_or_default();
        self.events.push(StreamEvent::ToolCallStart { index, id, name });
        self.events.push(StreamEvent::ToolCallArguments { index, arguments: called.arguments_text() });
    }

    fn fail(&mut self, mut error: UpstreamError) {
        self.has_failed = true;
        // What was told cannot be taken back.
        error.is_retryable &= !self.has_output;
        self.events.push(StreamEvent::Error(error));
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

impl StreamDecoder for Decoder {
    fn read(&mut self, frame: Bytes, events: &mut Vec<StreamEvent>) {
        std::mem::swap(&mut self.events, events);
        self.lines.push(&frame);
        loop {
            match self.lines.next_line() {
                Ok(Some(line)) => self.line(&line),
                Ok(None) => break,
                Err(_) => {
                    if !self.has_failed {
                        self.fail(errors::unreadable(self.provider));
                    }
                    break;
                }
            }
        }
        std::mem::swap(&mut self.events, events);
    }

    fn finish(&mut self) -> Vec<StreamEvent> {
        if let Some(line) = self.lines.rest() {
            // A line that was cut off is no line.
            if self.finish.is_none() && crate::json_scan::check(&line).is_ok() {
                self.line(&line);
            }
        }
        if !self.has_failed {
            self.flush();
            match self.finish {
                Some(reason) => {
                    let (tokens, is_absurd) = (self.tokens, self.is_absurd);
                    if tokens.is_some() || is_absurd {
                        self.events.push(StreamEvent::Usage { tokens, cost: None, is_absurd });
                    }
                    self.events.push(StreamEvent::Finish(reason.with_calls(self.calls > 0)));
                }
                None => self.fail(errors::truncated(self.provider)),
            }
        }
        std::mem::take(&mut self.events)
    }

    fn is_done(&self) -> bool {
        self.finish.is_some()
    }

    fn names(&self) -> (Option<&str>, Option<&str>) {
        (None, self.model.as_deref())
    }
}

#[cfg(test)]
mod tests;
