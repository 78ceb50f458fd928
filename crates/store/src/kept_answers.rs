//! Table `kept_answers`: with which key an answer was paid that its provider
//! keeps, so that the next turn, which names it, goes to the same account.

use std::time::Duration;

use domain::Timestamp;
use domain::ids::CredentialId;

use crate::error::StoreError;
use crate::mutation::Write;
use crate::open::Store;
use crate::row::Columns;

/// For how long providers keep answers.
pub const KEPT: Duration = Duration::from_hours(30 * 24);

const PUT: &str = "INSERT INTO kept_answers (caller, answer_id, credential_id, created_at) VALUES ($1, $2, $3, $4) \
     ON CONFLICT (caller, answer_id) DO NOTHING";

/// Remembers that `credential` paid for the caller's answer.
///
/// # Errors
/// When the database cannot be written.
pub async fn put(
    store: &Store,
    caller: &str,
    answer: &str,
    credential: CredentialId,
    now: Timestamp,
) -> Result<(), StoreError> {
    let mut write = Write::begin(store).await?;
    sqlx::query(PUT)
        .bind(caller)
        .bind(answer)
        .bind(credential.to_string())
        .bind(now.as_micros())
        .execute(write.connection())
        .await?;
    write.commit().await
}

/// Which key paid for an answer of this caller; `None`: not known, or forgotten.
///
/// # Errors
/// When the database cannot be read.
pub async fn payer(
    store: &Store,
    caller: &str,
    answer: &str,
    now: Timestamp,
) -> Result<Option<CredentialId>, StoreError> {
    let row =
        sqlx::query("SELECT credential_id FROM kept_answers WHERE caller = $1 AND answer_id = $2 AND created_at >= $3")
            .bind(caller)
            .bind(answer)
            .bind(now.minus(KEPT).as_micros())
            .fetch_optional(store.pool())
            .await?;
    row.map(|row| Columns(&row).parsed("credential_id")).transpose()
}

/// Forgets one answer: its provider has, too.
///
/// # Errors
/// When the database cannot be written.
pub async fn forget(store: &Store, caller: &str, answer: &str) -> Result<(), StoreError> {
    let mut write = Write::begin(store).await?;
    sqlx::query("DELETE FROM kept_answers WHERE caller = $1 AND answer_id = $2")
        .bind(caller)
        .bind(answer)
        .execute(write.connection())
        .await?;
    write.commit().await
}

/// Forgets what the providers have forgotten.
///
/// # Errors
/// When the database cannot be written.
pub async fn prune(store: &Store, now: Timestamp) -> Result<(), StoreError> {
    let mut write = Write::begin(store).await?;
    sqlx::query("DELETE FROM kept_answers WHERE created_at < $1")
        .bind(now.minus(KEPT).as_micros())
        .execute(write.connection())
        .await?;
    write.commit().await
}

#[cfg(test)]
mod tests;
