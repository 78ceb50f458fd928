//! Table `tokens`: gateway tokens, kept as hashes.

use domain::caller::TokenScope;
use domain::gateway_token::TokenKind;
use domain::ids::{TeamId, TokenId, UserId};
use domain::{Nanos, Timestamp};

use crate::error::StoreError;
use crate::mutation::Mutation;
use crate::open::Store;

/// A gateway token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// Its id.
    pub id: TokenId,
    /// SHA-256 of its text, hexadecimal.
    pub hash: String,
    /// `owk_…wxyz`.
    pub masked: String,
    /// Whose kind.
    pub kind: TokenKind,
    /// Who made it and acts with it.
    pub user: UserId,
    /// The team it belongs to.
    pub team: Option<TeamId>,
    /// What it is called.
    pub name: String,
    /// What it may do.
    pub scopes: Vec<TokenScope>,
    /// The models it may call; `None`: all.
    pub models: Option<Vec<String>>,
    /// Calls a minute; `None`: no limit.
    pub rate_limit: Option<i64>,
    /// What it may spend in all; `None`: no limit.
    pub budget: Option<Nanos>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends by itself.
    pub expires_at: Option<Timestamp>,
    /// When it was last used, give or take a minute.
    pub last_used_at: Option<Timestamp>,
    /// When somebody ended it.
    pub revoked_at: Option<Timestamp>,
}

/// Adds a token.
///
/// # Errors
/// When the database cannot be written.
pub async fn insert(change: &mut Mutation, token: &Token) -> Result<(), StoreError> {
    let _ = (change, token);
    todo!()
}

/// The token with this text's hash, revoked or not.
///
/// # Errors
/// When the database cannot be read.
pub async fn by_hash(store: &Store, hash: &str) -> Result<Option<Token>, StoreError> {
    let _ = (store, hash);
    todo!()
}

/// The token with this id, revoked or not.
///
/// # Errors
/// When the database cannot be read.
pub async fn by_id(store: &Store, id: TokenId) -> Result<Option<Token>, StoreError> {
    let _ = (store, id);
    todo!()
}

/// The tokens of a user that are not revoked, newest first, and their number.
///
/// # Errors
/// When the database cannot be read.
pub async fn list(store: &Store, user: UserId, skip: i64, limit: i64) -> Result<(Vec<Token>, i64), StoreError> {
    let _ = (store, user, skip, limit);
    todo!()
}

/// Ends a token. `false`: it had ended, or is not there.
///
/// # Errors
/// When the database cannot be written.
pub async fn revoke(change: &mut Mutation, id: TokenId) -> Result<bool, StoreError> {
    let _ = (change, id);
    todo!()
}

/// Notes when tokens were last used. Not audited, not told to other nodes.
///
/// # Errors
/// When the database cannot be written.
pub async fn touch_last_used(store: &Store, uses: &[(TokenId, Timestamp)]) -> Result<(), StoreError> {
    let _ = (store, uses);
    todo!()
}
