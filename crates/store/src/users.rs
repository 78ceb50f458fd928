//! Table `users`.

mod overlook;

use domain::Timestamp;
use domain::caller::Role;
use domain::ids::UserId;
use domain::text::folded;
use sqlx::any::AnyRow;

use crate::changes::ChangeKind;
use crate::error::StoreError;
use crate::mutation::Mutation;
use crate::open::Store;
use crate::row::Columns;

pub use overlook::{Belongings, UserCounts, UserSearch, UserState, belongings, counts, search, some};

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
    /// When an admin's link last set the password; keys saved before are not
    /// shown again, because it may have been the admin who used it.
    pub password_reset_at: Option<Timestamp>,
    /// Whether they sign in through an OpenID provider, or could.
    pub has_identity: bool,
    /// When the user was let go.
    pub deleted_at: Option<Timestamp>,
}

/// Adds a user.
///
/// # Errors
/// [`StoreError::Conflict`] with `Taken::Email` when the address is taken.
pub async fn insert(change: &mut Mutation, user: &User) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO users (id, email, email_folded, display_name, role, is_active, password_hash, preferences, \
         created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
    )
    .bind(user.id.to_string())
    .bind(user.email.as_str())
    .bind(folded(&user.email))
    .bind(user.display_name.as_str())
    .bind(user.role.as_str())
    .bind(i64::from(user.is_active))
    .bind(user.password_hash.as_deref())
    .bind(user.preferences.as_str())
    .bind(user.created_at.as_micros())
    .bind(user.updated_at.as_micros())
    .execute(change.connection())
    .await?;
    change.touch(ChangeKind::User, &user.id);
    Ok(())
}

/// The user with this id.
///
/// # Errors
/// When the database cannot be read.
pub async fn by_id(store: &Store, id: UserId) -> Result<Option<User>, StoreError> {
    let row =
        sqlx::query("SELECT * FROM users WHERE id = $1").bind(id.to_string()).fetch_optional(store.pool()).await?;
    row.as_ref().map(read).transpose()
}

/// The user with this address, however it is written.
///
/// # Errors
/// When the database cannot be read.
pub async fn by_email(store: &Store, email: &str) -> Result<Option<User>, StoreError> {
    let row = sqlx::query("SELECT * FROM users WHERE email_folded = $1")
        .bind(folded(email))
        .fetch_optional(store.pool())
        .await?;
    row.as_ref().map(read).transpose()
}

/// All users but deleted ones, by e-mail address, and their number.
///
/// # Errors
/// When the database cannot be read.
pub async fn list(store: &Store, skip: i64, limit: i64) -> Result<(Vec<User>, i64), StoreError> {
    let rows = sqlx::query("SELECT * FROM users WHERE deleted_at IS NULL ORDER BY email_folded LIMIT $1 OFFSET $2")
        .bind(limit)
        .bind(skip)
        .fetch_all(store.pool())
        .await?;
    let count =
        sqlx::query_scalar("SELECT COUNT(*) FROM users WHERE deleted_at IS NULL").fetch_one(store.pool()).await?;
    Ok((rows.iter().map(read).collect::<Result<_, _>>()?, count))
}

/// How many users there are or were.
///
/// # Errors
/// When the database cannot be read.
pub async fn count(store: &Store) -> Result<i64, StoreError> {
    Ok(sqlx::query_scalar("SELECT COUNT(*) FROM users").fetch_one(store.pool()).await?)
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
    let done = sqlx::query(
        "UPDATE users SET display_name = COALESCE($2, display_name), preferences = COALESCE($3, preferences), \
         updated_at = $4 WHERE id = $1",
    )
    .bind(id.to_string())
    .bind(display_name)
    .bind(preferences)
    .bind(change.now().as_micros())
    .execute(change.connection())
    .await?;
    change.touch(ChangeKind::User, &id);
    Ok(done.rows_affected() > 0)
}

/// Replaces the password's hash. `false`: no such user.
///
/// # Errors
/// When the database cannot be written.
pub async fn set_password_hash(change: &mut Mutation, id: UserId, hash: &str) -> Result<bool, StoreError> {
    let done = sqlx::query("UPDATE users SET password_hash = $2, updated_at = $3 WHERE id = $1")
        .bind(id.to_string())
        .bind(hash)
        .bind(change.now().as_micros())
        .execute(change.connection())
        .await?;
    change.touch(ChangeKind::User, &id);
    Ok(done.rows_affected() > 0)
}

/// Lets the user sign in, or no longer. `false`: no such user.
///
/// # Errors
/// When the database cannot be written.
pub async fn set_active(change: &mut Mutation, id: UserId, is_active: bool) -> Result<bool, StoreError> {
    let done = sqlx::query("UPDATE users SET is_active = $2, updated_at = $3 WHERE id = $1")
        .bind(id.to_string())
        .bind(i64::from(is_active))
        .bind(change.now().as_micros())
        .execute(change.connection())
        .await?;
    change.touch(ChangeKind::User, &id);
    Ok(done.rows_affected() > 0)
}

/// Notes that an admin's link set the password.
///
/// # Errors
/// When the database cannot be written.
pub async fn note_password_reset(change: &mut Mutation, id: UserId) -> Result<(), StoreError> {
    sqlx::query("UPDATE users SET password_reset_at = $2 WHERE id = $1")
        .bind(id.to_string())
        .bind(change.now().as_micros())
        .execute(change.connection())
        .await?;
    Ok(())
}

/// Gives the user another role. `false`: no such user.
///
/// # Errors
/// When the database cannot be written.
pub async fn set_role(change: &mut Mutation, id: UserId, role: Role) -> Result<bool, StoreError> {
    let done = sqlx::query("UPDATE users SET role = $2, updated_at = $3 WHERE id = $1")
        .bind(id.to_string())
        .bind(role.as_str())
        .bind(change.now().as_micros())
        .execute(change.connection())
        .await?;
    change.touch(ChangeKind::User, &id);
    Ok(done.rows_affected() > 0)
}

/// Takes name, address and password away and hides the user; the id stays for
/// usage and audit. `false`: no such user.
///
/// # Errors
/// When the database cannot be written.
pub async fn anonymise(change: &mut Mutation, id: UserId) -> Result<bool, StoreError> {
    let nobody = format!("deleted-{id}");
    let done = sqlx::query(
        "UPDATE users SET email = $2, email_folded = $2, display_name = 'Deleted user', password_hash = NULL, \
         is_active = 0, has_identity = 0, preferences = '{}', updated_at = $3, deleted_at = $3 WHERE id = $1 AND deleted_at IS NULL",
    )
    .bind(id.to_string())
    .bind(nobody)
    .bind(change.now().as_micros())
    .execute(change.connection())
    .await?;
    change.touch(ChangeKind::User, &id);
    Ok(done.rows_affected() > 0)
}

/// The first of the active admins with a password, who keeps a way in whatever
/// else is switched off.
///
/// # Errors
/// When the database cannot be read.
pub async fn first_admin(store: &Store) -> Result<Option<UserId>, StoreError> {
    let row = sqlx::query(
        "SELECT id FROM users WHERE role = 'admin' AND is_active = 1 AND password_hash IS NOT NULL \
         ORDER BY created_at, id LIMIT 1",
    )
    .fetch_optional(store.pool())
    .await?;
    row.as_ref().map(|row| Columns(row).parsed("id")).transpose()
}

/// How many active admins there are, as this change sees it.
///
/// # Errors
/// When the database cannot be read.
pub async fn count_active_admins(change: &mut Mutation) -> Result<i64, StoreError> {
    Ok(sqlx::query_scalar(
        "SELECT COUNT(*) FROM users WHERE role = 'admin' AND is_active = 1 \
         AND (password_hash IS NOT NULL OR has_identity = 1)",
    )
    .fetch_one(change.connection())
    .await?)
}

fn read(row: &AnyRow) -> Result<User, StoreError> {
    let row = Columns(row);
    Ok(User {
        id: row.parsed("id")?,
        email: row.text("email")?,
        display_name: row.text("display_name")?,
        role: row.parsed("role")?,
        is_active: row.flag("is_active")?,
        password_hash: row.optional_text("password_hash")?,
        preferences: row.text("preferences")?,
        created_at: row.time("created_at")?,
        updated_at: row.time("updated_at")?,
        password_reset_at: row.optional_time("password_reset_at")?,
        has_identity: row.flag("has_identity")?,
        deleted_at: row.optional_time("deleted_at")?,
    })
}
