//! Every administrative write to `credentials`. A secret is only ever replaced or destroyed
//! here, together with what it is sealed to.

use domain::credential::Source;
use domain::ids::{CredentialId, UserId};
use sqlx::AnyConnection;

use super::{CredentialEdit, NewSecret, StoredCredential, owner_column};
use crate::changes::{ChangeKind, Verb};
use crate::error::StoreError;
use crate::mutation::Mutation;
use crate::row::{Columns, json_text, optional_id, optional_micros};

const INSERT: &str = "INSERT INTO credentials (id, scope, owner_id, provider, name, note, masked, api_base, endpoint, \
     origin, settings, is_active, is_primary, priority, status, status_reason, checked_at, last_used_at, expires_at, \
     rotate_after, source, secret_version, sealed, fingerprint, created_at, created_by, updated_at, updated_by, \
     secret_set_at, grace_of, secret_ref) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, \
     $23, $24, $25, $26, $27, $28, $29, $30, $31)";

const EDIT: &str = "UPDATE credentials SET name = COALESCE($4, name), note = COALESCE($5, note), \
     settings = COALESCE($6, settings), priority = COALESCE($7, priority), \
     expires_at = CASE WHEN $8 = 1 THEN $9 ELSE expires_at END, \
     rotate_after = CASE WHEN $10 = 1 THEN $11 ELSE rotate_after END, \
     api_base = CASE WHEN $12 = 1 THEN $13 ELSE api_base END, endpoint = COALESCE($14, endpoint), \
     origin = COALESCE(CAST($15 AS TEXT), origin), updated_at = $2, updated_by = $3 \
     WHERE id = $1 AND deleted_at IS NULL AND (CAST($15 AS TEXT) IS NULL OR sealed IS NULL OR origin = $15)";

const REPLACE_SECRET: &str = "UPDATE credentials SET sealed = $4, fingerprint = $5, masked = $6, secret_version = $7, \
     api_base = CASE WHEN $8 = 1 THEN $9 ELSE api_base END, endpoint = COALESCE($10, endpoint), \
     origin = COALESCE($11, origin), secret_ref = $12, source = CASE WHEN $12 IS NOT NULL THEN 'reference' WHEN $4 IS NULL THEN 'keyless' ELSE 'stored' END, \
     secret_set_at = $13, rotate_after = $14, status = 'unverified', status_reason = NULL, \
     checked_at = NULL, updated_at = $2, updated_by = $3 \
     WHERE id = $1 AND deleted_at IS NULL AND secret_version = $7 - 1";

const STEP_DOWN: &str = "UPDATE credentials SET is_primary = 0 WHERE scope = $1 AND owner_id = $2 AND provider = $3 \
     AND is_primary = 1 AND deleted_at IS NULL AND id <> $4 RETURNING id";

const DESTROY: &str = "UPDATE credentials SET sealed = NULL, fingerprint = NULL, is_active = 0, is_primary = 0, \
     deleted_at = $2, updated_at = $2, updated_by = $3 \
     WHERE id = $1 AND deleted_at IS NULL RETURNING scope, owner_id, provider";

/// The next in order becomes primary, unless there is one already.
const SUCCEED: &str = "UPDATE credentials SET is_primary = 1 WHERE id = (\
         SELECT id FROM credentials WHERE scope = $1 AND owner_id = $2 AND provider = $3 AND deleted_at IS NULL \
         AND grace_of IS NULL ORDER BY is_active DESC, priority, created_at, id LIMIT 1) \
     AND NOT EXISTS (SELECT 1 FROM credentials AS p WHERE p.scope = $1 AND p.owner_id = $2 AND p.provider = $3 \
         AND p.deleted_at IS NULL AND p.is_primary = 1) RETURNING id";

/// Adds a credential. The first one of its provider and owner becomes the
/// primary one, whatever the row says; a later one that says so replaces it.
///
/// # Errors
/// When the database cannot be written.
pub async fn insert(change: &mut Mutation, row: &StoredCredential) -> Result<(), StoreError> {
    let credential = &row.credential;
    let place = Place {
        scope: credential.scope.as_str().to_owned(),
        owner: owner_column(credential),
        provider: credential.provider.as_str().to_owned(),
    };
    let is_primary = credential.is_primary || !has_primary(change.connection(), &place).await?;
    if is_primary {
        step_down(change, &place, credential.id).await?;
    }
    let reference = match &credential.source {
        Source::Reference(place) => Some(place.as_str()),
        _ => None,
    };
    let source = match (reference, &row.sealed) {
        (Some(_), _) => "reference",
        (None, Some(_)) => "stored",
        (None, None) => "keyless",
    };
    sqlx::query(INSERT)
        .bind(credential.id.to_string())
        .bind(place.scope)
        .bind(place.owner)
        .bind(place.provider)
        .bind(credential.name.as_str())
        .bind(credential.note.as_str())
        .bind(credential.masked.as_str())
        .bind(credential.api_base.as_deref())
        .bind(credential.endpoint.as_str())
        .bind(credential.origin.as_str())
        .bind(json_text(&credential.settings)?)
        .bind(i64::from(credential.is_active))
        .bind(i64::from(is_primary))
        .bind(credential.priority)
        .bind(credential.status.as_str())
        .bind(credential.status_reason.as_deref())
        .bind(optional_micros(credential.checked_at))
        .bind(optional_micros(credential.last_used_at))
        .bind(optional_micros(credential.expires_at))
        .bind(optional_micros(credential.rotate_after))
        .bind(source)
        .bind(credential.secret_version)
        .bind(row.sealed.as_ref().map(|sealed| sealed.as_str().to_owned()))
        .bind(row.fingerprint.as_deref())
        .bind(credential.created_at.as_micros())
        .bind(optional_id(credential.created_by))
        .bind(credential.updated_at.as_micros())
        .bind(optional_id(credential.updated_by))
        .bind(optional_micros(credential.secret_set_at))
        .bind(optional_id(credential.grace_of))
        .bind(reference)
        .execute(change.connection())
        .await?;
    change.touch_as(ChangeKind::Credential, &credential.id, Verb::Created);
    Ok(())
}

/// Edits what is not the secret. `false`: not there, or the new endpoint has
/// another origin than the one the row's secret is sealed to.
///
/// # Errors
/// When the database cannot be written.
pub async fn update_fields(
    change: &mut Mutation,
    id: CredentialId,
    edit: &CredentialEdit,
    by: Option<UserId>,
) -> Result<bool, StoreError> {
    let endpoint = edit.endpoint.as_ref();
    let done = sqlx::query(EDIT)
        .bind(id.to_string())
        .bind(change.now().as_micros())
        .bind(optional_id(by))
        .bind(edit.name.as_deref())
        .bind(edit.note.as_deref())
        .bind(edit.settings.as_ref().map(json_text).transpose()?)
        .bind(edit.priority)
        .bind(i64::from(edit.expires_at.is_some()))
        .bind(optional_micros(edit.expires_at.flatten()))
        .bind(i64::from(edit.rotate_after.is_some()))
        .bind(optional_micros(edit.rotate_after.flatten()))
        .bind(i64::from(endpoint.is_some()))
        .bind(endpoint.and_then(|endpoint| endpoint.api_base.as_deref()))
        .bind(endpoint.map(|endpoint| endpoint.endpoint.as_str()))
        .bind(endpoint.map(|endpoint| endpoint.origin.as_str()))
        .execute(change.connection())
        .await?;
    change.touch(ChangeKind::Credential, &id);
    Ok(done.rows_affected() > 0)
}

/// Replaces the secret; the health starts anew as `unverified`. `false`: not
/// there, or the version is not the next one.
///
/// # Errors
/// When the database cannot be written.
pub async fn replace_secret(
    change: &mut Mutation,
    id: CredentialId,
    secret: &NewSecret,
    by: Option<UserId>,
) -> Result<bool, StoreError> {
    let endpoint = secret.endpoint.as_ref();
    let done = sqlx::query(REPLACE_SECRET)
        .bind(id.to_string())
        .bind(change.now().as_micros())
        .bind(optional_id(by))
        .bind(secret.sealed.as_ref().map(|sealed| sealed.as_str().to_owned()))
        .bind(secret.fingerprint.as_deref())
        .bind(secret.masked.as_str())
        .bind(secret.version)
        .bind(i64::from(endpoint.is_some()))
        .bind(endpoint.and_then(|endpoint| endpoint.api_base.as_deref()))
        .bind(endpoint.map(|endpoint| endpoint.endpoint.as_str()))
        .bind(endpoint.map(|endpoint| endpoint.origin.as_str()))
        .bind(secret.reference.as_deref())
        .bind(optional_micros(secret.set_at))
        .bind(optional_micros(secret.rotate_after))
        .execute(change.connection())
        .await?;
    change.touch(ChangeKind::Credential, &id);
    Ok(done.rows_affected() > 0)
}

/// Switches a credential on or off, and with it its former secret in its grace.
/// `false`: not there.
///
/// # Errors
/// When the database cannot be written.
pub async fn set_active(
    change: &mut Mutation,
    id: CredentialId,
    is_active: bool,
    by: Option<UserId>,
) -> Result<bool, StoreError> {
    let done = sqlx::query(
        "UPDATE credentials SET is_active = $4, updated_at = $2, updated_by = $3 \
         WHERE (id = $1 OR grace_of = $1) AND deleted_at IS NULL",
    )
    .bind(id.to_string())
    .bind(change.now().as_micros())
    .bind(optional_id(by))
    .bind(i64::from(is_active))
    .execute(change.connection())
    .await?;
    change.touch(ChangeKind::Credential, &id);
    Ok(done.rows_affected() > 0)
}

/// Makes it the primary one of its provider and owner, instead of the former
/// one. `false`: not there.
///
/// # Errors
/// When the database cannot be written.
pub async fn make_primary(change: &mut Mutation, id: CredentialId, by: Option<UserId>) -> Result<bool, StoreError> {
    let row = sqlx::query("SELECT scope, owner_id, provider FROM credentials WHERE id = $1 AND deleted_at IS NULL")
        .bind(id.to_string())
        .fetch_optional(change.connection())
        .await?;
    let Some(row) = row else { return Ok(false) };
    step_down(change, &Place::read(&Columns(&row))?, id).await?;
    sqlx::query("UPDATE credentials SET is_primary = 1, updated_at = $2, updated_by = $3 WHERE id = $1")
        .bind(id.to_string())
        .bind(change.now().as_micros())
        .bind(optional_id(by))
        .execute(change.connection())
        .await?;
    change.touch(ChangeKind::Credential, &id);
    Ok(true)
}

/// Destroys the secret at once and hides the row. The next one of its provider
/// and owner, if any, becomes primary. `false`: not there.
///
/// # Errors
/// When the database cannot be written.
pub async fn tombstone(change: &mut Mutation, id: CredentialId, by: Option<UserId>) -> Result<bool, StoreError> {
    let row = sqlx::query(DESTROY)
        .bind(id.to_string())
        .bind(change.now().as_micros())
        .bind(optional_id(by))
        .fetch_optional(change.connection())
        .await?;
    let Some(row) = row else { return Ok(false) };
    let place = Place::read(&Columns(&row))?;
    sqlx::query("DELETE FROM model_lists WHERE credential_id = $1")
        .bind(id.to_string())
        .execute(change.connection())
        .await?;
    let heir = sqlx::query(SUCCEED)
        .bind(place.scope)
        .bind(place.owner)
        .bind(place.provider)
        .fetch_optional(change.connection())
        .await?;
    change.touch_as(ChangeKind::Credential, &id, Verb::Deleted);
    if let Some(heir) = heir {
        change.touch(ChangeKind::Credential, &Columns(&heir).text("id")?);
    }
    Ok(true)
}

/// Within which one credential is primary.
struct Place {
    scope: String,
    owner: String,
    provider: String,
}

impl Place {
    fn read(row: &Columns<'_>) -> Result<Self, StoreError> {
        Ok(Self { scope: row.text("scope")?, owner: row.text("owner_id")?, provider: row.text("provider")? })
    }
}

async fn has_primary(connection: &mut AnyConnection, place: &Place) -> Result<bool, StoreError> {
    let count: i64 = sqlx::query_scalar(
        "SELECT COUNT(*) FROM credentials WHERE scope = $1 AND owner_id = $2 AND provider = $3 \
         AND is_primary = 1 AND deleted_at IS NULL",
    )
    .bind(place.scope.as_str())
    .bind(place.owner.as_str())
    .bind(place.provider.as_str())
    .fetch_one(connection)
    .await?;
    Ok(count > 0)
}

/// Whoever is primary here is no longer, except `heir`.
async fn step_down(change: &mut Mutation, place: &Place, heir: CredentialId) -> Result<(), StoreError> {
    let rows = sqlx::query(STEP_DOWN)
        .bind(place.scope.as_str())
        .bind(place.owner.as_str())
        .bind(place.provider.as_str())
        .bind(heir.to_string())
        .fetch_all(change.connection())
        .await?;
    for row in &rows {
        change.touch(ChangeKind::Credential, &Columns(row).text("id")?);
    }
    Ok(())
}
