//! Puts the pieces of function calls together: which piece belongs to which
//! call, when index and id may be missing, repeated or shared.

use std::collections::HashMap;

use super::walk::CallPiece;

/// The calls of one answer, in the order of their beginning.
#[derive(Debug, Default)]
pub(super) struct Calls {
    /// The ids of all calls, where they have one.
    known: Vec<Option<String>>,
    /// The latest call of each index. Looked up, so that a stream of very many
    /// calls costs no more than its length.
    by_index: HashMap<u64, usize>,
    /// The latest call of each id.
    by_id: HashMap<String, usize>,
}

impl Calls {
    /// The call that a piece belongs to, and whether it begins with it.
    pub(super) fn place(&mut self, piece: &CallPiece<'_>) -> (usize, bool) {
        let id = piece.id.map(|id| id.text());
        let latest = match piece.index {
            Some(index) => self.by_index.get(&index).copied(),
            // Without an index: the same id, else the latest call.
            None => {
                let named = id.as_deref().and_then(|id| self.by_id.get(id)).copied();
                named.or_else(|| self.known.len().checked_sub(1))
            }
        };
        let continued = latest.filter(|&at| {
            let known_id = self.known.get(at).and_then(Option::as_deref);
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
        let at = self.known.len();
        let id = id.map(std::borrow::Cow::into_owned);
        self.by_index.extend(piece.index.map(|index| (index, at)));
        self.by_id.extend(id.clone().map(|id| (id, at)));
        self.known.push(id);
        (at, true)
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
