//! Puts the pieces of function calls together: which piece belongs to which
//! call, when index and id may be missing, repeated or shared.

use super::walk::CallPiece;

/// A call as far as it is known.
#[derive(Debug)]
struct Known {
    wire_index: Option<u64>,
    id: Option<String>,
}

/// The calls of one answer, in the order of their beginning.
#[derive(Debug, Default)]
pub(super) struct Calls {
    known: Vec<Known>,
}

impl Calls {
    /// The call that a piece belongs to, and whether it begins with it.
    pub(super) fn place(&mut self, piece: &CallPiece<'_>) -> (usize, bool) {
        let id = piece.id.map(|id| id.text());
        let latest = match piece.index {
            Some(index) => self.known.iter().rposition(|known| known.wire_index == Some(index)),
            // Without an index: the same id, else the latest call.
            None => self
                .known
                .iter()
                .rposition(|known| id.is_some() && known.id.as_deref() == id.as_deref())
                .or_else(|| self.known.len().checked_sub(1)),
        };
        let continued = latest.filter(|&at| {
            let known_id = self.known.get(at).and_then(|known| known.id.as_deref());
            match (&id, known_id) {
                // Two calls may share an index: another id is another call.
                (Some(id), Some(known)) => id == known,
                (Some(_), None) => false,
                (None, _) => piece.index.is_some() || piece.name.is_none(),
            }
        });
        if let Some(at) = continued {
            return (at, false);
        }
        self.known.push(Known { wire_index: piece.index, id: id.map(std::borrow::Cow::into_owned) });
        (self.known.len() - 1, true)
    }

    /// Whether any call was seen.
    pub(super) fn is_empty(&self) -> bool {
        self.known.is_empty()
    }
}

/// An id for a call that came without one: distinct within a conversation.
pub(in crate::wire) fn made_id(answer_id: &str, index: usize) -> String {
    let letters: Vec<char> = answer_id.chars().filter(char::is_ascii_alphanumeric).collect();
    let tail: String = letters.iter().skip(letters.len().saturating_sub(16)).collect();
    format!("call_{tail}_{index}")
}
