//! The hot path: Google's stream on its way to a client of the same wire. Whole
//! event blocks go out as the very bytes that came in; each is looked at once,
//! for the counts, the finish, and an error that must not get through.

use bytes::Bytes;
use domain::ProviderId;
use memchr::memmem;

use super::inspect::{Counter, name_of};
use super::walk::{Fault, reason_of, walk};
use super::{errors, usage};
use crate::UpstreamError;
use crate::json_scan::{self, Reader};
use crate::neutral::FinishReason;
use crate::sse::{self, Line, Piece, Splitter};
use crate::wire::openai_chat::usage::Usage;
use crate::wire::{Passage, StreamFacts, passage};

/// How much of one event is looked at.
const INSPECTED_BYTES: usize = 64 * 1024;

/// How much of a longer event's end is looked at: finish and counts stand there,
/// after a picture of any size.
const INSPECTED_TAIL_BYTES: usize = 8 * 1024;

/// A stream on its way through.
#[derive(Debug)]
pub struct PassThrough {
    provider: ProviderId,
    splitter: Splitter,
    facts: StreamFacts,
    counter: Counter,
    usage: Usage,
    /// An event went out, not only comments.
    has_begun: bool,
    /// A long event went out in part.
    is_open: bool,
    /// The end of a long event, so far.
    tail: Vec<u8>,
}

impl PassThrough {
    /// At the start of a stream.
    #[must_use]
    pub fn new(provider: ProviderId) -> Self {
        Self {
            provider,
            splitter: Splitter::new(INSPECTED_BYTES),
            facts: StreamFacts::default(),
            counter: Counter::default(),
            usage: Usage::default(),
            has_begun: false,
            is_open: false,
            tail: Vec::new(),
        }
    }

    fn take(&mut self, piece: Piece, out: &mut Vec<Bytes>) -> Option<UpstreamError> {
        self.is_open = !piece.is_last;
        let is_long = !piece.is_whole() || piece.bytes.len() > INSPECTED_BYTES;
        if piece.is_first {
            match self.judge(&piece.bytes, is_long) {
                Ok(true) => {}
                Ok(false) => return None,
                Err(error) => {
                    self.facts.error = Some((*error).clone());
                    return Some(*error);
                }
            }
        }
        if is_long {
            self.remember_end(&piece);
        }
        out.push(piece.bytes);
        None
    }

    /// Looks at a block, or at the beginning of a long one: whether it goes out.
    fn judge(&mut self, block: &Bytes, is_long: bool) -> Result<bool, Box<UpstreamError>> {
        let inspected = block.slice(..block.len().min(INSPECTED_BYTES));
        let Some(data) = sse::data_of(&inspected) else {
            return Ok(sse::lines(&inspected).any(|line| Line::of(line) == Line::Comment));
        };
        let data = data.trim_ascii();
        let (envelope, result) = walk(data, &mut self.counter);
        let is_named = || sse::lines(&inspected).any(|line| Line::of(line) == Line::Event(b"error"));
        let fault = envelope.fault.or_else(|| is_named().then_some(Fault::Value(data)));
        if let Some(fault) = fault {
            let mut error = errors::read_inside(self.provider, None, fault);
            error.is_retryable &= !self.counter.has_output;
            return Err(Box::new(error));
        }
        if result.is_err() && is_long {
            // Nobody looks at all of it: estimate by what was seen.
            self.counter.characters += data.len() as u64;
            self.counter.has_output = true;
        }
        if envelope.is_blocked {
            self.counter.finish.get_or_insert(FinishReason::ContentFilter);
        }
        if let Some(value) = envelope.usage {
            self.count(value);
        }
        if self.facts.id.is_none() {
            self.facts.id = name_of(envelope.id);
        }
        if self.facts.response_model.is_none() {
            self.facts.response_model = name_of(envelope.model);
        }
        self.has_begun = true;
        Ok(true)
    }

    fn count(&mut self, value: &[u8]) {
        let usage = usage::read(value);
        let tokens = if usage.is_absurd { None } else { usage.tokens.or(self.usage.tokens) };
        self.usage = Usage { tokens, is_absurd: self.usage.is_absurd || usage.is_absurd, cost: None };
    }

    /// Keeps the end of a long event, and looks at it when it is there. Inside a
    /// JSON string the names searched for would have escaped quotes.
    fn remember_end(&mut self, piece: &Piece) {
        if piece.is_first {
            self.tail.clear();
        }
        let bytes = piece.bytes.get(piece.bytes.len().saturating_sub(INSPECTED_TAIL_BYTES)..).unwrap_or_default();
        self.tail.extend_from_slice(bytes);
        let excess = self.tail.len().saturating_sub(INSPECTED_TAIL_BYTES);
        self.tail.drain(..excess);
        if !piece.is_last {
            return;
        }
        let tail = std::mem::take(&mut self.tail);
        if let Some(word) = value_of(&tail, b"\"finishReason\"").and_then(json_scan::RawText::of_value) {
            self.counter.finish = reason_of(word).or(self.counter.finish);
        }
        if let Some(value) = value_of(&tail, b"\"usageMetadata\"").filter(|value| value.first() == Some(&b'{')) {
            self.count(value);
        }
    }
}

/// The value of the last member of this name.
fn value_of<'t>(tail: &'t [u8], name: &[u8]) -> Option<&'t [u8]> {
    let after = memmem::rfind(tail, name)? + name.len();
    let mut reader = Reader::new(tail.get(after..)?);
    if reader.peek() != Some(b':') {
        return None;
    }
    let rest = tail.get(after..)?.trim_ascii_start().strip_prefix(b":")?;
    Reader::new(rest).value().ok()
}

impl Passage for PassThrough {
    fn push(&mut self, frame: Bytes, out: &mut Vec<Bytes>) -> Option<UpstreamError> {
        self.splitter.feed(frame);
        while let Some(piece) = self.splitter.next_piece() {
            if self.facts.error.is_some() {
                continue;
            }
            if let Some(error) = self.take(piece, out) {
                return Some(error);
            }
        }
        None
    }

    fn finish(&mut self, out: &mut Vec<Bytes>) -> StreamFacts {
        let rest = self.splitter.rest().filter(|_| self.facts.error.is_none());
        if let Some(rest) = rest.filter(|rest| rest.is_whole() && passage::is_complete(&rest.bytes)) {
            self.take(rest.closed(), out);
        }
        if self.is_open && self.facts.error.is_none() {
            // Ends the broken event, so that what the caller says is another.
            out.push(Bytes::from_static(b"\n\n"));
        }
        self.facts()
    }

    fn facts(&self) -> StreamFacts {
        let completed = self.counter.finish.is_some() && self.facts.error.is_none() && !self.is_open;
        StreamFacts {
            // Every piece repeats the counts; only the last ones are the bill.
            usage: self.usage.tokens.filter(|_| completed),
            usage_so_far: self.usage.tokens,
            absurd: self.usage.is_absurd,
            finish: self.counter.finish.map(|finish| finish.with_calls(self.counter.has_calls)),
            completed,
            output_characters: self.counter.characters,
            saw_output: self.counter.has_output,
            ..self.facts.clone()
        }
    }

    fn has_begun(&self) -> bool {
        self.has_begun
    }

    fn saw_output(&self) -> bool {
        self.counter.has_output
    }

    /// Only the connection's end says so: another candidate may still speak.
    fn is_done(&self) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passed(frames: &[&[u8]]) -> (Vec<u8>, StreamFacts) {
        let mut through = PassThrough::new(ProviderId::Google);
        let mut out = Vec::new();
        for frame in frames {
            through.push(Bytes::copy_from_slice(frame), &mut out);
        }
        let facts = through.finish(&mut out);
        (out.concat(), facts)
    }

    #[test]
    fn the_end_of_a_long_event_is_looked_at_however_it_is_cut() {
        let picture = "A".repeat(300_000);
        let event = format!(
            "data: {{\"candidates\":[{{\"content\":{{\"parts\":[{{\"inlineData\":{{\"mimeType\":\"image/png\",\
             \"data\":\"{picture}\"}}}}]}},\"finishReason\":\"STOP\",\"index\":0}}],\
             \"usageMetadata\":{{\"promptTokenCount\":9,\"candidatesTokenCount\":1290}}}}\r\n\r\n"
        );
        let whole = passed(&[event.as_bytes()]);
        assert_eq!(whole.0, event.as_bytes());
        assert_eq!(whole.1.finish, Some(FinishReason::Stop));
        assert_eq!(whole.1.usage.map(|usage| usage.completion), Some(1_290));
        assert!(whole.1.completed);
        let pieces: Vec<&[u8]> = event.as_bytes().chunks(1_000).collect();
        assert_eq!(passed(&pieces), whole);
        let cut = passed(&[&event.as_bytes()[..200_000]]);
        assert!(!cut.1.completed && cut.1.saw_output);
    }

    #[test]
    fn comments_pass_and_are_no_beginning() {
        let mut through = PassThrough::new(ProviderId::Google);
        let mut out = Vec::new();
        through.push(Bytes::from_static(b": ping\n\nevent: x\n\n"), &mut out);
        assert_eq!((out.concat(), through.has_begun()), (b": ping\n\n".to_vec(), false));
    }

    #[test]
    fn what_was_counted_is_known_before_the_end() {
        let event = b"data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"Bon\"}]}}],\
                      \"usageMetadata\":{\"promptTokenCount\":9,\"candidatesTokenCount\":1}}\n\n";
        let (_, facts) = passed(&[event]);
        assert_eq!((facts.usage, facts.completed), (None, false));
        assert_eq!(facts.usage_so_far.map(|usage| (usage.prompt, usage.completion)), Some((9, 1)));
    }
}
