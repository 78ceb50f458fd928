//! The cursor: walks a JSON text in one pass, checks what it passes, and hands
//! out raw slices. Whoever drives it decides what to look into and what to skip.

use std::ops::Range;

use super::stretch::stretch;
use super::{MAX_DEPTH, RawText, ScanError};

/// What of a string's inside is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Strings {
    /// That it has no control characters.
    Controls,
    /// That, and that it is UTF-8. The rest of a JSON text is ASCII, so that the
    /// whole is UTF-8 then.
    Utf8,
    /// Nothing: the same text was checked before.
    Trusted,
}

/// A cursor in a JSON text. Works on any bytes, unless UTF-8 is asked for.
#[derive(Debug, Clone)]
pub struct Reader<'a> {
    body: &'a [u8],
    at: usize,
    depth: u32,
    strings: Strings,
    /// No byte so far, or (of a checked text) none at all, is beyond ASCII.
    is_ascii: bool,
    /// The long strings passed so far, while a text is checked.
    noted: Vec<Long>,
    /// Those of a checked text that are still to come.
    known: &'a [Long],
}

/// Where a long string lay: whoever walks the text again need not look for its
/// end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Long {
    start: usize,
    end: usize,
    /// As [`RawText`] has it.
    surplus: usize,
}

/// Strings from this length on are noted.
const LONG: usize = 4 * 1024;

impl<'a> Reader<'a> {
    /// Starts before the first byte.
    #[must_use]
    pub const fn new(body: &'a [u8]) -> Self {
        Self { body, at: 0, depth: 0, strings: Strings::Controls, is_ascii: true, noted: Vec::new(), known: &[] }
    }

    /// As [`Reader::new`], and refuses what is not UTF-8.
    #[must_use]
    pub(crate) fn of_utf8(body: &'a [u8]) -> Self {
        Self { strings: Strings::Utf8, ..Self::new(body) }
    }

    /// For a text that was checked before and found to be ASCII or not: finds
    /// the ends of its strings and looks at nothing inside them.
    #[must_use]
    pub fn of_checked(body: &'a [u8], is_ascii: bool) -> Self {
        Self { strings: Strings::Trusted, is_ascii, ..Self::new(body) }
    }

    /// As [`Reader::of_checked`], from `at` on, with what was noted of the whole
    /// text while it was checked.
    pub(super) fn of_noted(body: &'a [u8], at: usize, is_ascii: bool, known: &'a [Long]) -> Self {
        Self { at, known, ..Self::of_checked(body, is_ascii) }
    }

    /// What was noted while the text was checked: whether all strings are ASCII,
    /// and the long ones.
    pub(super) fn into_notes(self) -> (bool, Vec<Long>) {
        (self.is_ascii, self.noted)
    }

    /// The whole text.
    #[must_use]
    pub const fn body(&self) -> &'a [u8] {
        self.body
    }

    /// The first byte of the next token, blanks skipped.
    pub fn peek(&mut self) -> Option<u8> {
        while let Some(&byte) = self.body.get(self.at) {
            if !matches!(byte, b' ' | b'\n' | b'\r' | b'\t') {
                return Some(byte);
            }
            self.at += 1;
        }
        None
    }

    /// Passes one value.
    ///
    /// # Errors
    /// When it is not valid JSON, or too deep.
    pub fn skip(&mut self) -> Result<(), ScanError> {
        match self.peek() {
            Some(b'{') => self.object(|_, reader| reader.skip()),
            Some(b'[') => self.array(Self::skip),
            Some(b'"') => self.string().map(|_| ()),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.literal(b"true"),
            Some(b'f') => self.literal(b"false"),
            Some(b'n') => self.literal(b"null"),
            _ => Err(self.syntax("a value")),
        }
    }

    /// Passes one value and says where it lay.
    ///
    /// # Errors
    /// As [`Reader::skip`].
    pub fn span(&mut self) -> Result<Range<usize>, ScanError> {
        self.peek();
        let start = self.at;
        self.skip()?;
        Ok(start..self.at)
    }

    /// Passes one value and gives its bytes.
    ///
    /// # Errors
    /// As [`Reader::skip`].
    pub fn value(&mut self) -> Result<&'a [u8], ScanError> {
        let span = self.span()?;
        Ok(self.body.get(span).unwrap_or_default())
    }

    /// Passes one value; its text if it is a string.
    ///
    /// # Errors
    /// As [`Reader::skip`].
    pub fn text(&mut self) -> Result<Option<RawText<'a>>, ScanError> {
        if self.peek() == Some(b'"') { self.string().map(Some) } else { self.skip().map(|()| None) }
    }

    /// Walks an object; `each` gets every name and must pass exactly its value.
    ///
    /// # Errors
    /// As [`Reader::skip`], and what `each` says.
    pub fn object(
        &mut self,
        mut each: impl FnMut(RawText<'a>, &mut Self) -> Result<(), ScanError>,
    ) -> Result<(), ScanError> {
        self.take(b'{', "`{`")?;
        self.enter()?;
        if self.peek() == Some(b'}') {
            return self.leave();
        }
        loop {
            self.peek();
            let name = self.string()?;
            self.take(b':', "`:`")?;
            each(name, self)?;
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b'}') => return self.leave(),
                _ => return Err(self.syntax("`,` or `}`")),
            }
        }
    }

    /// Walks an array; `each` must pass exactly one value.
    ///
    /// # Errors
    /// As [`Reader::skip`], and what `each` says.
    pub fn array(&mut self, mut each: impl FnMut(&mut Self) -> Result<(), ScanError>) -> Result<(), ScanError> {
        self.take(b'[', "`[`")?;
        self.enter()?;
        if self.peek() == Some(b']') {
            return self.leave();
        }
        loop {
            each(self)?;
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b']') => return self.leave(),
                _ => return Err(self.syntax("`,` or `]`")),
            }
        }
    }

    /// Nothing but blanks may follow.
    ///
    /// # Errors
    /// [`ScanError::Trailing`].
    pub fn end(&mut self) -> Result<(), ScanError> {
        if self.peek().is_some() { Err(ScanError::Trailing { at: self.at }) } else { Ok(()) }
    }

    fn enter(&mut self) -> Result<(), ScanError> {
        if self.depth >= MAX_DEPTH {
            return Err(ScanError::TooDeep);
        }
        self.depth += 1;
        Ok(())
    }

    /// Passes the closing bracket.
    fn leave(&mut self) -> Result<(), ScanError> {
        self.depth -= 1;
        self.at += 1;
        Ok(())
    }

    fn take(&mut self, byte: u8, expected: &'static str) -> Result<(), ScanError> {
        if self.peek() == Some(byte) {
            self.at += 1;
            return Ok(());
        }
        Err(self.syntax(expected))
    }

    fn string(&mut self) -> Result<RawText<'a>, ScanError> {
        if self.body.get(self.at) != Some(&b'"') {
            return Err(self.syntax("a string"));
        }
        let start = self.at + 1;
        if let Some(text) = self.pass_known(start) {
            return Ok(text);
        }
        self.at = start;
        let mut surplus = 0;
        loop {
            let rest = self.body.get(self.at..).unwrap_or_default();
            let (plain, is_ascii) = stretch(rest);
            if !is_ascii {
                self.judge(rest.get(..plain).unwrap_or_default())?;
            }
            self.at += plain;
            match rest.get(plain) {
                Some(b'"') => break,
                Some(b'\\') => {
                    let begun = self.at;
                    self.escape()?;
                    surplus += self.at - begun - 1;
                }
                Some(_) => return Err(self.syntax("an escape instead of a control character")),
                None => return Err(self.syntax("the string's closing quote")),
            }
        }
        let end = self.at;
        self.at += 1;
        if self.strings == Strings::Utf8 && end - start >= LONG {
            self.noted.push(Long { start, end, surplus });
        }
        let is_ascii = self.strings == Strings::Trusted && self.is_ascii;
        Ok(RawText::known(self.body.get(start..end).unwrap_or_default(), surplus, is_ascii))
    }

    /// Passes a string that was noted when the text was checked.
    fn pass_known(&mut self, start: usize) -> Option<RawText<'a>> {
        while let Some((long, later)) = self.known.split_first().filter(|(long, _)| long.start <= start) {
            self.known = later;
            if long.start == start {
                let inner = self.body.get(start..long.end)?;
                self.at = long.end + 1;
                return Some(RawText::known(inner, long.surplus, self.is_ascii));
            }
        }
        None
    }

    /// Looks at a stretch that is not ASCII, without quotes and escapes. Its ends
    /// lie beside ASCII, so that no character is cut.
    fn judge(&mut self, plain: &[u8]) -> Result<(), ScanError> {
        if self.strings == Strings::Trusted {
            return Ok(());
        }
        self.is_ascii = false;
        if self.strings == Strings::Utf8 && std::str::from_utf8(plain).is_err() {
            return Err(ScanError::NotUtf8);
        }
        Ok(())
    }

    /// Passes one escape. A lone surrogate half is accepted: providers cut
    /// characters in two between chunks.
    fn escape(&mut self) -> Result<(), ScanError> {
        self.at += 1;
        match self.body.get(self.at) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.at += 1,
            Some(b'u') => {
                let digits = self.body.get(self.at + 1..self.at + 5);
                if !digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit)) {
                    return Err(self.syntax("four hexadecimal digits"));
                }
                self.at += 5;
            }
            _ => return Err(self.syntax("an escape that JSON has")),
        }
        Ok(())
    }

    fn number(&mut self) -> Result<(), ScanError> {
        if self.body.get(self.at) == Some(&b'-') {
            self.at += 1;
        }
        if self.body.get(self.at) == Some(&b'0') {
            self.at += 1;
        } else {
            self.digits()?;
        }
        if self.body.get(self.at) == Some(&b'.') {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.body.get(self.at), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.body.get(self.at), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(())
    }

    fn digits(&mut self) -> Result<(), ScanError> {
        let start = self.at;
        while self.body.get(self.at).is_some_and(u8::is_ascii_digit) {
            self.at += 1;
        }
        if self.at == start { Err(self.syntax("a digit")) } else { Ok(()) }
    }

    fn literal(&mut self, word: &'static [u8]) -> Result<(), ScanError> {
        if !self.body.get(self.at..).is_some_and(|rest| rest.starts_with(word)) {
            return Err(self.syntax("a value"));
        }
        self.at += word.len();
        Ok(())
    }

    const fn syntax(&self, expected: &'static str) -> ScanError {
        ScanError::Syntax { at: self.at, expected }
    }
}
