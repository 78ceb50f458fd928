//! Table `registrations`: models that people write down themselves, for
//! themselves or for everybody.

use domain::credential::Owner;
use domain::ids::{OrganizationId, UserId};
use domain::registration::Registration;
use sqlx::any::AnyRow;

use crate::changes::ChangeKind;
use crate::error::StoreError;
use crate::mutation::Mutation;
use crate::open::Store;
use crate::row::{Columns, json_text, optional_id, owner_column, read_owner};

const INSERT: &str = "INSERT INTO registrations \
     (scope, owner_id, namespace, model, provider, said, created_at, created_by, updated_at) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";

/// Everybody's registrations, those of `user` and those of `organization`; the
/// nearest first.
///
/// # Errors
/// When the database cannot be read.
pub async fn seen_by(
    store: &Store,
    user: Option<UserId>,
    organization: Option<OrganizationId>,
) -> Result<Vec<Registration>, StoreError> {
    let rows = sqlx::query(
        "SELECT * FROM registrations WHERE (scope = 'personal' AND owner_id = $1) \
         OR (scope = 'organization' AND owner_id = $2) OR scope = 'system' ORDER BY namespace, model",
    )
    .bind(optional_id(user))
    .bind(optional_id(organization))
    .fetch_all(store.pool())
    .await?;
    let mut registrations: Vec<Registration> = rows.iter().map(read).collect::<Result<_, _>>()?;
    registrations.sort_by_key(Registration::scope);
    Ok(registrations)
}

/// What the same owner says of the same model, as this change sees it.
///
/// # Errors
/// When the database cannot be read.
pub async fn get(
    change: &mut Mutation,
    owner: Owner,
    namespace: &str,
    model: &str,
) -> Result<Option<Registration>, StoreError> {
    let row =
        sqlx::query("SELECT * FROM registrations WHERE scope = $1 AND owner_id = $2 AND namespace = $3 AND model = $4")
            .bind(owner.scope().as_str())
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
pub async fn count(change: &mut Mutation, owner: Owner) -> Result<i64, StoreError> {
    Ok(sqlx::query_scalar("SELECT COUNT(*) FROM registrations WHERE scope = $1 AND owner_id = $2")
        .bind(owner.scope().as_str())
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
        .bind(new.scope().as_str())
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
    .bind(edited.scope().as_str())
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
            .bind(gone.scope().as_str())
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
    delete_of(change, Owner::User(user)).await
}

/// Takes out all models of an organization that goes. Returns what they were.
///
/// # Errors
/// When the database cannot be written.
pub async fn delete_of_organization(
    change: &mut Mutation,
    organization: OrganizationId,
) -> Result<Vec<Registration>, StoreError> {
    delete_of(change, Owner::Organization(organization)).await
}

async fn delete_of(change: &mut Mutation, owner: Owner) -> Result<Vec<Registration>, StoreError> {
    let rows = sqlx::query("SELECT * FROM registrations WHERE scope = $1 AND owner_id = $2 ORDER BY namespace, model")
        .bind(owner.scope().as_str())
        .bind(owner_column(owner))
        .fetch_all(change.connection())
        .await?;
    let gone: Vec<Registration> = rows.iter().map(read).collect::<Result<_, _>>()?;
    if !gone.is_empty() {
        sqlx::query("DELETE FROM registrations WHERE scope = $1 AND owner_id = $2")
            .bind(owner.scope().as_str())
            .bind(owner_column(owner))
            .execute(change.connection())
            .await?;
        change.touch(ChangeKind::Model, &owner_column(owner));
    }
    Ok(gone)
}

fn read(row: &AnyRow) -> Result<Registration, StoreError> {
    let row = Columns(row);
    Ok(Registration {
        owner: read_owner(&row)?,
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
