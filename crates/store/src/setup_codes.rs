//! Table `setup_codes`: links that work once.

use domain::Timestamp;
use domain::ids::UserId;
use sqlx::any::AnyRow;

use crate::error::StoreError;
use crate::mutation::Mutation;
use crate::open::Store;
use crate::row::{Columns, optional_id, optional_micros};

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
    let user = optional_id(code.user);
    sqlx::query(
        "DELETE FROM setup_codes WHERE used_at IS NULL AND purpose = $1 \
         AND COALESCE(user_id, '') = COALESCE(CAST($2 AS TEXT), '')",
    )
    .bind(code.purpose.as_str())
    .bind(user.clone())
    .execute(change.connection())
    .await?;
    sqlx::query("INSERT INTO setup_codes (hash, purpose, user_id, expires_at, used_at) VALUES ($1, $2, $3, $4, $5)")
        .bind(code.hash.as_str())
        .bind(code.purpose.as_str())
        .bind(user)
        .bind(code.expires_at.as_micros())
        .bind(optional_micros(code.used_at))
        .execute(change.connection())
        .await?;
    Ok(())
}

/// The link with this hash, used or not.
///
/// # Errors
/// When the database cannot be read.
pub async fn by_hash(store: &Store, hash: &str) -> Result<Option<SetupCode>, StoreError> {
    let row = sqlx::query("SELECT * FROM setup_codes WHERE hash = $1").bind(hash).fetch_optional(store.pool()).await?;
    row.as_ref().map(read).transpose()
}

/// Uses a link up: of any number who try, one gets it. `None`: unknown, used or
/// expired.
///
/// # Errors
/// When the database cannot be written.
pub async fn take(change: &mut Mutation, hash: &str, purpose: Purpose) -> Result<Option<SetupCode>, StoreError> {
    let row = sqlx::query(
        "UPDATE setup_codes SET used_at = $3 WHERE hash = $1 AND purpose = $2 AND used_at IS NULL \
         AND expires_at > $3 RETURNING *",
    )
    .bind(hash)
    .bind(purpose.as_str())
    .bind(change.now().as_micros())
    .fetch_optional(change.connection())
    .await?;
    row.as_ref().map(read).transpose()
}

fn read(row: &AnyRow) -> Result<SetupCode, StoreError> {
    let row = Columns(row);
    Ok(SetupCode {
        hash: row.text("hash")?,
        purpose: row.parsed("purpose")?,
        user: row.optional_parsed("user_id")?,
        expires_at: row.time("expires_at")?,
        used_at: row.optional_time("used_at")?,
    })
}
