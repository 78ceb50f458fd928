//! What can go wrong with the database, in the words the layers above branch on.

use thiserror::Error;

/// A uniqueness that a write would have broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// Another user has this e-mail address.
    Email,
    /// The row's own id exists: the same create ran twice.
    Id,
    /// Any other rule.
    Other,
}

/// Why the database did not do what was asked.
#[derive(Debug, Error)]
pub enum StoreError {
    /// Somebody else was first.
    #[error("the database already has such a row ({0:?})")]
    Conflict(Taken),
    /// A row says something this version cannot understand, or refers to nothing.
    #[error("a database row cannot be understood: {0}")]
    Integrity(String),
    /// No connection, no answer, or locked for too long: trying again may help.
    #[error("the database cannot be reached")]
    Unavailable(#[source] sqlx::Error),
    /// The disk is full.
    #[error("the disk that holds the database is full")]
    Full(#[source] sqlx::Error),
    /// Anything else the database said.
    #[error("the database refused a statement")]
    Database(#[source] sqlx::Error),
}

/// The innermost reason, which is the one a person can act on.
pub(crate) fn root_cause(error: &StoreError) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    cause.to_string()
}
