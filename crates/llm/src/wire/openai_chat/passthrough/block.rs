//! One event block: what lines it has, and which of them may go out.

use bytes::{Bytes, BytesMut};

use super::INSPECTED_BYTES;
use crate::json_scan;
use crate::sse::{self, Line};

/// What kinds of lines a block has.
#[derive(Default)]
pub(super) struct Lines {
    pub(super) data: usize,
    pub(super) has_comment: bool,
    pub(super) has_event: bool,
    pub(super) is_error: bool,
    pub(super) has_bookkeeping: bool,
}

impl Lines {
    pub(super) fn of(block: &[u8]) -> Self {
        let mut found = Self::default();
        for line in sse::lines(block.get(..INSPECTED_BYTES).unwrap_or(block)) {
            match Line::of(line) {
                Line::Data(_) => found.data += 1,
                Line::Comment => found.has_comment = true,
                Line::Bookkeeping => found.has_bookkeeping = true,
                Line::Event(name) => {
                    found.has_event = true;
                    found.is_error |= name == b"error";
                }
                Line::Other => {}
            }
        }
        found
    }
}

/// A block without `id:` and `retry:` lines, which make OpenAI's own client
/// fail; without data, its comments only.
pub(super) fn without_bookkeeping(block: &[u8], has_data: bool) -> Bytes {
    let mut out = BytesMut::with_capacity(block.len());
    for line in sse::lines(block) {
        let is_kept = match Line::of(line) {
            Line::Comment => true,
            Line::Data(_) | Line::Event(_) => has_data,
            Line::Bookkeeping | Line::Other => false,
        };
        if is_kept {
            out.extend_from_slice(line);
            out.extend_from_slice(b"\n");
        }
    }
    out.extend_from_slice(b"\n");
    out.freeze()
}

/// Whether a block without its blank line is whole all the same.
pub(super) fn is_complete(block: &Bytes) -> bool {
    sse::data_of(block).is_some_and(|data| {
        let data = data.trim_ascii();
        data == b"[DONE]" || json_scan::check(data).is_ok()
    })
}
