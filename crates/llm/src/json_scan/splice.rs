//! Edits on a scanned object. What is not edited leaves byte for byte as it
//! came.

use bytes::{Bytes, BytesMut};

use super::{Object, quoted};

/// What happens to one member.
#[derive(Debug, Clone, Default)]
struct Edit {
    removed: bool,
    name: Option<String>,
    value: Option<String>,
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
        let slice = |from: usize, to: usize| body.get(from..to).unwrap_or_default();
        let added: usize = self.added.iter().map(|(name, value)| name.len() + value.len() + 2).sum();
        let replaced: usize = self.edits.iter().filter_map(|edit| edit.value.as_ref().map(String::len)).sum();
        let mut out = BytesMut::with_capacity(body.len() + added + replaced + 16);

        let members = self.object.members();
        let head = members.first().map_or_else(|| memchr::memchr(b'{', body).map_or(0, |at| at + 1), |m| m.span.start);
        out.extend_from_slice(slice(0, head));
        let (mut previous_end, mut is_first) = (head, true);
        for (member, edit) in members.iter().zip(&self.edits) {
            if !edit.removed {
                // The comma belongs to the later member: it goes when that goes.
                if !is_first {
                    out.extend_from_slice(slice(previous_end, member.span.start));
                }
                is_first = false;
                match &edit.name {
                    Some(name) => out.extend_from_slice(name.as_bytes()),
                    None => out.extend_from_slice(slice(member.name_span.start, member.name_span.end)),
                }
                out.extend_from_slice(slice(member.name_span.end, member.value_span.start));
                match &edit.value {
                    Some(value) => out.extend_from_slice(value.as_bytes()),
                    None => out.extend_from_slice(slice(member.value_span.start, member.value_span.end)),
                }
            }
            previous_end = member.span.end;
        }
        for (name, value) in &self.added {
            if !is_first {
                out.extend_from_slice(b",");
            }
            is_first = false;
            out.extend_from_slice(name.as_bytes());
            out.extend_from_slice(b":");
            out.extend_from_slice(value.as_bytes());
        }
        out.extend_from_slice(slice(previous_end, body.len()));
        out.freeze()
    }

    fn edit(&mut self, name: &str) -> Option<&mut Edit> {
        let index = self.object.members().iter().position(|member| member.name == name)?;
        self.edits.get_mut(index)
    }
}
