//! Table `sessions`: signed-in browsers and access tokens.

use domain::Timestamp;
use domain::ids::{SessionId, UserId};
use sqlx::any::AnyRow;

use crate::changes::ChangeKind;
use crate::error::StoreError;
use crate::mutation::{Mutation, Write};
use crate::open::Store;
use crate::row::{Columns, optional_id, optional_micros};

/// What a session is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionKind {
    /// A browser's cookie.
    Web,
    /// An access token.
    Access,
}

domain::text_enum!(SessionKind, "session kind" { Web => "web", Access => "access" });

/// A session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Its id.
    pub id: SessionId,
    /// SHA-256 of the cookie's secret, hexadecimal.
    pub secret_hash: String,
    /// Whose.
    pub user: UserId,
    /// What for.
    pub kind: SessionKind,
    /// When it began.
    pub created_at: Timestamp,
    /// When it ends by itself.
    pub expires_at: Timestamp,
    /// When it was last used, give or take a minute.
    pub last_seen_at: Timestamp,
    /// The browser's name for itself.
    pub user_agent: Option<String>,
    /// From where.
    pub address: Option<String>,
    /// When somebody ended it.
    pub ended_at: Option<Timestamp>,
}

/// Adds a session.
///
/// # Errors
/// When the database cannot be written.
pub async fn insert(change: &mut Mutation, session: &Session) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO sessions (id, secret_hash, user_id, kind, created_at, expires_at, last_seen_at, user_agent, \
         address, ended_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
    )
    .bind(session.id.to_string())
    .bind(session.secret_hash.as_str())
    .bind(session.user.to_string())
    .bind(session.kind.as_str())
    .bind(session.created_at.as_micros())
    .bind(session.expires_at.as_micros())
    .bind(session.last_seen_at.as_micros())
    .bind(session.user_agent.as_deref())
    .bind(session.address.as_deref())
    .bind(optional_micros(session.ended_at))
    .execute(change.connection())
    .await?;
    Ok(())
}

/// The session with this secret, ended or not.
///
/// # Errors
/// When the database cannot be read.
pub async fn by_secret_hash(store: &Store, hash: &str) -> Result<Option<Session>, StoreError> {
    let row =
        sqlx::query("SELECT * FROM sessions WHERE secret_hash = $1").bind(hash).fetch_optional(store.pool()).await?;
    row.as_ref().map(read).transpose()
}

/// The session with this id, ended or not.
///
/// # Errors
/// When the database cannot be read.
pub async fn by_id(store: &Store, id: SessionId) -> Result<Option<Session>, StoreError> {
    let row =
        sqlx::query("SELECT * FROM sessions WHERE id = $1").bind(id.to_string()).fetch_optional(store.pool()).await?;
    row.as_ref().map(read).transpose()
}

/// The user's sessions that are neither ended nor expired, newest first.
///
/// # Errors
/// When the database cannot be read.
pub async fn open_of_user(store: &Store, user: UserId, now: Timestamp) -> Result<Vec<Session>, StoreError> {
    let rows = sqlx::query(
        "SELECT * FROM sessions WHERE user_id = $1 AND ended_at IS NULL AND expires_at > $2 \
         ORDER BY created_at DESC, id DESC",
    )
    .bind(user.to_string())
    .bind(now.as_micros())
    .fetch_all(store.pool())
    .await?;
    rows.iter().map(read).collect()
}

/// Ends a session. `false`: it had ended, or is not there.
///
/// # Errors
/// When the database cannot be written.
pub async fn end(change: &mut Mutation, id: SessionId) -> Result<bool, StoreError> {
    let done = sqlx::query("UPDATE sessions SET ended_at = $2 WHERE id = $1 AND ended_at IS NULL")
        .bind(id.to_string())
        .bind(change.now().as_micros())
        .execute(change.connection())
        .await?;
    change.touch(ChangeKind::Session, &id);
    Ok(done.rows_affected() > 0)
}

/// Ends all sessions of a user, except one; the ended ones.
///
/// # Errors
/// When the database cannot be written.
pub async fn end_all_of_user(
    change: &mut Mutation,
    user: UserId,
    except: Option<SessionId>,
) -> Result<Vec<SessionId>, StoreError> {
    let rows = sqlx::query(
        "UPDATE sessions SET ended_at = $2 WHERE user_id = $1 AND ended_at IS NULL \
         AND (CAST($3 AS TEXT) IS NULL OR id <> $3) RETURNING id",
    )
    .bind(user.to_string())
    .bind(change.now().as_micros())
    .bind(optional_id(except))
    .fetch_all(change.connection())
    .await?;
    let ended = rows.iter().map(|row| Columns(row).parsed("id")).collect::<Result<Vec<SessionId>, _>>()?;
    for id in &ended {
        change.touch(ChangeKind::Session, id);
    }
    Ok(ended)
}

/// Notes that a session was used. Not audited, not told to other nodes.
///
/// # Errors
/// When the database cannot be written.
pub async fn touch(store: &Store, id: SessionId, at: Timestamp) -> Result<(), StoreError> {
    let mut write = Write::begin(store).await?;
    sqlx::query("UPDATE sessions SET last_seen_at = $2 WHERE id = $1 AND last_seen_at < $2")
        .bind(id.to_string())
        .bind(at.as_micros())
        .execute(write.connection())
        .await?;
    write.commit().await
}

fn read(row: &AnyRow) -> Result<Session, StoreError> {
    let row = Columns(row);
    Ok(Session {
        id: row.parsed("id")?,
        secret_hash: row.text("secret_hash")?,
        user: row.parsed("user_id")?,
        kind: row.parsed("kind")?,
        created_at: row.time("created_at")?,
        expires_at: row.time("expires_at")?,
        last_seen_at: row.time("last_seen_at")?,
        user_agent: row.optional_text("user_agent")?,
        address: row.optional_text("address")?,
        ended_at: row.optional_time("ended_at")?,
    })
}
