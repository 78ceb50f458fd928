//! Table `invitations`: links that let somebody into an organization, once.

use domain::ids::{InvitationId, OrganizationId, UserId};
use domain::organization::Invitation;
use domain::text::folded;
use sqlx::any::AnyRow;

use crate::error::StoreError;
use crate::mutation::Mutation;
use crate::open::Store;
use crate::row::{Columns, json_text, optional_id};

/// Adds an invitation; open ones of the same address into the same organization
/// stop working. Of its code only the hash is kept.
///
/// # Errors
/// When the database cannot be written.
pub async fn insert(change: &mut Mutation, new: &Invitation, code_hash: &str) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE invitations SET revoked_at = $3 WHERE organization_id = $1 AND email_folded = $2 \
         AND accepted_at IS NULL AND revoked_at IS NULL",
    )
    .bind(new.organization.to_string())
    .bind(folded(&new.email))
    .bind(change.now().as_micros())
    .execute(change.connection())
    .await?;
    sqlx::query(
        "INSERT INTO invitations (id, organization_id, email, email_folded, role, team_ids, code_hash, expires_at, \
         created_at, created_by) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
    )
    .bind(new.id.to_string())
    .bind(new.organization.to_string())
    .bind(new.email.as_str())
    .bind(folded(&new.email))
    .bind(new.role.as_str())
    .bind(json_text(&new.teams)?)
    .bind(code_hash)
    .bind(new.expires_at.as_micros())
    .bind(new.created_at.as_micros())
    .bind(optional_id(new.created_by))
    .execute(change.connection())
    .await?;
    Ok(())
}

/// The invitation with this code's hash, whatever became of it.
///
/// # Errors
/// When the database cannot be read.
pub async fn by_code(store: &Store, code_hash: &str) -> Result<Option<Invitation>, StoreError> {
    let row = sqlx::query("SELECT * FROM invitations WHERE code_hash = $1")
        .bind(code_hash)
        .fetch_optional(store.pool())
        .await?;
    row.as_ref().map(read).transpose()
}

/// An organization's invitation, whatever became of it.
///
/// # Errors
/// When the database cannot be read.
pub async fn by_id(
    store: &Store,
    organization: OrganizationId,
    id: InvitationId,
) -> Result<Option<Invitation>, StoreError> {
    let row = sqlx::query("SELECT * FROM invitations WHERE id = $1 AND organization_id = $2")
        .bind(id.to_string())
        .bind(organization.to_string())
        .fetch_optional(store.pool())
        .await?;
    row.as_ref().map(read).transpose()
}

/// An organization's invitations that nobody used or took back, newest first,
/// and their number.
///
/// # Errors
/// When the database cannot be read.
pub async fn list(
    store: &Store,
    organization: OrganizationId,
    skip: i64,
    limit: i64,
) -> Result<(Vec<Invitation>, i64), StoreError> {
    let rows = sqlx::query(
        "SELECT * FROM invitations WHERE organization_id = $1 AND accepted_at IS NULL AND revoked_at IS NULL \
         ORDER BY created_at DESC, id DESC LIMIT $2 OFFSET $3",
    )
    .bind(organization.to_string())
    .bind(limit)
    .bind(skip)
    .fetch_all(store.pool())
    .await?;
    let count = sqlx::query_scalar(
        "SELECT COUNT(*) FROM invitations WHERE organization_id = $1 AND accepted_at IS NULL AND revoked_at IS NULL",
    )
    .bind(organization.to_string())
    .fetch_one(store.pool())
    .await?;
    Ok((rows.iter().map(read).collect::<Result<_, _>>()?, count))
}

/// Uses an invitation up: of any number who try, one gets it. `None`: unknown,
/// used, taken back or too old.
///
/// # Errors
/// When the database cannot be written.
pub async fn take(change: &mut Mutation, code_hash: &str, user: UserId) -> Result<Option<Invitation>, StoreError> {
    let row = sqlx::query(
        "UPDATE invitations SET accepted_at = $2, accepted_by = $3 WHERE code_hash = $1 AND accepted_at IS NULL \
         AND revoked_at IS NULL AND expires_at > $2 RETURNING *",
    )
    .bind(code_hash)
    .bind(change.now().as_micros())
    .bind(user.to_string())
    .fetch_optional(change.connection())
    .await?;
    row.as_ref().map(read).transpose()
}

/// Takes an invitation back. `false`: it is used, taken back, or not there.
///
/// # Errors
/// When the database cannot be written.
pub async fn revoke(change: &mut Mutation, organization: OrganizationId, id: InvitationId) -> Result<bool, StoreError> {
    let done = sqlx::query(
        "UPDATE invitations SET revoked_at = $3 WHERE id = $1 AND organization_id = $2 AND accepted_at IS NULL \
         AND revoked_at IS NULL",
    )
    .bind(id.to_string())
    .bind(organization.to_string())
    .bind(change.now().as_micros())
    .execute(change.connection())
    .await?;
    Ok(done.rows_affected() > 0)
}

fn read(row: &AnyRow) -> Result<Invitation, StoreError> {
    let row = Columns(row);
    Ok(Invitation {
        id: row.parsed("id")?,
        organization: row.parsed("organization_id")?,
        email: row.text("email")?,
        role: row.parsed("role")?,
        teams: row.json("team_ids")?,
        expires_at: row.time("expires_at")?,
        created_at: row.time("created_at")?,
        created_by: row.optional_parsed("created_by")?,
        accepted_at: row.optional_time("accepted_at")?,
        accepted_by: row.optional_parsed("accepted_by")?,
        revoked_at: row.optional_time("revoked_at")?,
    })
}
