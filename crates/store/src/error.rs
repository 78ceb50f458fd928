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
    /// A text holds what this database keeps in no text, such as a NUL.
    #[error("a text cannot be kept in this database")]
    Text(#[source] sqlx::Error),
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

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        use sqlx::Error as E;
        match &error {
            E::Io(_) | E::Tls(_) | E::Protocol(_) | E::PoolTimedOut | E::PoolClosed | E::WorkerCrashed => {
                Self::Unavailable(error)
            }
            E::Database(cause) if cause.is_unique_violation() => Self::Conflict(taken(cause.as_ref())),
            E::Database(cause) => match cause.code().as_deref() {
                // SQLITE_FULL; PostgreSQL's disk_full.
                Some("13" | "53100") => Self::Full(error),
                // PostgreSQL's character_not_in_repertoire and untranslatable_character.
                Some("22021" | "22P05") => Self::Text(error),
                // SQLITE_BUSY and its extended codes, SQLITE_LOCKED; PostgreSQL's
                // connection, transaction-state (it was silent for too long, or the
                // server only reads now), roll-back, resource, wrong-state and
                // shutdown classes.
                Some("5" | "6" | "261" | "517" | "773") => Self::Unavailable(error),
                Some(code)
                    if ["08", "25", "40", "53", "55", "57"]
                        .iter()
                        .any(|class| code.len() == 5 && code.starts_with(class)) =>
                {
                    Self::Unavailable(error)
                }
                _ => Self::Database(error),
            },
            _ => Self::Database(error),
        }
    }
}

/// The ledger calls SQLite without sqlx between; its errors mean the same.
impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode as C;
        let code = error.sqlite_error_code();
        let error = sqlx::Error::AnyDriverError(Box::new(error));
        match code {
            Some(C::DiskFull) => Self::Full(error),
            Some(C::DatabaseBusy | C::DatabaseLocked) => Self::Unavailable(error),
            _ => Self::Database(error),
        }
    }
}

/// SQLite names the columns in its message, PostgreSQL the constraint.
fn taken(error: &dyn sqlx::error::DatabaseError) -> Taken {
    let place = error.constraint().unwrap_or_else(|| error.message());
    if place.contains("email_folded") {
        Taken::Email
    } else if place.ends_with("_pkey") || place.ends_with(".id") {
        Taken::Id
    } else {
        Taken::Other
    }
}
