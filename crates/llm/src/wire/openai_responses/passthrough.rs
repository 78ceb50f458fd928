//! The hot path: a stream of Responses on its way to a client of the same wire.
//! Whole event blocks go out as the very bytes that came in; each is looked at
//! once, for the counts, the finish, and an error that must not get through.

use bytes::Bytes;
use domain::ProviderId;

use super::long_event::UsageFinder;
use super::response::{call, name_of};
use super::stream::{finish_of, usage_of};
use super::walk::{self, Event, Item, Kind, Response};
use super::{errors, usage};
use crate::UpstreamError;
use crate::json_scan::Reader;
use crate::neutral::FinishReason;
use crate::sse::{self, Piece, Splitter};
use crate::wire::{Passage, StreamFacts, passage};

/// How much of one event is looked at. Of a last event that is longer only its
/// usage is searched for, because that is at its end.
const INSPECTED_BYTES: usize = 64 * 1024;

/// A stream on its way through.
#[derive(Debug)]
pub struct PassThrough {
    provider: ProviderId,
    splitter: Splitter,
    facts: StreamFacts,
    finish: Option<FinishReason>,
    has_calls: bool,
    is_done: bool,
    /// An event went out after which no other answer may begin.
    has_begun: bool,
    /// A long event went out in part.
    is_open: bool,
    /// The last event is long, and under way.
    last: Option<UsageFinder>,
}

impl PassThrough {
    /// At the start of a stream.
    #[must_use]
    pub fn new(provider: ProviderId) -> Self {
        Self {
            provider,
            splitter: Splitter::new(INSPECTED_BYTES),
            facts: StreamFacts::default(),
            finish: None,
            has_calls: false,
            is_done: false,
            has_begun: false,
            is_open: false,
            last: None,
        }
    }

    /// Judges a block (or the beginning of a long one) and sends it on.
    fn block(&mut self, piece: Piece, out: &mut Vec<Bytes>) -> Option<UpstreamError> {
        let is_long = !piece.is_last || piece.bytes.len() > INSPECTED_BYTES;
        let inspected = piece.bytes.slice(..piece.bytes.len().min(INSPECTED_BYTES));
        if let Some(data) = sse::data_of(&inspected) {
            let data = data.trim_ascii();
            let (event, _) = walk::event(data);
            let kind = event.kind();
            let is_error = matches!(kind, Kind::Failed | Kind::Error);
            if is_error || (kind == Kind::Unknown && sse::is_named_error(&inspected)) {
                let error = event.response.as_ref().and_then(|response| response.error);
                let mut error = errors::read_failed(self.provider, None, error, data);
                // What went out cannot be taken back.
                error.is_retryable &= !self.facts.saw_output;
                self.facts.error = Some(error.clone());
                return Some(error);
            }
            self.note(kind, &event, is_long.then_some(data.len()));
            // Until something is made of it, another key may still be tried.
            self.has_begun |= !matches!(kind, Kind::Under | Kind::Unknown);
            if self.finish.is_some() {
                self.end(&event, &piece, is_long);
            }
        }
        out.push(piece.bytes);
        None
    }

    fn note(&mut self, kind: Kind, event: &Event<'_>, long: Option<usize>) {
        match kind {
            Kind::TextDelta
            | Kind::RefusalDelta
            | Kind::SummaryDelta
            | Kind::ThoughtDelta
            | Kind::ArgumentsDelta
            | Kind::OtherDelta => {
                // Nobody looks at all of a long one: estimate by what was seen.
                let characters = event.delta.map_or_else(|| long.unwrap_or(0) as u64, |delta| delta.characters());
                self.facts.output_characters += characters;
                self.facts.saw_output |= characters > 0;
            }
            Kind::ItemAdded | Kind::ItemDone => self.item(event),
            Kind::Under => self.names(event.response.as_ref()),
            Kind::Completed | Kind::Incomplete => {
                self.names(event.response.as_ref());
                self.finish = Some(finish_of(event));
            }
            _ => {}
        }
    }

    fn item(&mut self, event: &Event<'_>) {
        let Some(Ok(item)) = event.item.map(|value| Item::read(&mut Reader::new(value))) else { return };
        self.has_calls |= call(&item).is_some();
        // Everything else is done at once, and costs.
        self.facts.saw_output |= !item.is("message") && !item.is("reasoning");
    }

    fn names(&mut self, response: Option<&Response<'_>>) {
        let Some(response) = response else { return };
        self.facts.id = name_of(response.id).or(self.facts.id.take());
        self.facts.response_model = name_of(response.model).or(self.facts.response_model.take());
    }

    /// The last event, or the beginning of it.
    fn end(&mut self, event: &Event<'_>, piece: &Piece, is_long: bool) {
        if !is_long {
            let usage = usage_of(event.response.as_ref());
            (self.facts.usage, self.facts.absurd) = (usage.tokens, usage.is_absurd);
            self.is_done = true;
            return;
        }
        let mut finder = UsageFinder::default();
        finder.pass(&piece.bytes);
        self.last = Some(finder);
        if piece.is_last {
            self.end_of_long();
        }
    }

    fn end_of_long(&mut self) {
        let is_object = |value: &Vec<u8>| value.trim_ascii().starts_with(b"{");
        let found = self.last.take().and_then(UsageFinder::found).filter(is_object);
        let usage = found.map(|value| usage::read(&value)).unwrap_or_default();
        (self.facts.usage, self.facts.absurd) = (usage.tokens, usage.is_absurd);
        self.is_done = true;
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
            if piece.is_first {
                if let Some(error) = self.block(piece, out) {
                    return Some(error);
                }
                continue;
            }
            // The rest of a long event, which was judged by its beginning.
            if let Some(finder) = &mut self.last {
                finder.pass(&piece.bytes);
                if piece.is_last {
                    self.end_of_long();
                }
            }
            out.push(piece.bytes);
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
        StreamFacts {
            finish: self.finish.filter(|_| self.is_done).map(|finish| finish.with_calls(self.has_calls)),
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
