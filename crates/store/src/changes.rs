//! The change feed: what other nodes have to forget.

use std::time::Duration;

use crate::error::StoreError;
use crate::open::Store;

/// What kind of thing changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ChangeKind {
    /// A user, their password or their preferences.
    User,
    /// A session ended.
    Session,
    /// A gateway token.
    Token,
    /// A provider key or its health.
    Credential,
    /// A key's list of models.
    ModelList,
    /// A setting of the server.
    Setting,
}

domain::text_enum!(ChangeKind, "change" {
    User => "user",
    Session => "session",
    Token => "token",
    Credential => "credential",
    ModelList => "model_list",
    Setting => "setting",
});

/// One thing that is no longer what it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Its place in the feed, without gaps.
    pub seq: i64,
    /// What kind of thing; `None`: a kind of a later version, forget everything.
    pub kind: Option<ChangeKind>,
    /// Which one.
    pub id: String,
}

/// The last place in the feed.
///
/// # Errors
/// When the database cannot be read.
pub async fn latest(store: &Store) -> Result<i64, StoreError> {
    let _ = store;
    todo!()
}

/// Up to `limit` changes after `seq`, in order. When the first is not `seq + 1`,
/// changes in between were pruned: forget everything.
///
/// # Errors
/// When the database cannot be read.
pub async fn since(store: &Store, seq: i64, limit: i64) -> Result<Vec<Change>, StoreError> {
    let _ = (store, seq, limit);
    todo!()
}

/// Waits for hints that the feed moved.
pub struct ChangeWatch {}

impl ChangeWatch {
    /// Opens a connection of its own.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub async fn open(store: &Store) -> Result<Self, StoreError> {
        let _ = store;
        todo!()
    }

    /// Returns at a hint, or after `max` without one; `true` for a hint. Either
    /// way, read [`since`]: hints may be lost.
    ///
    /// # Errors
    /// When the database cannot be reached; call again later.
    pub async fn wait(&mut self, max: Duration) -> Result<bool, StoreError> {
        let _ = max;
        todo!()
    }
}
