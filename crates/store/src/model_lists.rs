//! Table `model_lists`: the models each key's provider lists for it.

use domain::Timestamp;
use domain::ids::CredentialId;
use sqlx::AssertSqlSafe;
use sqlx::any::AnyRow;

use crate::error::StoreError;
use crate::health_feed::{Finding, HealthKind};
use crate::mutation::Write;
use crate::open::Store;
use crate::row::{Columns, placeholders};

const PUT: &str = "INSERT INTO model_lists (credential_id, models, fetched_at, error) VALUES ($1, $2, $3, $4) \
     ON CONFLICT (credential_id) DO UPDATE SET \
     models = excluded.models, fetched_at = excluded.fetched_at, error = excluded.error";

/// A key's list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelList {
    /// Whose.
    pub credential: CredentialId,
    /// A JSON array of `domain::model::ListedModel`; the last good one.
    pub models: String,
    /// When it was fetched.
    pub fetched_at: Timestamp,
    /// Why the last fetch failed, if it did.
    pub error: Option<String>,
}

/// Keeps a list. `true` when its models are others now; then other nodes are
/// told. A list like the kept one is not written again.
///
/// # Errors
/// When the database cannot be written.
pub async fn put(store: &Store, list: &ModelList) -> Result<bool, StoreError> {
    // Asked before the turn to write is taken: mostly there is nothing to do.
    let is_kept = |kept: &ModelList| kept.models == list.models && kept.error == list.error;
    if get(store, list.credential).await?.as_ref().is_some_and(is_kept) {
        return Ok(false);
    }
    let mut write = Write::begin(store).await?;
    let former: Option<String> = sqlx::query_scalar("SELECT models FROM model_lists WHERE credential_id = $1")
        .bind(list.credential.to_string())
        .fetch_optional(write.connection())
        .await?;
    sqlx::query(PUT)
        .bind(list.credential.to_string())
        .bind(list.models.as_str())
        .bind(list.fetched_at.as_micros())
        .bind(list.error.as_deref())
        .execute(write.connection())
        .await?;
    let has_changed = former.as_ref() != Some(&list.models);
    if has_changed {
        write.tell(Finding {
            kind: HealthKind::Models,
            credential: list.credential,
            at: list.fetched_at,
            status: None,
            reason: None,
        });
    }
    write.commit().await?;
    Ok(has_changed)
}

/// Notes why a list could not be fetched; the last good one stays.
///
/// # Errors
/// When the database cannot be written.
pub async fn note_error(store: &Store, credential: CredentialId, error: &str) -> Result<(), StoreError> {
    let mut write = Write::begin(store).await?;
    sqlx::query("UPDATE model_lists SET error = $2 WHERE credential_id = $1 AND COALESCE(error, '') <> $2")
        .bind(credential.to_string())
        .bind(error)
        .execute(write.connection())
        .await?;
    write.commit().await
}

/// The list of one key.
///
/// # Errors
/// When the database cannot be read.
pub async fn get(store: &Store, credential: CredentialId) -> Result<Option<ModelList>, StoreError> {
    Ok(all_for(store, &[credential]).await?.pop())
}

/// The lists of several keys, those that have one.
///
/// # Errors
/// When the database cannot be read.
pub async fn all_for(store: &Store, credentials: &[CredentialId]) -> Result<Vec<ModelList>, StoreError> {
    if credentials.is_empty() {
        return Ok(Vec::new());
    }
    let places = placeholders(1, credentials.len());
    let text = format!("SELECT * FROM model_lists WHERE credential_id IN ({places}) ORDER BY credential_id");
    let mut query = sqlx::query(AssertSqlSafe(text));
    for credential in credentials {
        query = query.bind(credential.to_string());
    }
    query.fetch_all(store.pool()).await?.iter().map(read).collect()
}

fn read(row: &AnyRow) -> Result<ModelList, StoreError> {
    let row = Columns(row);
    Ok(ModelList {
        credential: row.parsed("credential_id")?,
        models: row.text("models")?,
        fetched_at: row.time("fetched_at")?,
        error: row.optional_text("error")?,
    })
}
