//! Table `users`.

use domain::Timestamp;
use domain::caller::Role;
use domain::ids::UserId;

use crate::error::StoreError;
use crate::mutation::Mutation;
use crate::open::Store;

/// A person who can sign in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Their id.
    pub id: UserId,
    /// As they typed it.
    pub email: String,
    /// How they are called.
    pub display_name: String,
    /// Their role.
    pub role: Role,
    /// Whether they may sign in.
    pub is_active: bool,
    /// The PHC string; `None`: no password yet.
    pub password_hash: Option<String>,
    /// A JSON object.
    pub preferences: String,
    /// When they were added.
    pub created_at: Timestamp,
    /// When the row last changed.
    pub updated_at: Timestamp,
}

/// Adds a user.
///
/// # Errors
/// [`StoreError::Conflict`] with `Taken::Email` when the address is taken.
pub async fn insert(change: &mut Mutation, user: &User) -> Result<(), StoreError> {
    let _ = (change, user);
    todo!()
}

/// The user with this id.
///
/// # Errors
/// When the database cannot be read.
pub async fn by_id(store: &Store, id: UserId) -> Result<Option<User>, StoreError> {
    let _ = (store, id);
    todo!()
}

/// The user with this address, however it is written.
///
/// # Errors
/// When the database cannot be read.
pub async fn by_email(store: &Store, email: &str) -> Result<Option<User>, StoreError> {
    let _ = (store, email);
    todo!()
}

/// All users, by e-mail address, and their number.
///
/// # Errors
/// When the database cannot be read.
pub async fn list(store: &Store, skip: i64, limit: i64) -> Result<(Vec<User>, i64), StoreError> {
    let _ = (store, skip, limit);
    todo!()
}

/// How many users there are.
///
/// # Errors
/// When the database cannot be read.
pub async fn count(store: &Store) -> Result<i64, StoreError> {
    let _ = store;
    todo!()
}

/// Changes the name, the preferences (a JSON object), or both. `false`: no such user.
///
/// # Errors
/// When the database cannot be written.
pub async fn update(
    change: &mut Mutation,
    id: UserId,
    display_name: Option<&str>,
    preferences: Option<&str>,
) -> Result<bool, StoreError> {
    let _ = (change, id, display_name, preferences);
    todo!()
}

/// Replaces the password's hash. `false`: no such user.
///
/// # Errors
/// When the database cannot be written.
pub async fn set_password_hash(change: &mut Mutation, id: UserId, hash: &str) -> Result<bool, StoreError> {
    let _ = (change, id, hash);
    todo!()
}

/// Lets the user sign in, or no longer. `false`: no such user.
///
/// # Errors
/// When the database cannot be written.
pub async fn set_active(change: &mut Mutation, id: UserId, is_active: bool) -> Result<bool, StoreError> {
    let _ = (change, id, is_active);
    todo!()
}
