//! Table `tokens`: gateway tokens, kept as hashes.

use domain::Timestamp;
use domain::caller::TokenScope;
use domain::gateway_token::{Params, TokenKind};
use domain::ids::{OrganizationId, TeamId, TokenId, UserId};
use domain::resolve::Fallback;
use sqlx::AssertSqlSafe;
use sqlx::any::AnyRow;

use crate::changes::ChangeKind;
use crate::error::StoreError;
use crate::mutation::{Mutation, Write};
use crate::open::Store;
use crate::row::{Columns, in_row_order, json_text, optional_id, optional_micros, placeholders};

macro_rules! of_teams {
    ($select:literal, $rest:literal) => {
        concat!(
            $select,
            " FROM tokens AS k JOIN teams AS t ON t.id = k.team_id WHERE t.organization_id = $1 \
             AND t.deleted_at IS NULL AND k.revoked_at IS NULL AND (CAST($2 AS TEXT) IS NULL OR k.team_id = $2)",
            $rest
        )
    };
}

const COUNT_OF_TEAMS: &str = of_teams!("SELECT COUNT(*)", "");
const OF_TEAMS: &str = of_teams!("SELECT k.*", " ORDER BY k.created_at DESC, k.id DESC LIMIT $3 OFFSET $4");

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
    /// What becomes of parameters that a model cannot take.
    pub params: Params,
    /// Calls a minute; `None`: no limit.
    pub rate_limit: Option<i64>,
    /// Tokens of text a minute; `None`: no limit.
    pub tokens_per_minute: Option<i64>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends by itself.
    pub expires_at: Option<Timestamp>,
    /// When it was last used, give or take a minute.
    pub last_used_at: Option<Timestamp>,
    /// When somebody ended it.
    pub revoked_at: Option<Timestamp>,
}

/// What of a token is to change. `None` leaves as is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TokenEdit {
    /// A new name.
    pub name: Option<String>,
    /// Other scopes.
    pub scopes: Option<Vec<TokenScope>>,
    /// Other models; `Some(None)`: all.
    pub models: Option<Option<Vec<String>>>,
    /// Another policy; `Some(None)`: as its user says.
    pub policy: Option<Option<Fallback>>,
    /// Another treatment of parameters.
    pub params: Option<Params>,
    /// Another end; `Some(None)`: none.
    pub expires_at: Option<Option<Timestamp>>,
    /// Other calls a minute; `Some(None)`: no limit.
    pub rate_limit: Option<Option<i64>>,
    /// Other tokens a minute; `Some(None)`: no limit.
    pub tokens_per_minute: Option<Option<i64>>,
}

/// A token that is found by a former text of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FormerToken {
    /// The token.
    pub token: Token,
    /// Until when that text works.
    pub valid_until: Timestamp,
}

/// Adds a token.
///
/// # Errors
/// When the database cannot be written.
pub async fn insert(change: &mut Mutation, token: &Token) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO tokens (id, hash, masked, kind, user_id, team_id, name, scopes, models, rate_limit, \
         tokens_per_minute, created_at, expires_at, last_used_at, revoked_at, policy, params) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)",
    )
    .bind(token.id.to_string())
    .bind(token.hash.as_str())
    .bind(token.masked.as_str())
    .bind(token.kind.as_str())
    .bind(token.user.to_string())
    .bind(optional_id(token.team))
    .bind(token.name.as_str())
    .bind(joined(&token.scopes))
    .bind(token.models.as_ref().map(json_text).transpose()?)
    .bind(token.rate_limit)
    .bind(token.tokens_per_minute)
    .bind(token.created_at.as_micros())
    .bind(optional_micros(token.expires_at))
    .bind(optional_micros(token.last_used_at))
    .bind(optional_micros(token.revoked_at))
    .bind(token.policy.map(Fallback::as_str))
    .bind(token.params.as_str())
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

/// The same, within a change: nobody else changes it meanwhile.
///
/// # Errors
/// When the database cannot be read.
pub async fn by_id_within(change: &mut Mutation, id: TokenId) -> Result<Option<Token>, StoreError> {
    let query = sqlx::query("SELECT * FROM tokens WHERE id = $1").bind(id.to_string());
    query.fetch_optional(change.connection()).await?.as_ref().map(read).transpose()
}

/// The token of which this was the text before a rotation.
///
/// # Errors
/// When the database cannot be read.
pub async fn by_former_hash(store: &Store, hash: &str) -> Result<Option<FormerToken>, StoreError> {
    let row = sqlx::query(
        "SELECT t.*, f.valid_until AS valid_until FROM former_tokens AS f JOIN tokens AS t ON t.id = f.token_id \
         WHERE f.hash = $1",
    )
    .bind(hash)
    .fetch_optional(store.pool())
    .await?;
    let former = |row| Ok(FormerToken { token: read(row)?, valid_until: Columns(row).time("valid_until")? });
    row.as_ref().map(former).transpose()
}

/// Edits a token that is not revoked. `false`: it is, or is not there.
///
/// # Errors
/// When the database cannot be written.
pub async fn update(change: &mut Mutation, id: TokenId, edit: &TokenEdit) -> Result<bool, StoreError> {
    let models = edit.models.as_ref().and_then(Option::as_ref).map(json_text).transpose()?;
    let done = sqlx::query(
        "UPDATE tokens SET name = COALESCE($2, name), scopes = COALESCE($3, scopes), \
         models = CASE WHEN $4 = 1 THEN $5 ELSE models END, \
         expires_at = CASE WHEN $6 = 1 THEN $7 ELSE expires_at END, \
         params = COALESCE($8, params), policy = CASE WHEN $9 = 1 THEN $10 ELSE policy END, \
         rate_limit = CASE WHEN $11 = 1 THEN $12 ELSE rate_limit END, \
         tokens_per_minute = CASE WHEN $13 = 1 THEN $14 ELSE tokens_per_minute END WHERE id = $1 AND revoked_at IS NULL",
    )
    .bind(id.to_string())
    .bind(edit.name.as_deref())
    .bind(edit.scopes.as_deref().map(joined))
    .bind(i64::from(edit.models.is_some()))
    .bind(models)
    .bind(i64::from(edit.expires_at.is_some()))
    .bind(optional_micros(edit.expires_at.flatten()))
    .bind(edit.params.map(Params::as_str))
    .bind(i64::from(edit.policy.is_some()))
    .bind(edit.policy.flatten().map(Fallback::as_str))
    .bind(i64::from(edit.rate_limit.is_some()))
    .bind(edit.rate_limit.flatten())
    .bind(i64::from(edit.tokens_per_minute.is_some()))
    .bind(edit.tokens_per_minute.flatten())
    .execute(change.connection())
    .await?;
    change.touch(ChangeKind::Token, &id);
    Ok(done.rows_affected() > 0)
}

/// Gives a token another text. The one before works until `former_until`, and
/// none before that longer.
///
/// # Errors
/// When the database cannot be written.
pub async fn rotate(
    change: &mut Mutation,
    token: &Token,
    hash: &str,
    masked: &str,
    former_until: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE former_tokens SET valid_until = $2 WHERE token_id = $1 AND valid_until > $2")
        .bind(token.id.to_string())
        .bind(former_until.as_micros())
        .execute(change.connection())
        .await?;
    sqlx::query("INSERT INTO former_tokens (hash, token_id, valid_until) VALUES ($1, $2, $3)")
        .bind(token.hash.as_str())
        .bind(token.id.to_string())
        .bind(former_until.as_micros())
        .execute(change.connection())
        .await?;
    sqlx::query("UPDATE tokens SET hash = $2, masked = $3 WHERE id = $1")
        .bind(token.id.to_string())
        .bind(hash)
        .bind(masked)
        .execute(change.connection())
        .await?;
    change.touch(ChangeKind::Token, &token.id);
    Ok(())
}

/// Forgets former texts that no longer work.
///
/// # Errors
/// When the database cannot be written.
pub async fn prune_former(store: &Store, now: Timestamp) -> Result<(), StoreError> {
    let mut write = Write::begin(store).await?;
    sqlx::query("DELETE FROM former_tokens WHERE valid_until <= $1")
        .bind(now.as_micros())
        .execute(write.connection())
        .await?;
    write.commit().await
}

fn joined(scopes: &[TokenScope]) -> String {
    scopes.iter().map(|scope| scope.as_str()).collect::<Vec<_>>().join(" ")
}

/// A user's own tokens that are not revoked, newest first, and their number.
/// Those of teams are their teams'.
///
/// # Errors
/// When the database cannot be read.
pub async fn list(store: &Store, user: UserId, skip: i64, limit: i64) -> Result<(Vec<Token>, i64), StoreError> {
    let rows = sqlx::query(
        "SELECT * FROM tokens WHERE user_id = $1 AND team_id IS NULL AND revoked_at IS NULL \
         ORDER BY created_at DESC, id DESC LIMIT $2 OFFSET $3",
    )
    .bind(user.to_string())
    .bind(limit)
    .bind(skip)
    .fetch_all(store.pool())
    .await?;
    let count =
        sqlx::query_scalar("SELECT COUNT(*) FROM tokens WHERE user_id = $1 AND team_id IS NULL AND revoked_at IS NULL")
            .bind(user.to_string())
            .fetch_one(store.pool())
            .await?;
    Ok((rows.iter().map(read).collect::<Result<_, _>>()?, count))
}

/// Whether somebody ever made a token of a team.
///
/// # Errors
/// When the database cannot be read.
pub async fn made_for_teams(store: &Store, user: UserId) -> Result<bool, StoreError> {
    let text = "SELECT id FROM tokens WHERE user_id = $1 AND team_id IS NOT NULL LIMIT 1";
    let found: Option<String> = sqlx::query_scalar(text).bind(user.to_string()).fetch_optional(store.pool()).await?;
    Ok(found.is_some())
}

/// The tokens of one team, or of all teams of an organization, that are not
/// revoked, newest first, and their number.
///
/// # Errors
/// When the database cannot be read.
pub async fn of_teams(
    store: &Store,
    organization: OrganizationId,
    team: Option<TeamId>,
    skip: i64,
    limit: i64,
) -> Result<(Vec<Token>, i64), StoreError> {
    let bound = |text| sqlx::query(text).bind(organization.to_string()).bind(optional_id(team));
    let count: i64 = sqlx::Row::try_get(&bound(COUNT_OF_TEAMS).fetch_one(store.pool()).await?, 0)?;
    let rows = bound(OF_TEAMS).bind(limit).bind(skip).fetch_all(store.pool()).await?;
    Ok((rows.iter().map(read).collect::<Result<_, _>>()?, count))
}

/// Ends all tokens of a team. Returns which.
///
/// # Errors
/// When the database cannot be written.
pub async fn revoke_of_team(change: &mut Mutation, team: TeamId) -> Result<Vec<TokenId>, StoreError> {
    let rows = sqlx::query("UPDATE tokens SET revoked_at = $2 WHERE team_id = $1 AND revoked_at IS NULL RETURNING id")
        .bind(team.to_string())
        .bind(change.now().as_micros())
        .fetch_all(change.connection())
        .await?;
    let ended: Vec<TokenId> = rows.iter().map(|row| Columns(row).parsed("id")).collect::<Result<_, _>>()?;
    for id in &ended {
        change.touch(ChangeKind::Token, id);
    }
    Ok(ended)
}

/// What a user's tokens are called, those that were revoked too.
///
/// # Errors
/// When the database cannot be read.
pub async fn names(store: &Store, user: UserId) -> Result<Vec<(TokenId, String)>, StoreError> {
    let rows = sqlx::query("SELECT id, name FROM tokens WHERE user_id = $1")
        .bind(user.to_string())
        .fetch_all(store.pool())
        .await?;
    let read = |row| Ok((Columns(row).parsed("id")?, Columns(row).text("name")?));
    rows.iter().map(read).collect()
}

/// What tokens are called, of whoever's they are, those that were revoked too.
///
/// # Errors
/// When the database cannot be read.
pub async fn labelled(store: &Store, ids: &[TokenId]) -> Result<Vec<(TokenId, String)>, StoreError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let text = format!("SELECT id, name FROM tokens WHERE id IN ({})", placeholders(1, ids.len()));
    let query = ids.iter().fold(sqlx::query(AssertSqlSafe(text)), |query, id| query.bind(id.to_string()));
    let rows = query.fetch_all(store.pool()).await?;
    let read = |row| Ok((Columns(row).parsed("id")?, Columns(row).text("name")?));
    rows.iter().map(read).collect()
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
        tokens_per_minute: row.optional_number("tokens_per_minute")?,
        created_at: row.time("created_at")?,
        expires_at: row.optional_time("expires_at")?,
        last_used_at: row.optional_time("last_used_at")?,
        revoked_at: row.optional_time("revoked_at")?,
        policy: row.optional_parsed("policy")?,
        params: row.parsed("params")?,
    })
}
