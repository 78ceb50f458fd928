//! Answers that pass as they come: bytes unseen, events looked at for what they
//! say of use and failure.

use bytes::Bytes;
use domain::ProviderId;

use super::{Family, usage};
use crate::UpstreamError;
use crate::sse::{self, Splitter};
use crate::wire::{Passage, StreamFacts};

/// The most bytes of one event that are held back to be looked at.
const HELD_BYTES: usize = 64 * 1024;

/// The way for an answer of this family: events or bytes.
#[must_use]
pub fn passage(provider: ProviderId, family: Family, is_events: bool) -> Box<dyn Passage> {
    if !is_events {
        return Box::new(Unseen::default());
    }
    // The event that has the picture in it also says what it took.
    let held = if family == Family::Images { sse::MAX_EVENT_BYTES } else { HELD_BYTES };
    Box::new(Events { provider, splitter: Splitter::new(held), facts: StreamFacts::default() })
}

/// Bytes of any kind.
#[derive(Default)]
struct Unseen {
    facts: StreamFacts,
}

impl Passage for Unseen {
    fn push(&mut self, frame: Bytes, out: &mut Vec<Bytes>) -> Option<UpstreamError> {
        self.facts.saw_output = true;
        out.push(frame);
        None
    }

    fn finish(&mut self, _: &mut Vec<Bytes>) -> StreamFacts {
        self.facts.completed = true;
        self.facts.clone()
    }

    fn facts(&self) -> StreamFacts {
        self.facts.clone()
    }

    fn has_begun(&self) -> bool {
        self.facts.saw_output
    }

    fn saw_output(&self) -> bool {
        self.facts.saw_output
    }

    fn is_done(&self) -> bool {
        false
    }
}

/// Server-sent events.
struct Events {
    provider: ProviderId,
    splitter: Splitter,
    facts: StreamFacts,
}

impl Events {
    /// Looks at a block, and passes it unless it is a failure.
    fn take(&mut self, block: Bytes, is_whole: bool, out: &mut Vec<Bytes>) -> Option<UpstreamError> {
        let data = if is_whole { sse::data_of(&block) } else { None };
        if let Some(data) = &data {
            let seen = usage::look(data);
            if seen.is_failure() {
                let error = usage::failure(self.provider, data);
                self.facts.error = Some(error.clone());
                return Some(error);
            }
            if let Some(usage) = seen.usage(self.provider) {
                (self.facts.usage, self.facts.cost) = (usage.tokens, usage.cost);
                self.facts.absurd |= usage.is_absurd;
            }
        }
        self.facts.saw_output |= data.is_some() || !is_whole;
        out.push(block);
        None
    }
}

impl Passage for Events {
    fn push(&mut self, frame: Bytes, out: &mut Vec<Bytes>) -> Option<UpstreamError> {
        self.splitter.feed(frame);
        while let Some(piece) = self.splitter.next_piece() {
            let is_whole = piece.is_whole();
            if let Some(error) = self.take(piece.bytes, is_whole, out) {
                return Some(error);
            }
        }
        None
    }

    fn finish(&mut self, out: &mut Vec<Bytes>) -> StreamFacts {
        let error = match self.splitter.rest() {
            Some(rest) => {
                let is_whole = rest.is_whole();
                self.take(rest.bytes, is_whole, out)
            }
            None => None,
        };
        self.facts.completed = error.is_none();
        self.facts.clone()
    }

    fn facts(&self) -> StreamFacts {
        self.facts.clone()
    }

    fn has_begun(&self) -> bool {
        self.facts.saw_output
    }

    fn saw_output(&self) -> bool {
        self.facts.saw_output
    }

    fn is_done(&self) -> bool {
        false
    }
}
