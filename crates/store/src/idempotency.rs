//! Table `idempotency`: what was already done under an `Idempotency-Key`.
//! Never a body, only its hash.

use domain::Timestamp;

use crate::error::StoreError;
use crate::open::Store;

/// What is known of a key at the start of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Known {
    /// Nothing; it is now this request's.
    Fresh,
    /// Another request holds it and has not finished.
    InProgress {
        /// The hash of that request's body.
        body_hash: String,
    },
    /// Done.
    Done {
        /// The hash of that request's body.
        body_hash: String,
        /// The status it was answered with.
        status: u16,
        /// The id of what it made, if anything.
        resource_id: Option<String>,
    },
}

/// Claims a key for a caller. A claim older than 24 hours is forgotten.
///
/// # Errors
/// When the database cannot be written.
pub async fn begin(
    store: &Store,
    key: &str,
    caller: &str,
    body_hash: &str,
    now: Timestamp,
) -> Result<Known, StoreError> {
    let _ = (store, key, caller, body_hash, now);
    todo!()
}

/// Keeps how the request ended.
///
/// # Errors
/// When the database cannot be written.
pub async fn finish(
    store: &Store,
    key: &str,
    caller: &str,
    status: u16,
    resource_id: Option<&str>,
) -> Result<(), StoreError> {
    let _ = (store, key, caller, status, resource_id);
    todo!()
}

/// Gives a claim back: the request failed and may be tried again.
///
/// # Errors
/// When the database cannot be written.
pub async fn release(store: &Store, key: &str, caller: &str) -> Result<(), StoreError> {
    let _ = (store, key, caller);
    todo!()
}

/// Forgets everything older than 24 hours.
///
/// # Errors
/// When the database cannot be written.
pub async fn prune(store: &Store, now: Timestamp) -> Result<(), StoreError> {
    let _ = (store, now);
    todo!()
}
