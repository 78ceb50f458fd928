//! An administrative change: a transaction that can be committed only together
//! with the audit row that tells of it.

use domain::Timestamp;
use domain::audit::{Actor, Event};

use crate::changes::ChangeKind;
use crate::error::StoreError;

/// A change under way. Dropped without a commit, it never happened.
pub struct Mutation {
    pub(crate) now: Timestamp,
    actor: Actor,
    address: Option<String>,
    touched: Vec<(ChangeKind, String)>,
}

impl Mutation {
    /// The time of the change.
    #[must_use]
    pub const fn now(&self) -> Timestamp {
        self.now
    }

    /// Tells all nodes, at commit, that this thing is no longer what it was.
    /// The functions that change a row do this themselves.
    pub fn touch(&mut self, kind: ChangeKind, id: impl ToString) {
        self.touched.push((kind, id.to_string()));
    }

    /// Commits the change and its audit row.
    ///
    /// # Errors
    /// When either cannot be written; then neither is.
    pub async fn commit(self, event: Event) -> Result<(), StoreError> {
        self.commit_all(vec![event]).await
    }

    /// Commits the change and several audit rows, in this order.
    ///
    /// # Errors
    /// [`StoreError::Integrity`] when there is no event; else as [`Self::commit`].
    pub async fn commit_all(self, events: Vec<Event>) -> Result<(), StoreError> {
        let _ = (events, &self.actor, &self.address);
        todo!()
    }

    /// Ends it with nothing changed.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub async fn rollback(self) -> Result<(), StoreError> {
        todo!()
    }
}
