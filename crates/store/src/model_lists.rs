//! Table `model_lists`: the models each key's provider lists for it.

use domain::Timestamp;
use domain::ids::CredentialId;

use crate::error::StoreError;
use crate::open::Store;

/// A key's list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelList {
    /// Whose.
    pub credential: CredentialId,
    /// A JSON array of `domain::model::ListedModel`; the last good one.
    pub models: String,
    /// When it was fetched.
    pub fetched_at: Timestamp,
    /// Why the last fetch failed, if it did.
    pub error: Option<String>,
}

/// Keeps a list; other nodes are told.
///
/// # Errors
/// When the database cannot be written.
pub async fn put(store: &Store, list: &ModelList) -> Result<(), StoreError> {
    let _ = (store, list);
    todo!()
}

/// The list of one key.
///
/// # Errors
/// When the database cannot be read.
pub async fn get(store: &Store, credential: CredentialId) -> Result<Option<ModelList>, StoreError> {
    let _ = (store, credential);
    todo!()
}

/// The lists of several keys, those that have one.
///
/// # Errors
/// When the database cannot be read.
pub async fn all_for(store: &Store, credentials: &[CredentialId]) -> Result<Vec<ModelList>, StoreError> {
    let _ = (store, credentials);
    todo!()
}
