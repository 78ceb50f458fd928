//! Edits on a scanned object. What is not edited leaves byte for byte as it
//! came; of a long body it is not even copied.

use std::ops::Range;

use bytes::{Bytes, BytesMut};

use super::{Object, quoted};

/// Shorter bodies are copied: one piece costs less than several then.
const COPIED_BYTES: usize = 16 * 1024;

/// What happens to one member.
#[derive(Debug, Clone, Default)]
struct Edit {
    removed: bool,
    name: Option<String>,
    value: Option<String>,
}

/// A stretch of the edited body.
#[derive(Debug)]
enum Part {
    Original(Range<usize>),
    New(String),
}

/// Edits to be applied to an object. Names that do not occur change nothing.
#[derive(Debug, Clone)]
pub struct Splice<'o, 'a> {
    object: &'o Object<'a>,
    edits: Vec<Edit>,
    added: Vec<(String, String)>,
}

impl<'o, 'a> Splice<'o, 'a> {
    /// No edits yet.
    #[must_use]
    pub fn new(object: &'o Object<'a>) -> Self {
        Self { object, edits: vec![Edit::default(); object.members().len()], added: Vec::new() }
    }

    /// Puts other JSON in the place of a member's value.
    pub fn replace(&mut self, name: &str, value: String) {
        if let Some(edit) = self.edit(name) {
            edit.value = Some(value);
        }
    }

    /// Takes a member out.
    pub fn remove(&mut self, name: &str) {
        if let Some(edit) = self.edit(name) {
            edit.removed = true;
        }
    }

    /// Gives a member another name.
    pub fn rename(&mut self, name: &str, new_name: &str) {
        if let Some(edit) = self.edit(name) {
            edit.name = Some(quoted(new_name));
        }
    }

    /// Adds a member, with JSON as its value, after the others.
    pub fn add(&mut self, name: &str, value: String) {
        self.added.push((quoted(name), value));
    }

    /// The body with all edits made.
    #[must_use]
    pub fn apply(self) -> Bytes {
        let body = self.object.body();
        joined(body, &self.parts())
    }

    /// The body with all edits made, in pieces: those of a long one are slices of
    /// `whole`, which is the body that was scanned.
    #[must_use]
    pub fn apply_over(self, whole: &Bytes) -> Vec<Bytes> {
        let body = self.object.body();
        let parts = self.parts();
        let is_same = whole.as_ptr() == body.as_ptr() && whole.len() == body.len();
        if body.len() < COPIED_BYTES || !is_same {
            return vec![joined(body, &parts)];
        }
        let piece = |part| match part {
            Part::Original(span) => whole.slice(span),
            Part::New(text) => Bytes::from(text),
        };
        parts.into_iter().map(piece).collect()
    }

    /// The edited body as stretches of the old one and new texts between them.
    fn parts(self) -> Vec<Part> {
        let body = self.object.body();
        let members = self.object.members();
        let head = members.first().map_or_else(|| memchr::memchr(b'{', body).map_or(0, |at| at + 1), |m| m.span.start);
        let mut parts = Parts(Vec::with_capacity(8));
        parts.keep(0..head);
        let (mut previous_end, mut is_first) = (head, true);
        for (member, edit) in members.iter().zip(self.edits) {
            if !edit.removed {
                // The comma belongs to the later member: it goes when that goes.
                if !is_first {
                    parts.keep(previous_end..member.span.start);
                }
                is_first = false;
                parts.put(edit.name, member.name_span.clone());
                parts.keep(member.name_span.end..member.value_span.start);
                parts.put(edit.value, member.value_span.clone());
            }
            previous_end = member.span.end;
        }
        for (name, value) in &self.added {
            let comma = if is_first { "" } else { "," };
            is_first = false;
            parts.put(Some(format!("{comma}{name}:{value}")), 0..0);
        }
        parts.keep(previous_end..body.len());
        parts.0
    }

    fn edit(&mut self, name: &str) -> Option<&mut Edit> {
        let index = self.object.members().iter().position(|member| member.name == name)?;
        self.edits.get_mut(index)
    }
}

struct Parts(Vec<Part>);

impl Parts {
    /// Adds a stretch of the old body, to the last one where they touch.
    fn keep(&mut self, span: Range<usize>) {
        match self.0.last_mut() {
            Some(Part::Original(last)) if last.end == span.start => last.end = span.end,
            _ if span.is_empty() => {}
            _ => self.0.push(Part::Original(span)),
        }
    }

    fn put(&mut self, new: Option<String>, old: Range<usize>) {
        match new {
            Some(text) => self.0.push(Part::New(text)),
            None => self.keep(old),
        }
    }
}

fn joined<'a>(body: &'a [u8], parts: &'a [Part]) -> Bytes {
    let bytes = |part: &'a Part| match part {
        Part::Original(span) => body.get(span.clone()).unwrap_or_default(),
        Part::New(text) => text.as_bytes(),
    };
    let mut out = BytesMut::with_capacity(parts.iter().map(|part| bytes(part).len()).sum());
    parts.iter().for_each(|part| out.extend_from_slice(bytes(part)));
    out.freeze()
}
