//! Table `credentials`: provider keys and their health.

use domain::credential::{Credential, KeyStatus, Scope, Settings};
use domain::ids::{CredentialId, OrganizationId, UserId};
use domain::{Nanos, Origin, ProviderId, Timestamp};

use crate::error::StoreError;
use crate::mutation::Mutation;
use crate::open::Store;
use crate::vault::Sealed;

/// A credential's whole row.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredCredential {
    /// What everybody may see.
    pub credential: Credential,
    /// The sealed secret; `None` for a local provider without a key.
    pub sealed: Option<Sealed>,
    /// Recognises the same secret again.
    pub fingerprint: Option<String>,
}

/// What of a credential may be edited without its secret. `None` leaves as is.
#[derive(Clone, Debug, Default)]
pub struct CredentialEdit {
    /// A new name.
    pub name: Option<String>,
    /// A new note.
    pub note: Option<String>,
    /// New settings.
    pub settings: Option<Settings>,
    /// A new place in the order.
    pub priority: Option<i64>,
    /// A new expiry; `Some(None)` clears it.
    pub expires_at: Option<Option<Timestamp>>,
    /// A new reminder; `Some(None)` clears it.
    pub rotate_after: Option<Option<Timestamp>>,
    /// A new endpoint of the same origin.
    pub endpoint: Option<Endpoint>,
}

/// Where a key's calls go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// As its owner typed it; `None` when it is the default.
    pub api_base: Option<String>,
    /// Without a trailing slash.
    pub endpoint: String,
    /// Its origin.
    pub origin: Origin,
}

/// A new secret, sealed under the version it brings.
#[derive(Clone, Debug)]
pub struct NewSecret {
    /// Sealed under `version` and the endpoint's origin.
    pub sealed: Sealed,
    /// Recognises it again.
    pub fingerprint: String,
    /// What may be shown of it.
    pub masked: String,
    /// The version now; one more than the row's.
    pub version: i64,
    /// A new endpoint, if it moved with the secret.
    pub endpoint: Option<Endpoint>,
}

/// Which credentials to list. `None` lets all through.
#[derive(Clone, Debug, Default)]
pub struct CredentialFilter {
    /// Personal ones of this user.
    pub owner: Option<UserId>,
    /// Those of this organization.
    pub organization: Option<OrganizationId>,
    /// Whether the system's are listed too.
    pub with_system: bool,
    /// Of this scope.
    pub scope: Option<Scope>,
    /// For this provider.
    pub provider: Option<ProviderId>,
    /// In this health.
    pub status: Option<KeyStatus>,
    /// Switched on or off.
    pub is_active: Option<bool>,
}

/// Who used a key lately.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Impact {
    /// The last call.
    pub last_used_at: Option<Timestamp>,
    /// Attempts in 30 days.
    pub calls_30d: i64,
    /// What they cost the key's owner, as far as known.
    pub cost_30d: Nanos,
}

/// A key's health, as a check or a call found it.
#[derive(Clone, Debug)]
pub struct Health {
    /// The version of the secret that was tried.
    pub secret_version: i64,
    /// What was found.
    pub status: KeyStatus,
    /// In plain words.
    pub reason: Option<String>,
    /// When.
    pub at: Timestamp,
}

/// Adds a credential. The first one of its provider and owner becomes the
/// primary one, whatever the row says; a later one that says so replaces it.
///
/// # Errors
/// When the database cannot be written.
pub async fn insert(change: &mut Mutation, row: &StoredCredential) -> Result<(), StoreError> {
    let _ = (change, row);
    todo!()
}

/// Edits what is not the secret. `false`: not there, or the new endpoint has
/// another origin than the row.
///
/// # Errors
/// When the database cannot be written.
pub async fn update_fields(
    change: &mut Mutation,
    id: CredentialId,
    edit: &CredentialEdit,
    by: Option<UserId>,
) -> Result<bool, StoreError> {
    let _ = (change, id, edit, by);
    todo!()
}

/// Replaces the secret; the health starts anew as `unverified`. `false`: not
/// there, or the version is not the next one.
///
/// # Errors
/// When the database cannot be written.
pub async fn replace_secret(
    change: &mut Mutation,
    id: CredentialId,
    secret: &NewSecret,
    by: Option<UserId>,
) -> Result<bool, StoreError> {
    let _ = (change, id, secret, by);
    todo!()
}

/// Switches a credential on or off. `false`: not there.
///
/// # Errors
/// When the database cannot be written.
pub async fn set_active(
    change: &mut Mutation,
    id: CredentialId,
    is_active: bool,
    by: Option<UserId>,
) -> Result<bool, StoreError> {
    let _ = (change, id, is_active, by);
    todo!()
}

/// Makes it the primary one of its provider and owner, instead of the former
/// one. `false`: not there.
///
/// # Errors
/// When the database cannot be written.
pub async fn make_primary(change: &mut Mutation, id: CredentialId, by: Option<UserId>) -> Result<bool, StoreError> {
    let _ = (change, id, by);
    todo!()
}

/// Destroys the secret at once and hides the row. The next one of its provider
/// and owner, if any, becomes primary. `false`: not there.
///
/// # Errors
/// When the database cannot be written.
pub async fn tombstone(change: &mut Mutation, id: CredentialId, by: Option<UserId>) -> Result<bool, StoreError> {
    let _ = (change, id, by);
    todo!()
}

/// The credential with this id, unless deleted.
///
/// # Errors
/// When the database cannot be read.
pub async fn by_id(store: &Store, id: CredentialId) -> Result<Option<StoredCredential>, StoreError> {
    let _ = (store, id);
    todo!()
}

/// A user's personal credentials: by provider, the primary one first, then by
/// priority and age.
///
/// # Errors
/// When the database cannot be read.
pub async fn of_user(store: &Store, user: UserId) -> Result<Vec<StoredCredential>, StoreError> {
    let _ = (store, user);
    todo!()
}

/// An organization's credentials, in the same order.
///
/// # Errors
/// When the database cannot be read.
pub async fn of_organization(store: &Store, organization: OrganizationId) -> Result<Vec<StoredCredential>, StoreError> {
    let _ = (store, organization);
    todo!()
}

/// The system's stored credentials, in the same order.
///
/// # Errors
/// When the database cannot be read.
pub async fn of_system(store: &Store) -> Result<Vec<StoredCredential>, StoreError> {
    let _ = store;
    todo!()
}

/// Credentials that pass `filter`, in the same order, and their number.
///
/// # Errors
/// When the database cannot be read.
pub async fn page(
    store: &Store,
    filter: &CredentialFilter,
    skip: i64,
    limit: i64,
) -> Result<(Vec<Credential>, i64), StoreError> {
    let _ = (store, filter, skip, limit);
    todo!()
}

/// Keeps what a check or a call found, unless the secret has moved on since.
/// `true` when the status is another one now; then other nodes are told.
///
/// # Errors
/// When the database cannot be written.
pub async fn set_health(store: &Store, id: CredentialId, health: &Health) -> Result<bool, StoreError> {
    let _ = (store, id, health);
    todo!()
}

/// Notes when keys were last used. Not audited, not told to other nodes.
///
/// # Errors
/// When the database cannot be written.
pub async fn touch_last_used(store: &Store, uses: &[(CredentialId, Timestamp)]) -> Result<(), StoreError> {
    let _ = (store, uses);
    todo!()
}

/// Who would miss this key.
///
/// # Errors
/// When the database cannot be read.
pub async fn impact(store: &Store, id: CredentialId, now: Timestamp) -> Result<Impact, StoreError> {
    let _ = (store, id, now);
    todo!()
}
