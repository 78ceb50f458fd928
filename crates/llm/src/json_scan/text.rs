//! JSON strings: taken apart without loss where possible, and put together.

use std::borrow::Cow;
use std::ops::Range;

use memchr::memchr;

/// A JSON string as written, without its quotes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RawText<'a> {
    inner: &'a [u8],
    has_escapes: bool,
    /// By how many bytes its escapes are longer than one each; 0 when nobody
    /// counted.
    surplus: usize,
    /// Known to be ASCII; `false` when nobody looked.
    is_ascii: bool,
}

impl<'a> RawText<'a> {
    /// Takes what stood between the quotes.
    #[must_use]
    pub fn new(inner: &'a [u8]) -> Self {
        Self { inner, has_escapes: memchr(b'\\', inner).is_some(), surplus: 0, is_ascii: false }
    }

    /// As [`RawText::new`], for one who knows already.
    pub(super) const fn known(inner: &'a [u8], surplus: usize, is_ascii: bool) -> Self {
        Self { inner, has_escapes: surplus > 0, surplus, is_ascii }
    }

    /// A JSON value, if it is a string.
    #[must_use]
    pub fn of_value(value: &'a [u8]) -> Option<Self> {
        value.strip_prefix(b"\"")?.strip_suffix(b"\"").map(Self::new)
    }

    /// Nothing between the quotes.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.inner.is_empty()
    }

    /// The text. Lone surrogate halves and broken UTF-8 become U+FFFD.
    #[must_use]
    pub fn text(&self) -> Cow<'a, str> {
        if !self.has_escapes {
            // Nearly always it is text, which is seen faster so.
            return std::str::from_utf8(self.inner).map_or_else(|_| String::from_utf8_lossy(self.inner), Cow::Borrowed);
        }
        let mut out = String::with_capacity(self.inner.len());
        let mut half = None;
        self.append_to(&mut out, &mut half);
        flush(&mut out, &mut half);
        Cow::Owned(out)
    }

    /// Appends the text. `half` carries a first surrogate half from one piece of
    /// a stream to the next, where its second half may stand.
    pub fn append_to(&self, out: &mut String, half: &mut Option<u16>) {
        let mut rest = self.inner;
        while !rest.is_empty() {
            let plain = memchr(b'\\', rest).unwrap_or(rest.len());
            let (before, after) = rest.split_at(plain);
            if !before.is_empty() {
                flush(out, half);
                out.push_str(&String::from_utf8_lossy(before));
            }
            rest = after.get(escape(after, out, half)..).unwrap_or_default();
        }
    }

    /// About how many characters it has: for estimates, without building it.
    #[must_use]
    pub fn characters(&self) -> u64 {
        let characters_of = |plain: &[u8]| if self.is_ascii { plain.len() as u64 } else { characters_of(plain) };
        if !self.has_escapes || self.surplus > 0 {
            return characters_of(self.inner).saturating_sub(self.surplus as u64);
        }
        let (mut count, mut rest) = (0, self.inner);
        while let Some(plain) = memchr(b'\\', rest) {
            let (before, after) = rest.split_at(plain);
            let length = if after.get(1) == Some(&b'u') { 6 } else { 2 };
            count += characters_of(before) + 1;
            rest = after.get(length..).unwrap_or_default();
        }
        count + characters_of(rest)
    }

    /// Whether the name is this one. Unescapes only when it must.
    #[must_use]
    pub fn is(&self, name: &str) -> bool {
        if self.has_escapes { self.text() == name } else { self.inner == name.as_bytes() }
    }

    /// Where it lies in the bytes it was read from, without its quotes; `None`
    /// when it was read from others.
    #[must_use]
    pub fn inner_span_in(&self, bytes: &[u8]) -> Option<Range<usize>> {
        let start = (self.inner.as_ptr() as usize).checked_sub(bytes.as_ptr() as usize)?;
        let span = start..start.checked_add(self.inner.len())?;
        (bytes.get(span.clone())?.as_ptr() == self.inner.as_ptr()).then_some(span)
    }

    /// Where it lies in the text it was read from, quotes included.
    pub(super) fn span_in(&self, body: &[u8]) -> Range<usize> {
        let start = (self.inner.as_ptr() as usize).saturating_sub(body.as_ptr() as usize).saturating_sub(1);
        start..start + self.inner.len() + 2
    }
}

/// Counts the bytes that begin a character, many at a time.
fn characters_of(plain: &[u8]) -> u64 {
    let in_chunk = |chunk: &[u8]| chunk.iter().fold(0_u8, |count, &byte| count + u8::from(byte & 0xC0 != 0x80));
    plain.chunks(192).map(|chunk| u64::from(in_chunk(chunk))).sum()
}

/// A text as a JSON string, quotes included.
#[must_use]
pub fn quoted(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len() + 2);
    super::push_quoted(&mut out, text);
    String::from_utf8(out).unwrap_or_default()
}

/// Reads the escape that `after` begins with; returns its length.
fn escape(after: &[u8], out: &mut String, half: &mut Option<u16>) -> usize {
    let Some(&letter) = after.get(1) else {
        return after.len();
    };
    if letter != b'u' {
        flush(out, half);
        out.push(match letter {
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            other => char::from(other),
        });
        return 2;
    }
    let digits = after.get(2..6).and_then(|digits| std::str::from_utf8(digits).ok());
    let unit = digits.and_then(|digits| u16::from_str_radix(digits, 16).ok()).unwrap_or(0xFFFD);
    match (half.take(), unit) {
        (Some(first), 0xDC00..=0xDFFF) => {
            out.extend(char::decode_utf16([first, unit]).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)));
        }
        (first, 0xD800..=0xDBFF) => {
            out.extend(first.map(|_| char::REPLACEMENT_CHARACTER));
            *half = Some(unit);
        }
        (first, _) => {
            out.extend(first.map(|_| char::REPLACEMENT_CHARACTER));
            out.push(char::from_u32(u32::from(unit)).unwrap_or(char::REPLACEMENT_CHARACTER));
        }
    }
    6
}

/// A half whose other half did not come.
fn flush(out: &mut String, half: &mut Option<u16>) {
    out.extend(half.take().map(|_| char::REPLACEMENT_CHARACTER));
}
