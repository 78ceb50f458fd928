//! Table `tokens`: gateway tokens, kept as hashes.

use domain::caller::TokenScope;
use domain::gateway_token::TokenKind;
use domain::ids::{TeamId, TokenId, UserId};
use domain::resolve::Fallback;
use domain::{Nanos, Timestamp};
use sqlx::any::AnyRow;

use crate::changes::ChangeKind;
use crate::error::StoreError;
use crate::mutation::{Mutation, Write};
use crate::open::Store;
use crate::row::{Columns, in_row_order, json_text, optional_id, optional_micros};

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
    /// How far its calls may go for a key; `None`: as its user says.
    pub policy: Option<Fallback>,
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
    let scopes: Vec<_> = token.scopes.iter().map(|scope| scope.as_str()).collect();
    sqlx::query(
        "INSERT INTO tokens (id, hash, masked, kind, user_id, team_id, name, scopes, models, rate_limit, \
         budget_nanos, created_at, expires_at, last_used_at, revoked_at, policy) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)",
    )
    .bind(token.id.to_string())
    .bind(token.hash.as_str())
    .bind(token.masked.as_str())
    .bind(token.kind.as_str())
    .bind(token.user.to_string())
    .bind(optional_id(token.team))
    .bind(token.name.as_str())
    .bind(scopes.join(" "))
    .bind(token.models.as_ref().map(json_text).transpose()?)
    .bind(token.rate_limit)
    .bind(token.budget.map(|budget| budget.0))
    .bind(token.created_at.as_micros())
    .bind(optional_micros(token.expires_at))
    .bind(optional_micros(token.last_used_at))
    .bind(optional_micros(token.revoked_at))
    .bind(token.policy.map(Fallback::as_str))
    .execute(change.connection())
    .await?;
    change.touch(ChangeKind::Token, &token.id);
    Ok(())
}

/// The token with this text's hash, revoked or not.
///
/// # Errors
/// When the database cannot be read.
pub async fn by_hash(store: &Store, hash: &str) -> Result<Option<Token>, StoreError> {
    let row = sqlx::query("SELECT * FROM tokens WHERE hash = $1").bind(hash).fetch_optional(store.pool()).await?;
    row.as_ref().map(read).transpose()
}

/// The token with this id, revoked or not.
///
/// # Errors
/// When the database cannot be read.
pub async fn by_id(store: &Store, id: TokenId) -> Result<Option<Token>, StoreError> {
    let row =
        sqlx::query("SELECT * FROM tokens WHERE id = $1").bind(id.to_string()).fetch_optional(store.pool()).await?;
    row.as_ref().map(read).transpose()
}

/// The tokens of a user that are not revoked, newest first, and their number.
///
/// # Errors
/// When the database cannot be read.
pub async fn list(store: &Store, user: UserId, skip: i64, limit: i64) -> Result<(Vec<Token>, i64), StoreError> {
    let rows = sqlx::query(
        "SELECT * FROM tokens WHERE user_id = $1 AND revoked_at IS NULL ORDER BY created_at DESC, id DESC \
         LIMIT $2 OFFSET $3",
    )
    .bind(user.to_string())
    .bind(limit)
    .bind(skip)
    .fetch_all(store.pool())
    .await?;
    let count = sqlx::query_scalar("SELECT COUNT(*) FROM tokens WHERE user_id = $1 AND revoked_at IS NULL")
        .bind(user.to_string())
        .fetch_one(store.pool())
        .await?;
    Ok((rows.iter().map(read).collect::<Result<_, _>>()?, count))
}

/// Ends a token. `false`: it had ended, or is not there.
///
/// # Errors
/// When the database cannot be written.
pub async fn revoke(change: &mut Mutation, id: TokenId) -> Result<bool, StoreError> {
    let done = sqlx::query("UPDATE tokens SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL")
        .bind(id.to_string())
        .bind(change.now().as_micros())
        .execute(change.connection())
        .await?;
    change.touch(ChangeKind::Token, &id);
    Ok(done.rows_affected() > 0)
}

/// Notes when tokens were last used. Not audited, not told to other nodes.
///
/// # Errors
/// When the database cannot be written.
pub async fn touch_last_used(store: &Store, uses: &[(TokenId, Timestamp)]) -> Result<(), StoreError> {
    let mut write = Write::begin(store).await?;
    for (id, at) in in_row_order(uses) {
        sqlx::query("UPDATE tokens SET last_used_at = $2 WHERE id = $1 AND COALESCE(last_used_at, 0) < $2")
            .bind(id.to_string())
            .bind(at.as_micros())
            .execute(write.connection())
            .await?;
    }
    write.commit().await
}

fn read(row: &AnyRow) -> Result<Token, StoreError> {
    let row = Columns(row);
    let scopes = row.text("scopes")?;
    let scopes = scopes.split_whitespace().map(str::parse).collect::<Result<_, String>>();
    Ok(Token {
        id: row.parsed("id")?,
        hash: row.text("hash")?,
        masked: row.text("masked")?,
        kind: row.parsed("kind")?,
        user: row.parsed("user_id")?,
        team: row.optional_parsed("team_id")?,
        name: row.text("name")?,
        scopes: scopes.map_err(StoreError::Integrity)?,
        models: row.optional_json("models")?,
        rate_limit: row.optional_number("rate_limit")?,
        budget: row.optional_nanos("budget_nanos")?,
        created_at: row.time("created_at")?,
        expires_at: row.optional_time("expires_at")?,
        last_used_at: row.optional_time("last_used_at")?,
        revoked_at: row.optional_time("revoked_at")?,
        policy: row.optional_parsed("policy")?,
    })
}
