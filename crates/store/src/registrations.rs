//! Table `registrations`: models that people write down themselves, for
//! themselves or for everybody.

use domain::credential::Scope;
use domain::ids::UserId;
use domain::registration::Registration;
use sqlx::any::AnyRow;

use crate::changes::ChangeKind;
use crate::error::StoreError;
use crate::mutation::Mutation;
use crate::open::Store;
use crate::row::{Columns, json_text, optional_id};

const INSERT: &str = "INSERT INTO registrations \
     (scope, owner_id, namespace, model, provider, said, created_at, created_by, updated_at) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";

/// Everybody's registrations, and those of `user`; theirs first.
///
/// # Errors
/// When the database cannot be read.
pub async fn for_user(store: &Store, user: UserId) -> Result<Vec<Registration>, StoreError> {
    let rows = sqlx::query(
        "SELECT * FROM registrations WHERE (scope = 'personal' AND owner_id = $1) OR scope = 'system' \
         ORDER BY scope, namespace, model",
    )
    .bind(user.to_string())
    .fetch_all(store.pool())
    .await?;
    rows.iter().map(read).collect()
}

/// What the same owner says of the same model, as this change sees it.
///
/// # Errors
/// When the database cannot be read.
pub async fn get(
    change: &mut Mutation,
    owner: Option<UserId>,
    namespace: &str,
    model: &str,
) -> Result<Option<Registration>, StoreError> {
    let row =
        sqlx::query("SELECT * FROM registrations WHERE scope = $1 AND owner_id = $2 AND namespace = $3 AND model = $4")
            .bind(scope_of(owner).as_str())
            .bind(owner_column(owner))
            .bind(namespace)
            .bind(model)
            .fetch_optional(change.connection())
            .await?;
    row.as_ref().map(read).transpose()
}

/// How many models the owner has registered, as this change sees it.
///
/// # Errors
/// When the database cannot be read.
pub async fn count(change: &mut Mutation, owner: Option<UserId>) -> Result<i64, StoreError> {
    Ok(sqlx::query_scalar("SELECT COUNT(*) FROM registrations WHERE scope = $1 AND owner_id = $2")
        .bind(scope_of(owner).as_str())
        .bind(owner_column(owner))
        .fetch_one(change.connection())
        .await?)
}

/// Adds a registration; other nodes are told.
///
/// # Errors
/// [`StoreError::Conflict`] when its owner has registered this model.
pub async fn insert(change: &mut Mutation, new: &Registration, by: Option<UserId>) -> Result<(), StoreError> {
    sqlx::query(INSERT)
        .bind(new.scope.as_str())
        .bind(owner_column(new.owner))
        .bind(new.namespace.as_str())
        .bind(new.model.as_str())
        .bind(new.provider.as_str())
        .bind(json_text(&new.said)?)
        .bind(new.created_at.as_micros())
        .bind(optional_id(by))
        .bind(new.updated_at.as_micros())
        .execute(change.connection())
        .await?;
    change.touch(ChangeKind::Model, &owner_column(new.owner));
    Ok(())
}

/// Changes what is said of a model; other nodes are told. `false`: it is gone.
///
/// # Errors
/// When the database cannot be written.
pub async fn update(change: &mut Mutation, edited: &Registration) -> Result<bool, StoreError> {
    let done = sqlx::query(
        "UPDATE registrations SET said = $5, updated_at = $6 \
         WHERE scope = $1 AND owner_id = $2 AND namespace = $3 AND model = $4",
    )
    .bind(edited.scope.as_str())
    .bind(owner_column(edited.owner))
    .bind(edited.namespace.as_str())
    .bind(edited.model.as_str())
    .bind(json_text(&edited.said)?)
    .bind(edited.updated_at.as_micros())
    .execute(change.connection())
    .await?;
    change.touch(ChangeKind::Model, &owner_column(edited.owner));
    Ok(done.rows_affected() > 0)
}

/// Takes a model out; other nodes are told. `false`: it is gone.
///
/// # Errors
/// When the database cannot be written.
pub async fn delete(change: &mut Mutation, gone: &Registration) -> Result<bool, StoreError> {
    let done =
        sqlx::query("DELETE FROM registrations WHERE scope = $1 AND owner_id = $2 AND namespace = $3 AND model = $4")
            .bind(gone.scope.as_str())
            .bind(owner_column(gone.owner))
            .bind(gone.namespace.as_str())
            .bind(gone.model.as_str())
            .execute(change.connection())
            .await?;
    change.touch(ChangeKind::Model, &owner_column(gone.owner));
    Ok(done.rows_affected() > 0)
}

/// Takes out all models of a person who leaves. Returns what they were.
///
/// # Errors
/// When the database cannot be written.
pub async fn delete_of_user(change: &mut Mutation, user: UserId) -> Result<Vec<Registration>, StoreError> {
    let rows =
        sqlx::query("SELECT * FROM registrations WHERE scope = 'personal' AND owner_id = $1 ORDER BY namespace, model")
            .bind(user.to_string())
            .fetch_all(change.connection())
            .await?;
    let gone: Vec<Registration> = rows.iter().map(read).collect::<Result<_, _>>()?;
    if !gone.is_empty() {
        sqlx::query("DELETE FROM registrations WHERE scope = 'personal' AND owner_id = $1")
            .bind(user.to_string())
            .execute(change.connection())
            .await?;
        change.touch(ChangeKind::Model, &user);
    }
    Ok(gone)
}

const fn scope_of(owner: Option<UserId>) -> Scope {
    if owner.is_some() { Scope::Personal } else { Scope::System }
}

/// The owner as the column has it; nobody: the server's.
fn owner_column(owner: Option<UserId>) -> String {
    owner.map(|user| user.to_string()).unwrap_or_default()
}

fn read(row: &AnyRow) -> Result<Registration, StoreError> {
    let row = Columns(row);
    let scope: Scope = row.parsed("scope")?;
    Ok(Registration {
        scope,
        owner: if scope == Scope::Personal { Some(row.parsed("owner_id")?) } else { None },
        provider: row.parsed("provider")?,
        namespace: row.text("namespace")?,
        model: row.text("model")?,
        said: row.json("said")?,
        created_at: row.time("created_at")?,
        updated_at: row.time("updated_at")?,
    })
}

#[cfg(test)]
mod tests;
