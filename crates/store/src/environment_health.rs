//! Table `environment_health`: the health of keys that are no rows, those of
//! the server's environment and of local providers.

use domain::Timestamp;
use domain::credential::KeyStatus;
use domain::ids::CredentialId;

use crate::error::StoreError;
use crate::health_feed::{Finding, HealthKind};
use crate::mutation::Write;
use crate::open::Store;
use crate::row::Columns;

const PUT: &str = "INSERT INTO environment_health (credential_id, value_fingerprint, status, status_reason, checked_at) \
     VALUES ($1, $2, $3, $4, $5) ON CONFLICT (credential_id) DO UPDATE SET \
     value_fingerprint = excluded.value_fingerprint, status = excluded.status, \
     status_reason = excluded.status_reason, checked_at = excluded.checked_at";

/// What is known about a key of the environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnvironmentHealth {
    /// Which.
    pub credential: CredentialId,
    /// Of which value: another value means nothing is known.
    pub value_fingerprint: String,
    /// Its health.
    pub status: KeyStatus,
    /// In plain words.
    pub reason: Option<String>,
    /// When it was learnt.
    pub checked_at: Timestamp,
}

/// All that is known.
///
/// # Errors
/// When the database cannot be read.
pub async fn all(store: &Store) -> Result<Vec<EnvironmentHealth>, StoreError> {
    let rows = sqlx::query("SELECT * FROM environment_health ORDER BY credential_id").fetch_all(store.pool()).await?;
    let read = |row| {
        let row = Columns(row);
        Ok(EnvironmentHealth {
            credential: row.parsed("credential_id")?,
            value_fingerprint: row.text("value_fingerprint")?,
            status: row.parsed("status")?,
            reason: row.optional_text("status_reason")?,
            checked_at: row.time("checked_at")?,
        })
    };
    rows.iter().map(read).collect()
}

/// Keeps what a check or a call found. `true` when the value or its status is
/// another one now; then other nodes are told.
///
/// # Errors
/// When the database cannot be written.
pub async fn put(store: &Store, health: &EnvironmentHealth) -> Result<bool, StoreError> {
    let mut write = Write::begin(store).await?;
    let former: Option<String> =
        sqlx::query_scalar("SELECT status FROM environment_health WHERE credential_id = $1 AND value_fingerprint = $2")
            .bind(health.credential.to_string())
            .bind(health.value_fingerprint.as_str())
            .fetch_optional(write.connection())
            .await?;
    sqlx::query(PUT)
        .bind(health.credential.to_string())
        .bind(health.value_fingerprint.as_str())
        .bind(health.status.as_str())
        .bind(health.reason.as_deref())
        .bind(health.checked_at.as_micros())
        .execute(write.connection())
        .await?;
    let has_changed = former.as_deref() != Some(health.status.as_str());
    if has_changed {
        write.tell(Finding {
            kind: HealthKind::Status,
            credential: health.credential,
            at: health.checked_at,
            status: Some(health.status),
            reason: health.reason.clone(),
        });
    }
    write.commit().await?;
    Ok(has_changed)
}
