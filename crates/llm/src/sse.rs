//! Server-sent events: bytes into events. The wires read events; the
//! pass-through only needs to know where one ends, and hands on the very bytes.
//!
//! Source: the WHATWG HTML standard, section "Server-sent events".

mod block;
mod split;

use bytes::Bytes;
use thiserror::Error;

pub use block::{Line, data_of, lines};
pub use split::{Piece, Splitter};

/// The longest event that is assembled in memory.
pub const MAX_EVENT_BYTES: usize = 8 * 1024 * 1024;

/// One event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Its `event:` name, when it has one.
    pub event: Option<String>,
    /// Its data; several lines are joined with LF.
    pub data: Bytes,
}

/// An event is longer than [`MAX_EVENT_BYTES`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the stream sent an event of more than {MAX_EVENT_BYTES} bytes")]
pub struct TooLong;

/// Turns a stream's bytes into events, however they are cut.
#[derive(Debug)]
pub struct SseDecoder {
    splitter: Splitter,
}

impl Default for SseDecoder {
    fn default() -> Self {
        Self::new()
    }
}

impl SseDecoder {
    /// At the start of a stream.
    #[must_use]
    pub fn new() -> Self {
        Self { splitter: Splitter::new(MAX_EVENT_BYTES) }
    }

    /// Takes the next bytes; read [`SseDecoder::next_event`] until it is empty.
    pub fn push(&mut self, bytes: &[u8]) {
        self.feed(Bytes::copy_from_slice(bytes));
    }

    /// As [`SseDecoder::push`], without a copy.
    pub fn feed(&mut self, frame: Bytes) {
        self.splitter.feed(frame);
    }

    /// The next whole event, if one is there. Comments and blocks without data
    /// are passed over.
    ///
    /// # Errors
    /// [`TooLong`]; the stream cannot be read on after it.
    pub fn next_event(&mut self) -> Result<Option<Event>, TooLong> {
        while let Some(piece) = self.splitter.next_piece() {
            if !piece.is_whole() || piece.bytes.len() > MAX_EVENT_BYTES {
                return Err(TooLong);
            }
            if let Some(event) = read(&piece.bytes) {
                return Ok(Some(event));
            }
        }
        Ok(None)
    }

    /// The last event of a stream that ended without its blank line.
    pub fn finish(&mut self) -> Option<Event> {
        self.splitter.rest().and_then(|piece| read(&piece.bytes))
    }
}

fn read(block: &Bytes) -> Option<Event> {
    let event = lines(block).find_map(|line| match Line::of(line) {
        Line::Event(name) => Some(String::from_utf8_lossy(name).into_owned()),
        _ => None,
    });
    Some(Event { event, data: data_of(block)? })
}

#[cfg(test)]
mod tests;
