//! One scanner over the raw bytes of a JSON body. It checks the whole body,
//! remembers where the top-level members lie, and lets everything deeper pass
//! as it is: no value is ever parsed and written again. What two readers of one
//! body could understand differently (a name given twice) is refused here.

mod reader;
mod splice;
mod stretch;
mod text;
mod write;

use std::borrow::Cow;
use std::ops::Range;

use reader::Long;
use thiserror::Error;

pub use reader::Reader;
pub use splice::Splice;
pub use text::{RawText, quoted};
pub use write::{push_number, push_quoted};

/// How deep arrays and objects may nest.
pub const MAX_DEPTH: u32 = 64;

/// How many members an object may have at the levels that are looked into.
pub const MAX_MEMBERS: usize = 256;

/// Members whose own members are looked into, too: what we read or change there
/// must mean the same to the provider.
const LOOKED_INTO: [&str; 3] = ["stream_options", "generationConfig", "options"];

/// Why a body was refused. `Display` is a sentence for the one who sent it.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ScanError {
    /// Some bytes are no UTF-8.
    #[error("The body is not UTF-8 text. Send JSON encoded as UTF-8.")]
    NotUtf8,
    /// Not JSON.
    #[error("The body is not valid JSON: expected {expected} at byte {at}.")]
    Syntax {
        /// The offset of the first byte that does not fit.
        at: usize,
        /// What would have fitted there.
        expected: &'static str,
    },
    /// JSON, but no object.
    #[error("The body is not a JSON object. Send an object, `{{…}}`.")]
    NotAnObject,
    /// The same name twice, so that two readers could differ about it.
    #[error("The body names `{0}` twice. Send each field once.")]
    Duplicate(String),
    /// Nested beyond [`MAX_DEPTH`].
    #[error("The body nests deeper than {MAX_DEPTH} levels. Send a flatter one.")]
    TooDeep,
    /// Something follows the value.
    #[error("The body goes on after its JSON value, at byte {at}. Send one JSON object.")]
    Trailing {
        /// The offset of the first byte too many.
        at: usize,
    },
    /// More than [`MAX_MEMBERS`].
    #[error("The body has more than {MAX_MEMBERS} fields. Send fewer.")]
    TooManyMembers,
}

/// One member of an object, as byte ranges of the body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member<'a> {
    /// Its name, unescaped.
    pub name: Cow<'a, str>,
    /// Its name as written, quotes included.
    pub name_span: Range<usize>,
    /// Its value as written, without the blanks around it.
    pub value_span: Range<usize>,
    /// From the name's first quote to the value's last byte.
    pub span: Range<usize>,
}

/// The top level of an object, over the body it was read from.
#[derive(Debug, Clone)]
pub struct Object<'a> {
    body: &'a [u8],
    is_ascii: bool,
    long: Vec<Long>,
    members: Vec<Member<'a>>,
}

impl<'a> Object<'a> {
    /// The raw value of a member.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&'a [u8]> {
        self.member(name).and_then(|member| self.body.get(member.value_span.clone()))
    }

    /// A member by its name.
    #[must_use]
    pub fn member(&self, name: &str) -> Option<&Member<'a>> {
        self.members.iter().find(|member| member.name == name)
    }

    /// A reader of a member's value that does not look into long strings again.
    #[must_use]
    pub fn reader(&self, name: &str) -> Option<Reader<'_>> {
        let span = self.member(name)?.value_span.clone();
        Some(Reader::of_noted(self.body.get(..span.end)?, span.start, self.is_ascii, &self.long))
    }

    /// All members, in the order of the body.
    #[must_use]
    pub fn members(&self) -> &[Member<'a>] {
        &self.members
    }

    /// Whether all of its strings are ASCII, at any depth.
    #[must_use]
    pub const fn is_ascii(&self) -> bool {
        self.is_ascii
    }

    /// The bytes it was read from.
    #[must_use]
    pub const fn body(&self) -> &'a [u8] {
        self.body
    }
}

/// Reads the top level of a body and checks all of it.
///
/// # Errors
/// [`ScanError`], when it is not one JSON object, or names a field twice where
/// that is looked at.
pub fn scan(body: &[u8]) -> Result<Object<'_>, ScanError> {
    scan_object(body).map_err(|problem| utf8_first(body, problem))
}

fn scan_object(body: &[u8]) -> Result<Object<'_>, ScanError> {
    let mut reader = Reader::of_utf8(body);
    if reader.peek() != Some(b'{') {
        // Say first that it is no JSON, then that it is no object.
        reader.skip()?;
        reader.end()?;
        return Err(ScanError::NotAnObject);
    }
    let members = members_of(&mut reader)?;
    reader.end()?;
    for member in members.iter().filter(|member| LOOKED_INTO.contains(&&*member.name)) {
        let value = body.get(member.value_span.clone()).unwrap_or_default();
        if value.first() == Some(&b'{') {
            members_of(&mut Reader::new(value))?;
        }
    }
    let (is_ascii, long) = reader.into_notes();
    Ok(Object { body, is_ascii, long, members })
}

/// Checks that the bytes are one JSON value of any kind.
///
/// # Errors
/// [`ScanError`], saying where it stops being one.
pub fn check(body: &[u8]) -> Result<(), ScanError> {
    let mut reader = Reader::of_utf8(body);
    reader.skip().and_then(|()| reader.end()).map_err(|problem| utf8_first(body, problem))
}

/// Of a body that is wrong in several ways, that it is no text is said first.
fn utf8_first(body: &[u8], problem: ScanError) -> ScanError {
    if std::str::from_utf8(body).is_err() { ScanError::NotUtf8 } else { problem }
}

fn members_of<'a>(reader: &mut Reader<'a>) -> Result<Vec<Member<'a>>, ScanError> {
    let mut members: Vec<Member<'a>> = Vec::with_capacity(16);
    reader.object(|name, reader| {
        if members.len() == MAX_MEMBERS {
            return Err(ScanError::TooManyMembers);
        }
        let name_span = name.span_in(reader.body());
        let value_span = reader.span()?;
        let name = name.text();
        if members.iter().any(|earlier| earlier.name == name) {
            return Err(ScanError::Duplicate(name.chars().take(64).collect()));
        }
        let span = name_span.start..value_span.end;
        members.push(Member { name, name_span, value_span, span });
        Ok(())
    })?;
    Ok(members)
}

#[cfg(test)]
mod tests;
