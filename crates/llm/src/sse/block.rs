//! The lines of one event block.

use bytes::{Bytes, BytesMut};
use memchr::memchr2;

/// What a line says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Line<'a> {
    /// `data:`, without the one space after the colon.
    Data(&'a [u8]),
    /// `event:`, likewise.
    Event(&'a [u8]),
    /// `id:` or `retry:`, which are between us and the provider.
    Bookkeeping,
    /// A comment; keep-alives look so.
    Comment,
    /// Nothing, or a field that the standard does not know.
    Other,
}

impl<'a> Line<'a> {
    /// Reads a line without its end.
    #[must_use]
    pub fn of(line: &'a [u8]) -> Self {
        let (name, value) = match memchr::memchr(b':', line) {
            Some(0) => return Self::Comment,
            Some(colon) => line.split_at_checked(colon).unwrap_or((line, &[])),
            None => (line, [].as_slice()),
        };
        let value = value.strip_prefix(b":").unwrap_or(value);
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match name {
            b"data" => Self::Data(value),
            b"event" => Self::Event(value),
            b"id" | b"retry" => Self::Bookkeeping,
            _ => Self::Other,
        }
    }
}

/// The lines of a block, without their ends: LF, CRLF or CR.
pub fn lines(block: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = block;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let end = memchr2(b'\n', b'\r', rest).unwrap_or(rest.len());
        let (line, after) = rest.split_at(end);
        rest = after.strip_prefix(b"\r\n").or_else(|| after.get(1..)).unwrap_or_default();
        Some(line)
    })
}

/// The data of a block: a slice of it, unless several lines have to be joined.
/// `None` when it has no data line.
#[must_use]
pub fn data_of(block: &Bytes) -> Option<Bytes> {
    let mut datas = lines(block).filter_map(|line| match Line::of(line) {
        Line::Data(data) => Some(data),
        _ => None,
    });
    let first = datas.next()?;
    let Some(second) = datas.next() else {
        return Some(if first.is_empty() { Bytes::new() } else { block.slice_ref(first) });
    };
    let mut joined = BytesMut::from(first);
    for more in std::iter::once(second).chain(datas) {
        joined.extend_from_slice(b"\n");
        joined.extend_from_slice(more);
    }
    Some(joined.freeze())
}
/// Whether the event is an error by its name alone.
#[must_use]
pub fn is_named_error(block: &[u8]) -> bool {
    lines(block).any(|line| matches!(Line::of(line), Line::Event(b"error")))
}
