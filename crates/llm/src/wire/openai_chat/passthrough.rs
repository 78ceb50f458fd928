//! The hot path: a provider's stream on its way to a client of the same wire.
//! Whole event blocks go out as the very bytes that came in; each is looked at
//! once, for the counts, the finish, and an error that must not get through.

mod block;
mod inspect;

use bytes::{Bytes, BytesMut};
use domain::ProviderId;
use domain::usage::TokenCounts;

use super::template::Template;
use super::walk::{Envelope, Fault, walk};
use super::{errors, usage};
use crate::UpstreamError;
use crate::json_scan::quoted;
use crate::neutral::FinishReason;
use crate::sse::{self, Piece, Splitter};
use crate::wire::{Passage, StreamFacts};
use block::{Lines, is_complete, without_bookkeeping};
use inspect::{Counter, Observed, name_of};

pub use inspect::{inspect_answer, inspect_other};

/// How much of one event is looked at.
const INSPECTED_BYTES: usize = 64 * 1024;

/// The end mark.
const DONE: &[u8] = b"data: [DONE]\n\n";

/// A stream on its way through.
#[derive(Debug)]
pub struct PassThrough {
    provider: ProviderId,
    wants_usage: bool,
    splitter: Splitter,
    facts: StreamFacts,
    counter: Counter,
    template: Template,
    created: u64,
    is_usage_out: bool,
    is_done: bool,
    /// An event went out, not only comments.
    has_begun: bool,
    /// A long event went out in part.
    is_open: bool,
}

/// What becomes of a block.
enum Verdict {
    Forward,
    Drop,
    Fail(Box<UpstreamError>),
}

impl PassThrough {
    /// At the start of a stream. `client_wants_usage`: the client asked for the
    /// usage event.
    #[must_use]
    pub fn new(provider: ProviderId, client_wants_usage: bool) -> Self {
        Self {
            provider,
            wants_usage: client_wants_usage,
            splitter: Splitter::new(INSPECTED_BYTES),
            facts: StreamFacts::default(),
            counter: Counter::default(),
            template: Template::default(),
            created: 0,
            is_usage_out: false,
            is_done: false,
            has_begun: false,
            is_open: false,
        }
    }

    /// Takes a frame and appends what goes out. The end mark is held back until
    /// [`PassThrough::finish`]. An error inside the stream is returned instead
    /// of being sent on, and nothing goes out after it.
    pub fn push(&mut self, frame: Bytes, out: &mut Vec<Bytes>) -> Option<UpstreamError> {
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

    /// Whether the end mark was seen: nothing that follows would be passed on.
    #[must_use]
    pub const fn is_done(&self) -> bool {
        self.is_done
    }

    /// Whether an event went out. Comments are none: providers send them while
    /// they still may fail.
    #[must_use]
    pub const fn has_begun(&self) -> bool {
        self.has_begun
    }

    /// Whether some of the answer itself went out.
    #[must_use]
    pub const fn saw_output(&self) -> bool {
        self.counter.has_output
    }

    /// The provider closed the stream. When it was complete, the usage event (if
    /// the client asked for it and did not get it) and the end mark go out;
    /// otherwise nothing does, and the caller says what happened.
    pub fn finish(&mut self, out: &mut Vec<Bytes>) -> StreamFacts {
        let rest = self.splitter.rest().filter(|rest| rest.is_whole() && !self.is_done && self.facts.error.is_none());
        if let Some(rest) = rest.filter(|rest| is_complete(&rest.bytes)) {
            let mut block = BytesMut::from(&rest.bytes[..]);
            block.extend_from_slice(b"\n\n");
            self.block(Piece { bytes: block.freeze(), ..rest }, out);
        }
        if self.is_open && self.facts.error.is_none() {
            // Ends the broken event, so that what the caller says is another.
            out.push(Bytes::from_static(b"\n\n"));
        }
        let facts = self.facts();
        if facts.completed {
            if let Some(counts) = facts.usage.filter(|_| self.wants_usage && !self.is_usage_out) {
                out.push(self.usage_event(&counts));
            }
            out.push(Bytes::from_static(DONE));
        }
        facts
    }

    /// What is known so far; for a client that went away.
    #[must_use]
    pub fn facts(&self) -> StreamFacts {
        let has_calls = self.counter.has_calls;
        let finish = self.counter.finish.or((self.is_done && has_calls).then_some(FinishReason::ToolCalls));
        StreamFacts {
            finish: finish.map(|finish| finish.with_calls(has_calls)),
            completed: (finish.is_some() || self.is_done) && self.facts.error.is_none() && !self.is_open,
            output_characters: self.counter.characters,
            saw_output: self.counter.has_output,
            ..self.facts.clone()
        }
    }

    /// Judges a block (or the beginning of a long one) and sends it on.
    fn block(&mut self, piece: Piece, out: &mut Vec<Bytes>) -> Option<UpstreamError> {
        let is_long = !piece.is_last || piece.bytes.len() > INSPECTED_BYTES;
        let block = piece.bytes;
        if let Some(characters) = self.template.content(&block).filter(|_| !is_long).map(|content| content.characters())
        {
            self.counter.characters += characters;
            out.push(block);
            return None;
        }
        let lines = Lines::of(&block);
        let before = out.len();
        match self.judge(&block, &lines, is_long) {
            Verdict::Drop => {}
            // Its rest follows as it comes, so its beginning stays as it is.
            Verdict::Forward if is_long => out.push(block),
            Verdict::Forward if lines.data == 0 && !lines.has_comment => {}
            Verdict::Forward if lines.has_bookkeeping || (lines.data == 0 && lines.has_event) => {
                out.push(without_bookkeeping(&block, lines.data > 0));
            }
            Verdict::Forward => out.push(block),
            Verdict::Fail(error) => {
                self.facts.error = Some((*error).clone());
                return Some(*error);
            }
        }
        self.has_begun |= lines.data > 0 && out.len() > before;
        None
    }

    fn judge(&mut self, block: &Bytes, lines: &Lines, is_long: bool) -> Verdict {
        if lines.data == 0 {
            return Verdict::Forward;
        }
        let inspected = block.slice(..block.len().min(INSPECTED_BYTES));
        let data = sse::data_of(&inspected).unwrap_or_default();
        let data = data.trim_ascii();
        if data == b"[DONE]" {
            self.is_done = true;
            return Verdict::Drop;
        }
        let mut observed = Observed::new(&mut self.counter);
        let (envelope, result) = walk(data, &mut observed);
        let only_content = observed.only_content();
        let named = lines.is_error.then_some(Fault::Body);
        if let Some(fault) = envelope.fault.or(named) {
            let mut error = errors::read_inside(self.provider, None, fault, data);
            error.is_retryable &= !self.counter.has_output;
            return Verdict::Fail(Box::new(error));
        }
        if result.is_err() && is_long {
            // Nobody looks at all of it: estimate by what was seen.
            self.counter.characters += data.len() as u64;
            self.counter.has_output = true;
        }
        self.remember(&envelope);
        let is_ordinary = envelope.usage.is_none() && lines.data == 1 && !lines.has_bookkeeping && result.is_ok();
        if let Some(content) = only_content.filter(|_| is_ordinary && self.facts.response_model.is_some()) {
            self.template.learn(block, content, envelope.obfuscation);
        }
        if envelope.is_usage_only() {
            self.is_usage_out |= self.wants_usage;
            return if self.wants_usage { Verdict::Forward } else { Verdict::Drop };
        }
        Verdict::Forward
    }

    fn remember(&mut self, envelope: &Envelope<'_>) {
        if let Some(value) = envelope.usage {
            let usage = usage::read(self.provider, value);
            self.facts.absurd |= usage.is_absurd;
            self.facts.usage = if usage.is_absurd { None } else { usage.tokens.or(self.facts.usage) };
            self.facts.cost = usage.cost.or(self.facts.cost);
        }
        if self.facts.id.is_none() {
            self.facts.id = name_of(envelope.id);
            let digits = envelope.created.and_then(|value| std::str::from_utf8(value).ok());
            self.created = digits.and_then(|digits| digits.parse().ok()).unwrap_or(0);
        }
        if self.facts.response_model.is_none() {
            self.facts.response_model = name_of(envelope.model);
        }
    }

    /// The usage event for a client that asked, where the provider sent its
    /// counts elsewhere.
    fn usage_event(&self, counts: &TokenCounts) -> Bytes {
        let TokenCounts { prompt, completion, cached, cache_write, reasoning, .. } = counts;
        let id = quoted(self.facts.id.as_deref().unwrap_or_default());
        let model = quoted(self.facts.response_model.as_deref().unwrap_or_default());
        let (created, total) = (self.created, prompt + completion);
        Bytes::from(format!(
            "data: {{\"id\":{id},\"object\":\"chat.completion.chunk\",\"created\":{created},\"model\":{model},\
             \"choices\":[],\"usage\":{{\"prompt_tokens\":{prompt},\"completion_tokens\":{completion},\
             \"total_tokens\":{total},\"prompt_tokens_details\":{{\"cached_tokens\":{cached},\
             \"cache_write_tokens\":{cache_write}}},\"completion_tokens_details\":{{\
             \"reasoning_tokens\":{reasoning}}}}}}}\n\n"
        ))
    }
}

impl Passage for PassThrough {
    fn push(&mut self, frame: Bytes, out: &mut Vec<Bytes>) -> Option<UpstreamError> {
        Self::push(self, frame, out)
    }

    fn finish(&mut self, out: &mut Vec<Bytes>) -> StreamFacts {
        Self::finish(self, out)
    }

    fn facts(&self) -> StreamFacts {
        Self::facts(self)
    }

    fn has_begun(&self) -> bool {
        self.has_begun
    }

    fn saw_output(&self) -> bool {
        self.counter.has_output
    }

    fn is_done(&self) -> bool {
        self.is_done
    }
}

#[cfg(test)]
mod tests;
