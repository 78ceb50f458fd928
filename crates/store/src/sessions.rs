//! Table `sessions`: signed-in browsers and access tokens.

use domain::Timestamp;
use domain::ids::{SessionId, UserId};

use crate::error::StoreError;
use crate::mutation::Mutation;
use crate::open::Store;

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
    let _ = (change, session);
    todo!()
}

/// The session with this secret, ended or not.
///
/// # Errors
/// When the database cannot be read.
pub async fn by_secret_hash(store: &Store, hash: &str) -> Result<Option<Session>, StoreError> {
    let _ = (store, hash);
    todo!()
}

/// The session with this id, ended or not.
///
/// # Errors
/// When the database cannot be read.
pub async fn by_id(store: &Store, id: SessionId) -> Result<Option<Session>, StoreError> {
    let _ = (store, id);
    todo!()
}

/// The user's sessions that are neither ended nor expired, newest first.
///
/// # Errors
/// When the database cannot be read.
pub async fn open_of_user(store: &Store, user: UserId, now: Timestamp) -> Result<Vec<Session>, StoreError> {
    let _ = (store, user, now);
    todo!()
}

/// Ends a session. `false`: it had ended, or is not there.
///
/// # Errors
/// When the database cannot be written.
pub async fn end(change: &mut Mutation, id: SessionId) -> Result<bool, StoreError> {
    let _ = (change, id);
    todo!()
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
    let _ = (change, user, except);
    todo!()
}

/// Notes that a session was used. Not audited, not told to other nodes.
///
/// # Errors
/// When the database cannot be written.
pub async fn touch(store: &Store, id: SessionId, at: Timestamp) -> Result<(), StoreError> {
    let _ = (store, id, at);
    todo!()
}
