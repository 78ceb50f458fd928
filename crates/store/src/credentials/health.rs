//! What calls and checks teach about a key: written often, told in the feed of
//! health when its status changed, and audited never.

use domain::Timestamp;
use domain::credential::KeyStatus;
use domain::ids::CredentialId;

use super::Health;
use crate::error::StoreError;
use crate::health_feed::{Finding, HealthKind};
use crate::mutation::Write;
use crate::open::Store;
use crate::row::{Columns, in_row_order};

/// Keeps what a check or a call found, unless the secret has moved on since.
/// `true` when the status is another one now; then other nodes are told.
///
/// # Errors
/// When the database cannot be written.
pub async fn set_health(store: &Store, id: CredentialId, health: &Health) -> Result<bool, StoreError> {
    let mut write = Write::begin(store).await?;
    let former: Option<String> = sqlx::query_scalar(
        "SELECT status FROM credentials WHERE id = $1 AND secret_version = $2 AND deleted_at IS NULL",
    )
    .bind(id.to_string())
    .bind(health.secret_version)
    .fetch_optional(write.connection())
    .await?;
    let Some(former) = former else {
        write.rollback().await?;
        return Ok(false);
    };
    sqlx::query(
        "UPDATE credentials SET status = $3, status_reason = $4, checked_at = $5 \
         WHERE id = $1 AND secret_version = $2 AND deleted_at IS NULL",
    )
    .bind(id.to_string())
    .bind(health.secret_version)
    .bind(health.status.as_str())
    .bind(health.reason.as_deref())
    .bind(health.at.as_micros())
    .execute(write.connection())
    .await?;
    let has_changed = former != health.status.as_str();
    if has_changed {
        write.tell(Finding {
            kind: HealthKind::Status,
            credential: id,
            at: health.at,
            status: Some(health.status),
            reason: health.reason.clone(),
        });
    }
    write.commit().await?;
    Ok(has_changed)
}

/// Notes when keys were last used. Not audited, not told to other nodes.
///
/// # Errors
/// When the database cannot be written.
pub async fn touch_last_used(store: &Store, uses: &[(CredentialId, Timestamp)]) -> Result<(), StoreError> {
    let mut write = Write::begin(store).await?;
    for (id, at) in in_row_order(uses) {
        sqlx::query("UPDATE credentials SET last_used_at = $2 WHERE id = $1 AND COALESCE(last_used_at, 0) < $2")
            .bind(id.to_string())
            .bind(at.as_micros())
            .execute(write.connection())
            .await?;
    }
    write.commit().await
}

/// How many credentials are in each state.
///
/// # Errors
/// When the database cannot be read.
pub async fn count_by_status(store: &Store) -> Result<Vec<(KeyStatus, i64)>, StoreError> {
    let rows = sqlx::query(
        "SELECT status, COUNT(*) AS number FROM credentials WHERE deleted_at IS NULL GROUP BY status ORDER BY status",
    )
    .fetch_all(store.pool())
    .await?;
    rows.iter().map(|row| Ok((Columns(row).parsed("status")?, Columns(row).number("number")?))).collect()
}
