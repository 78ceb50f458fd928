//! Table `setup_codes`: links that work once.

use domain::Timestamp;
use domain::ids::UserId;

use crate::error::StoreError;
use crate::mutation::Mutation;
use crate::open::Store;

/// What a link is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Makes the first admin.
    Setup,
    /// Lets a new user choose a password.
    Invite,
    /// Lets a user choose a new password.
    Reset,
}

domain::text_enum!(Purpose, "purpose" { Setup => "setup", Invite => "invite", Reset => "reset" });

/// A link that works once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetupCode {
    /// SHA-256 of the code, hexadecimal.
    pub hash: String,
    /// What for.
    pub purpose: Purpose,
    /// Whose password, for invitations and resets.
    pub user: Option<UserId>,
    /// Until when.
    pub expires_at: Timestamp,
    /// When it was used.
    pub used_at: Option<Timestamp>,
}

/// Adds a link; unused ones of the same purpose and user stop working.
///
/// # Errors
/// When the database cannot be written.
pub async fn insert(change: &mut Mutation, code: &SetupCode) -> Result<(), StoreError> {
    let _ = (change, code);
    todo!()
}

/// The link with this hash, used or not.
///
/// # Errors
/// When the database cannot be read.
pub async fn by_hash(store: &Store, hash: &str) -> Result<Option<SetupCode>, StoreError> {
    let _ = (store, hash);
    todo!()
}

/// Uses a link up: of any number who try, one gets it. `None`: unknown, used or
/// expired.
///
/// # Errors
/// When the database cannot be written.
pub async fn take(change: &mut Mutation, hash: &str, purpose: Purpose) -> Result<Option<SetupCode>, StoreError> {
    let _ = (change, hash, purpose);
    todo!()
}
