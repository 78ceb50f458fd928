//! Tables `aliases` and `alias_targets`: names that stand for models of one or
//! several providers, a person's own or everybody's.

mod uses;

use std::collections::HashMap;

use domain::alias::{Alias, Target};
use domain::credential::Owner;
use domain::ids::{AliasId, OrganizationId, TeamId, UserId};
use sqlx::AnyConnection;
use sqlx::any::AnyRow;

use crate::changes::ChangeKind;
use crate::error::StoreError;
use crate::mutation::Mutation;
use crate::open::Store;
use crate::row::{Columns, optional_id, owner_column, read_owner};

pub use uses::{LATEST, Uses, owner_of, uses};

const INSERT: &str = "INSERT INTO aliases (id, scope, owner_id, name, mode, created_at, created_by, updated_at) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";

macro_rules! seen {
    ($select:literal, $rest:literal) => {
        concat!(
            $select,
            " WHERE ((a.scope = 'personal' AND a.owner_id = $1) OR (a.scope = 'organization' AND a.owner_id = $2) \
             OR a.scope = 'system') ",
            $rest
        )
    };
}

const SEEN: &str = seen!("SELECT a.* FROM aliases AS a", "ORDER BY a.name");
const TARGETS_SEEN: &str =
    seen!("SELECT t.* FROM alias_targets AS t JOIN aliases AS a ON a.id = t.alias_id", "ORDER BY t.alias_id, t.place");
const TEAMS_SEEN: &str = seen!(
    "SELECT t.alias_id, t.team_id FROM alias_teams AS t JOIN aliases AS a ON a.id = t.alias_id",
    "ORDER BY t.alias_id, t.team_id"
);

const INSERT_TARGET: &str =
    "INSERT INTO alias_targets (alias_id, place, provider, model, weight) VALUES ($1, $2, $3, $4, $5)";

/// Everybody's aliases, those of `user` and those of `organization`; the nearest
/// first, each by name.
///
/// # Errors
/// When the database cannot be read.
pub async fn seen_by(
    store: &Store,
    user: Option<UserId>,
    organization: Option<OrganizationId>,
) -> Result<Vec<Alias>, StoreError> {
    let bound = |text| sqlx::query(text).bind(optional_id(user)).bind(optional_id(organization));
    let rows = bound(SEEN).fetch_all(store.pool()).await?;
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let targets = bound(TARGETS_SEEN).fetch_all(store.pool()).await?;
    let teams = bound(TEAMS_SEEN).fetch_all(store.pool()).await?;
    let (mut targets, mut teams) = (by_alias(&targets)?, teams_by_alias(&teams)?);
    let mut aliases: Vec<Alias> =
        rows.iter().map(|row| read(row, &mut targets, &mut teams)).collect::<Result<_, _>>()?;
    aliases.sort_by(|one, other| (one.scope(), &one.name).cmp(&(other.scope(), &other.name)));
    Ok(aliases)
}

/// One alias, whoever's it is, as this change sees it.
///
/// # Errors
/// When the database cannot be read.
pub async fn by_id(change: &mut Mutation, id: AliasId) -> Result<Option<Alias>, StoreError> {
    let row = sqlx::query("SELECT * FROM aliases WHERE id = $1")
        .bind(id.to_string())
        .fetch_optional(change.connection())
        .await?;
    let Some(row) = row else { return Ok(None) };
    let targets = sqlx::query("SELECT * FROM alias_targets WHERE alias_id = $1 ORDER BY place")
        .bind(id.to_string())
        .fetch_all(change.connection())
        .await?;
    let teams = sqlx::query("SELECT alias_id, team_id FROM alias_teams WHERE alias_id = $1 ORDER BY team_id")
        .bind(id.to_string())
        .fetch_all(change.connection())
        .await?;
    read(&row, &mut by_alias(&targets)?, &mut teams_by_alias(&teams)?).map(Some)
}

/// How many aliases the owner has, as this change sees it.
///
/// # Errors
/// When the database cannot be read.
pub async fn count(change: &mut Mutation, owner: Owner) -> Result<i64, StoreError> {
    Ok(sqlx::query_scalar("SELECT COUNT(*) FROM aliases WHERE scope = $1 AND owner_id = $2")
        .bind(owner.scope().as_str())
        .bind(owner_column(owner))
        .fetch_one(change.connection())
        .await?)
}

/// Whether the owner has another alias of this name, as this change sees it.
///
/// # Errors
/// When the database cannot be read.
pub async fn is_taken(change: &mut Mutation, alias: &Alias) -> Result<bool, StoreError> {
    let others: i64 = sqlx::query_scalar(
        "SELECT COUNT(*) FROM aliases WHERE scope = $1 AND owner_id = $2 AND name = $3 AND id <> $4",
    )
    .bind(alias.scope().as_str())
    .bind(owner_column(alias.owner))
    .bind(alias.name.as_str())
    .bind(alias.id.to_string())
    .fetch_one(change.connection())
    .await?;
    Ok(others > 0)
}

/// Adds an alias; other nodes are told.
///
/// # Errors
/// [`StoreError::Conflict`] when its owner has one of this name.
pub async fn insert(change: &mut Mutation, alias: &Alias, by: Option<UserId>) -> Result<(), StoreError> {
    sqlx::query(INSERT)
        .bind(alias.id.to_string())
        .bind(alias.scope().as_str())
        .bind(owner_column(alias.owner))
        .bind(alias.name.as_str())
        .bind(alias.mode.as_str())
        .bind(alias.created_at.as_micros())
        .bind(optional_id(by))
        .bind(alias.updated_at.as_micros())
        .execute(change.connection())
        .await?;
    insert_targets(change.connection(), alias).await?;
    change.touch(ChangeKind::Alias, &owner_column(alias.owner));
    Ok(())
}

/// Changes an alias; other nodes are told. `false`: it is gone.
///
/// # Errors
/// As [`insert`].
pub async fn update(change: &mut Mutation, alias: &Alias) -> Result<bool, StoreError> {
    let done = sqlx::query("UPDATE aliases SET name = $2, mode = $3, updated_at = $4 WHERE id = $1")
        .bind(alias.id.to_string())
        .bind(alias.name.as_str())
        .bind(alias.mode.as_str())
        .bind(alias.updated_at.as_micros())
        .execute(change.connection())
        .await?;
    if done.rows_affected() == 0 {
        return Ok(false);
    }
    delete_targets(change.connection(), alias.id).await?;
    insert_targets(change.connection(), alias).await?;
    change.touch(ChangeKind::Alias, &owner_column(alias.owner));
    Ok(true)
}

/// Deletes an alias; other nodes are told. `false`: it is gone.
///
/// # Errors
/// When the database cannot be written.
pub async fn delete(change: &mut Mutation, alias: &Alias) -> Result<bool, StoreError> {
    delete_targets(change.connection(), alias.id).await?;
    let done = sqlx::query("DELETE FROM aliases WHERE id = $1")
        .bind(alias.id.to_string())
        .execute(change.connection())
        .await?;
    change.touch(ChangeKind::Alias, &owner_column(alias.owner));
    Ok(done.rows_affected() > 0)
}

/// Deletes all aliases of a person who leaves. Returns what they were.
///
/// # Errors
/// When the database cannot be written.
pub async fn delete_of_user(change: &mut Mutation, user: UserId) -> Result<Vec<(AliasId, String)>, StoreError> {
    delete_of(change, Owner::User(user)).await
}

/// Deletes all aliases of an organization that goes. Returns what they were.
///
/// # Errors
/// When the database cannot be written.
pub async fn delete_of_organization(
    change: &mut Mutation,
    organization: OrganizationId,
) -> Result<Vec<(AliasId, String)>, StoreError> {
    delete_of(change, Owner::Organization(organization)).await
}

async fn delete_of(change: &mut Mutation, owner: Owner) -> Result<Vec<(AliasId, String)>, StoreError> {
    let rows = sqlx::query("SELECT id, name FROM aliases WHERE scope = $1 AND owner_id = $2 ORDER BY name")
        .bind(owner.scope().as_str())
        .bind(owner_column(owner))
        .fetch_all(change.connection())
        .await?;
    let mut gone = Vec::with_capacity(rows.len());
    for row in &rows {
        let row = Columns(row);
        let id: AliasId = row.parsed("id")?;
        delete_targets(change.connection(), id).await?;
        sqlx::query("DELETE FROM aliases WHERE id = $1").bind(id.to_string()).execute(change.connection()).await?;
        gone.push((id, row.text("name")?));
    }
    if !gone.is_empty() {
        change.touch(ChangeKind::Alias, &owner_column(owner));
    }
    Ok(gone)
}

async fn insert_targets(connection: &mut AnyConnection, alias: &Alias) -> Result<(), StoreError> {
    for (place, target) in (0_i64..).zip(&alias.targets) {
        sqlx::query(INSERT_TARGET)
            .bind(alias.id.to_string())
            .bind(place)
            .bind(target.provider.as_str())
            .bind(target.model.as_str())
            .bind(i64::from(target.weight))
            .execute(&mut *connection)
            .await?;
    }
    for team in alias.teams.iter().flatten() {
        sqlx::query("INSERT INTO alias_teams (alias_id, team_id) VALUES ($1, $2)")
            .bind(alias.id.to_string())
            .bind(team.to_string())
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

async fn delete_targets(connection: &mut AnyConnection, alias: AliasId) -> Result<(), StoreError> {
    for text in ["DELETE FROM alias_targets WHERE alias_id = $1", "DELETE FROM alias_teams WHERE alias_id = $1"] {
        sqlx::query(text).bind(alias.to_string()).execute(&mut *connection).await?;
    }
    Ok(())
}

/// Targets by their alias, in the order of the rows.
fn by_alias(rows: &[AnyRow]) -> Result<HashMap<String, Vec<Target>>, StoreError> {
    let mut targets: HashMap<String, Vec<Target>> = HashMap::new();
    for row in rows {
        let row = Columns(row);
        let weight = u32::try_from(row.number("weight")?)
            .map_err(|error| StoreError::Integrity(format!("column weight: {error}")))?;
        let target = Target { provider: row.parsed("provider")?, model: row.text("model")?, weight };
        targets.entry(row.text("alias_id")?).or_default().push(target);
    }
    Ok(targets)
}

/// Teams by the alias that they may name.
fn teams_by_alias(rows: &[AnyRow]) -> Result<HashMap<String, Vec<TeamId>>, StoreError> {
    let mut teams: HashMap<String, Vec<TeamId>> = HashMap::new();
    for row in rows {
        let row = Columns(row);
        teams.entry(row.text("alias_id")?).or_default().push(row.parsed("team_id")?);
    }
    Ok(teams)
}

fn read(
    row: &AnyRow,
    targets: &mut HashMap<String, Vec<Target>>,
    teams: &mut HashMap<String, Vec<TeamId>>,
) -> Result<Alias, StoreError> {
    let row = Columns(row);
    let id: String = row.text("id")?;
    Ok(Alias {
        targets: targets.remove(&id).unwrap_or_default(),
        teams: teams.remove(&id),
        id: row.parsed("id")?,
        owner: read_owner(&row)?,
        name: row.text("name")?,
        mode: row.parsed("mode")?,
        created_at: row.time("created_at")?,
        updated_at: row.time("updated_at")?,
    })
}

#[cfg(test)]
mod tests;
