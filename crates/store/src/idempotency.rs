//! Table `idempotency`: what was already done under an `Idempotency-Key`.
//! Never a body, only its hash.

use std::time::Duration;

use domain::Timestamp;

use crate::error::StoreError;
use crate::mutation::Write;
use crate::open::Store;
use crate::row::Columns;

/// For how long a key is remembered.
const REMEMBERED: Duration = Duration::from_hours(24);

/// No request runs longer: a claim this old without an end belonged to a process
/// that died.
const LONGEST: Duration = Duration::from_mins(130);

/// Takes a free or forgotten key; nothing when another request has it.
const CLAIM: &str = "INSERT INTO idempotency (caller, idempotency_key, body_hash, created_at) VALUES ($1, $2, $3, $4) \
     ON CONFLICT (caller, idempotency_key) DO UPDATE SET body_hash = excluded.body_hash, status = NULL, \
     resource_id = NULL, created_at = excluded.created_at WHERE idempotency.created_at < $5 \
     OR (idempotency.status IS NULL AND idempotency.created_at < $6) RETURNING caller";

/// What is known of a key at the start of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Known {
    /// Nothing; it is now this request's.
    Fresh,
    /// Another request holds it and has not finished.
    InProgress {
        /// The hash of that request's body.
        body_hash: String,
    },
    /// Done.
    Done {
        /// The hash of that request's body.
        body_hash: String,
        /// The status it was answered with.
        status: u16,
        /// The id of what it made, if anything.
        resource_id: Option<String>,
    },
}

/// Claims a key for a caller. A claim older than 24 hours is forgotten, and one
/// without an end earlier, when no request can still be running.
///
/// # Errors
/// When the database cannot be written.
pub async fn begin(
    store: &Store,
    key: &str,
    caller: &str,
    body_hash: &str,
    now: Timestamp,
) -> Result<Known, StoreError> {
    let mut write = Write::begin(store).await?;
    let claimed = sqlx::query(CLAIM)
        .bind(caller)
        .bind(key)
        .bind(body_hash)
        .bind(now.as_micros())
        .bind(now.minus(REMEMBERED).as_micros())
        .bind(now.minus(LONGEST).as_micros())
        .fetch_optional(write.connection())
        .await?;
    if claimed.is_some() {
        write.commit().await?;
        return Ok(Known::Fresh);
    }
    let row = sqlx::query(
        "SELECT body_hash, status, resource_id FROM idempotency WHERE caller = $1 AND idempotency_key = $2",
    )
    .bind(caller)
    .bind(key)
    .fetch_one(write.connection())
    .await?;
    write.rollback().await?;
    let row = Columns(&row);
    let body_hash = row.text("body_hash")?;
    Ok(match row.optional_number("status")? {
        None => Known::InProgress { body_hash },
        Some(status) => Known::Done {
            body_hash,
            status: u16::try_from(status).map_err(|error| StoreError::Integrity(error.to_string()))?,
            resource_id: row.optional_text("resource_id")?,
        },
    })
}

/// Keeps how the request ended.
///
/// # Errors
/// When the database cannot be written.
pub async fn finish(
    store: &Store,
    key: &str,
    caller: &str,
    status: u16,
    resource_id: Option<&str>,
) -> Result<(), StoreError> {
    let mut write = Write::begin(store).await?;
    sqlx::query("UPDATE idempotency SET status = $3, resource_id = $4 WHERE caller = $1 AND idempotency_key = $2")
        .bind(caller)
        .bind(key)
        .bind(i64::from(status))
        .bind(resource_id)
        .execute(write.connection())
        .await?;
    write.commit().await
}

/// Gives a claim back: the request failed and may be tried again.
///
/// # Errors
/// When the database cannot be written.
pub async fn release(store: &Store, key: &str, caller: &str) -> Result<(), StoreError> {
    let mut write = Write::begin(store).await?;
    sqlx::query("DELETE FROM idempotency WHERE caller = $1 AND idempotency_key = $2 AND status IS NULL")
        .bind(caller)
        .bind(key)
        .execute(write.connection())
        .await?;
    write.commit().await
}

/// Forgets everything older than 24 hours.
///
/// # Errors
/// When the database cannot be written.
pub async fn prune(store: &Store, now: Timestamp) -> Result<(), StoreError> {
    let mut write = Write::begin(store).await?;
    sqlx::query("DELETE FROM idempotency WHERE created_at < $1")
        .bind(now.minus(REMEMBERED).as_micros())
        .execute(write.connection())
        .await?;
    write.commit().await
}
