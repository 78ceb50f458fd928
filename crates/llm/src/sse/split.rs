//! Where one event block ends and the next begins. Blocks that lie whole in a
//! network frame leave as slices of that frame; only an unfinished tail is
//! copied and held back.

use bytes::{Buf, Bytes, BytesMut};
use memchr::memchr2;

const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// A block, or a part of one that is too long to hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// The bytes as they came, the closing blank line included.
    pub bytes: Bytes,
    /// The block begins here.
    pub is_first: bool,
    /// The block ends here.
    pub is_last: bool,
}

impl Piece {
    /// The piece is one whole block.
    #[must_use]
    pub const fn is_whole(&self) -> bool {
        self.is_first && self.is_last
    }

    /// The same with the blank line that its sender left out.
    #[must_use]
    pub fn closed(self) -> Self {
        let mut block = BytesMut::from(&self.bytes[..]);
        block.extend_from_slice(b"\n\n");
        Self { bytes: block.freeze(), ..self }
    }
}

/// Cuts a stream into event blocks.
#[derive(Debug)]
pub struct Splitter {
    /// The latest frame, as far as it is not handed out.
    frame: Bytes,
    /// A block's beginning from earlier frames.
    tail: BytesMut,
    /// Up to where the tail (or the frame, when there is no tail) was searched.
    searched: usize,
    /// Where the current line begins there; `None`: before it.
    line_start: Option<usize>,
    /// A long block was handed out in part.
    is_open: bool,
    /// The byte order mark was looked for.
    has_begun: bool,
    /// The most bytes of one block to hold back.
    hold_bytes: usize,
}

impl Splitter {
    /// Holds back at most `hold_bytes` of an unfinished block; a longer one is
    /// handed out in parts as they come.
    #[must_use]
    pub fn new(hold_bytes: usize) -> Self {
        Self {
            frame: Bytes::new(),
            tail: BytesMut::new(),
            searched: 0,
            line_start: Some(0),
            is_open: false,
            has_begun: false,
            hold_bytes,
        }
    }

    /// Takes a frame; read [`Splitter::next_piece`] until it is empty.
    pub fn feed(&mut self, frame: Bytes) {
        if !self.frame.is_empty() {
            self.tail.extend_from_slice(&self.frame);
        }
        self.frame = frame;
    }

    /// The next block, or the next part of a long one.
    pub fn next_piece(&mut self) -> Option<Piece> {
        if !self.has_begun && !self.begin() {
            return None;
        }
        if !self.tail.is_empty() && !self.frame.is_empty() {
            self.tail.extend_from_slice(&self.frame);
            self.frame.clear();
        }
        let found = if self.tail.is_empty() { self.find_end_in_frame() } else { self.find_end_in_tail() };
        if let Some(bytes) = found {
            let is_first = !std::mem::replace(&mut self.is_open, false);
            return Some(Piece { bytes, is_first, is_last: true });
        }
        // What follows of a long block is held back no more.
        let hold_bytes = if self.is_open { 0 } else { self.hold_bytes };
        (self.tail.len() > hold_bytes && self.searched > 0).then(|| self.part())
    }

    /// What is left when the stream ends: a block without its blank line.
    pub fn rest(&mut self) -> Option<Piece> {
        let mut bytes = std::mem::take(&mut self.tail);
        bytes.extend_from_slice(&std::mem::take(&mut self.frame));
        let is_first = !std::mem::replace(&mut self.is_open, false);
        (!bytes.is_empty()).then(|| Piece { bytes: bytes.freeze(), is_first, is_last: true })
    }

    /// Drops a byte order mark; `false` while it cannot be told.
    fn begin(&mut self) -> bool {
        if self.tail.is_empty() && self.frame.len() >= BYTE_ORDER_MARK.len() {
            if self.frame.starts_with(BYTE_ORDER_MARK) {
                self.frame.advance(BYTE_ORDER_MARK.len());
            }
        } else {
            self.tail.extend_from_slice(&self.frame);
            self.frame.clear();
            if self.tail.len() < BYTE_ORDER_MARK.len() && BYTE_ORDER_MARK.starts_with(&self.tail) {
                return false;
            }
            if self.tail.starts_with(BYTE_ORDER_MARK) {
                self.tail.advance(BYTE_ORDER_MARK.len());
            }
        }
        self.has_begun = true;
        true
    }

    fn find_end_in_frame(&mut self) -> Option<Bytes> {
        let frame = self.frame.clone();
        if let Some(end) = self.find_end(&frame) {
            return Some(self.frame.split_to(end));
        }
        self.tail.extend_from_slice(&frame);
        self.frame.clear();
        None
    }

    fn find_end_in_tail(&mut self) -> Option<Bytes> {
        let tail = std::mem::take(&mut self.tail);
        let end = self.find_end(&tail);
        self.tail = tail;
        end.map(|end| self.tail.split_to(end).freeze())
    }

    /// Searches on for a blank line; the offset after it.
    fn find_end(&mut self, bytes: &[u8]) -> Option<usize> {
        loop {
            let rest = bytes.get(self.searched..).unwrap_or_default();
            let Some(at) = memchr2(b'\n', b'\r', rest).map(|offset| self.searched + offset) else {
                self.searched = bytes.len();
                return None;
            };
            let next = bytes.get(at + 1);
            if bytes.get(at) == Some(&b'\r') && next.is_none() {
                // An LF may follow and belong to it.
                self.searched = at;
                return None;
            }
            let end = if bytes.get(at) == Some(&b'\r') && next == Some(&b'\n') { at + 2 } else { at + 1 };
            if self.line_start == Some(at) {
                self.searched = 0;
                self.line_start = Some(0);
                return Some(end);
            }
            self.searched = end;
            self.line_start = Some(end);
        }
    }

    /// Hands out what is held of a long block, but for a last CR, whose LF may
    /// still come.
    fn part(&mut self) -> Piece {
        let length = self.searched;
        let bytes = self.tail.split_to(length).freeze();
        self.line_start = self.line_start.and_then(|start| start.checked_sub(length));
        self.searched = 0;
        let is_first = !std::mem::replace(&mut self.is_open, true);
        Piece { bytes, is_first, is_last: false }
    }
}
