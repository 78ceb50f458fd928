//! Table `environment_health`: the health of keys that are no rows, those of
//! the server's environment and of local providers.

use domain::Timestamp;
use domain::credential::KeyStatus;
use domain::ids::CredentialId;

use crate::error::StoreError;
use crate::open::Store;

/// What is known about a key of the environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnvironmentHealth {
    /// Which.
    pub credential: CredentialId,
    /// Of which value: another value means nothing is known.
    pub value_fingerprint: String,
    /// Its health.
    pub status: KeyStatus,
    /// In plain words.
    pub reason: Option<String>,
    /// When it was learnt.
    pub checked_at: Timestamp,
}

/// All that is known.
///
/// # Errors
/// When the database cannot be read.
pub async fn all(store: &Store) -> Result<Vec<EnvironmentHealth>, StoreError> {
    let _ = store;
    todo!()
}

/// Keeps what a check or a call found. `true` when the status is another one
/// now; then other nodes are told.
///
/// # Errors
/// When the database cannot be written.
pub async fn put(store: &Store, health: &EnvironmentHealth) -> Result<bool, StoreError> {
    let _ = (store, health);
    todo!()
}
