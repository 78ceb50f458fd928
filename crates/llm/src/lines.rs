//! Lines of JSON (NDJSON): bytes into lines, however they are cut, in bounded
//! memory.

use bytes::{Buf, Bytes, BytesMut};
use memchr::memchr;

use crate::sse::{MAX_EVENT_BYTES, TooLong};

const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// Cuts a stream into lines. Empty ones are passed over.
#[derive(Debug, Default)]
pub struct Lines {
    held: BytesMut,
    /// Up to where it was searched.
    searched: usize,
    has_begun: bool,
}

impl Lines {
    /// At the start of a stream.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next bytes; read [`Lines::next_line`] until it is empty.
    pub fn push(&mut self, bytes: &[u8]) {
        self.held.extend_from_slice(bytes);
    }

    /// The next whole line, without its end.
    ///
    /// # Errors
    /// [`TooLong`]; the stream cannot be read on after it.
    pub fn next_line(&mut self) -> Result<Option<Bytes>, TooLong> {
        loop {
            let unseen = self.held.get(self.searched..).unwrap_or_default();
            let Some(offset) = memchr(b'\n', unseen) else {
                self.searched = self.held.len();
                return if self.held.len() > MAX_EVENT_BYTES { Err(TooLong) } else { Ok(None) };
            };
            let line = self.held.split_to(self.searched + offset + 1).freeze();
            self.searched = 0;
            if line.len() > MAX_EVENT_BYTES {
                return Err(TooLong);
            }
            if let Some(line) = self.trimmed(line) {
                return Ok(Some(line));
            }
        }
    }

    /// What is left when the stream ends: a line without its end.
    pub fn rest(&mut self) -> Option<Bytes> {
        let line = std::mem::take(&mut self.held).freeze();
        self.searched = 0;
        self.trimmed(line)
    }

    /// The line without blanks around it and a byte order mark before the first.
    fn trimmed(&mut self, mut line: Bytes) -> Option<Bytes> {
        if !std::mem::replace(&mut self.has_begun, true) && line.starts_with(BYTE_ORDER_MARK) {
            line.advance(BYTE_ORDER_MARK.len());
        }
        let text = line.trim_ascii();
        (!text.is_empty()).then(|| line.slice_ref(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(frames: &[&[u8]]) -> Vec<String> {
        let mut lines = Lines::new();
        let mut out = Vec::new();
        for frame in frames {
            lines.push(frame);
            while let Some(line) = lines.next_line().unwrap_or_default() {
                out.push(String::from_utf8_lossy(&line).into_owned());
            }
        }
        out.extend(lines.rest().map(|line| String::from_utf8_lossy(&line).into_owned()));
        out
    }

    #[test]
    fn lines_are_the_same_however_they_are_cut() {
        let stream = b"\xEF\xBB\xBF{\"a\":1}\r\n\n \n{\"b\":2}\n{\"c\":3}";
        let whole = read(&[stream]);
        assert_eq!(whole, ["{\"a\":1}", "{\"b\":2}", "{\"c\":3}"]);
        let bytes: Vec<&[u8]> = stream.chunks(1).collect();
        assert_eq!(read(&bytes), whole);
        for cut in 0..stream.len() {
            let (front, back) = stream.split_at(cut);
            assert_eq!(read(&[front, back]), whole, "cut at {cut}");
        }
    }

    #[test]
    fn an_endless_line_is_an_error_and_not_kept_forever() {
        let mut lines = Lines::new();
        lines.push(&vec![b'x'; MAX_EVENT_BYTES]);
        assert_eq!(lines.next_line(), Ok(None));
        lines.push(b"xx");
        assert_eq!(lines.next_line(), Err(TooLong));
    }
}
