//! Table `key_checks`: when each key is checked next, who is at it, and how the
//! last checks went. On several nodes a check is done by whoever claims it.

use domain::Timestamp;
use domain::credential::KeyStatus;
use domain::ids::CredentialId;
use sqlx::AssertSqlSafe;
use sqlx::any::AnyRow;

use crate::error::StoreError;
use crate::mutation::Write;
use crate::open::Store;
use crate::row::{Columns, in_row_order, optional_micros, placeholders};

/// Keys nobody may use are not checked: switched off, expired, deleted, those of
/// people who are not there; nor those whose text does not open.
const DUE: &str = "SELECT k.credential_id FROM key_checks AS k JOIN credentials AS c ON c.id = k.credential_id \
     WHERE k.next_at <= $1 AND COALESCE(k.claimed_until, 0) <= $1 AND c.deleted_at IS NULL AND c.is_active = 1 \
     AND c.status <> 'undecryptable' AND (c.expires_at IS NULL OR c.expires_at > $1) \
     AND (c.scope <> 'personal' OR EXISTS (SELECT 1 FROM users AS u WHERE u.id = c.owner_id \
         AND u.is_active = 1 AND u.deleted_at IS NULL)) \
     ORDER BY k.next_at, k.credential_id LIMIT $2";

/// Nothing of a secret that has moved on since; keys that are no rows have none.
const NOTE: &str = "INSERT INTO key_checks (credential_id, secret_version, next_at, failures, claimed_until, \
     latency_ms, last_success_at) SELECT CAST($1 AS TEXT), CAST($6 AS BIGINT), CAST($2 AS BIGINT), \
     CAST($3 AS BIGINT), NULL, CAST($4 AS BIGINT), CAST($5 AS BIGINT) WHERE CAST($6 AS BIGINT) IS NULL OR EXISTS (SELECT 1 FROM credentials \
         WHERE id = CAST($1 AS TEXT) AND secret_version = CAST($6 AS BIGINT) AND deleted_at IS NULL) \
     ON CONFLICT (credential_id) DO UPDATE SET secret_version = excluded.secret_version, \
     next_at = excluded.next_at, failures = excluded.failures, claimed_until = NULL, \
     latency_ms = COALESCE(excluded.latency_ms, key_checks.latency_ms), \
     last_success_at = COALESCE(excluded.last_success_at, key_checks.last_success_at)";

/// A key's place in the schedule, and how it did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyCheck {
    /// Which key.
    pub credential: CredentialId,
    /// The version of the secret that the failures are of; `None` for keys that
    /// are not stored, and for those not checked yet.
    pub secret_version: Option<i64>,
    /// When it is checked next.
    pub next_at: Timestamp,
    /// How many findings in a row were not valid.
    pub failures: u32,
    /// How long the last check that was answered took, in ms.
    pub latency_ms: Option<i64>,
    /// When the provider last accepted it, in a check or a call.
    pub last_success_at: Option<Timestamp>,
}

/// The places of several keys, of those that have one.
///
/// # Errors
/// When the database cannot be read.
pub async fn all_for(store: &Store, credentials: &[CredentialId]) -> Result<Vec<KeyCheck>, StoreError> {
    if credentials.is_empty() {
        return Ok(Vec::new());
    }
    let places = placeholders(1, credentials.len());
    let text = format!("SELECT * FROM key_checks WHERE credential_id IN ({places}) ORDER BY credential_id");
    let mut query = sqlx::query(AssertSqlSafe(text));
    for credential in credentials {
        query = query.bind(credential.to_string());
    }
    query.fetch_all(store.pool()).await?.iter().map(read).collect()
}

/// Stored keys without a place, with their status.
///
/// # Errors
/// When the database cannot be read.
pub async fn without_place(store: &Store, limit: i64) -> Result<Vec<(CredentialId, KeyStatus)>, StoreError> {
    let rows = sqlx::query(
        "SELECT id, status FROM credentials AS c WHERE deleted_at IS NULL \
         AND NOT EXISTS (SELECT 1 FROM key_checks AS k WHERE k.credential_id = c.id) ORDER BY id LIMIT $1",
    )
    .bind(limit)
    .fetch_all(store.pool())
    .await?;
    rows.iter().map(|row| Ok((Columns(row).parsed("id")?, Columns(row).parsed("status")?))).collect()
}

/// Gives keys their first place; those that have one keep it.
///
/// # Errors
/// When the database cannot be written.
pub async fn place(store: &Store, places: &[(CredentialId, Timestamp)]) -> Result<(), StoreError> {
    let mut write = Write::begin(store).await?;
    for (credential, next_at) in in_row_order(places) {
        sqlx::query(
            "INSERT INTO key_checks (credential_id, next_at, failures) VALUES ($1, $2, 0) \
             ON CONFLICT (credential_id) DO NOTHING",
        )
        .bind(credential.to_string())
        .bind(next_at.as_micros())
        .execute(write.connection())
        .await?;
    }
    write.commit().await
}

/// The stored keys whose time has come and that nobody is at, the longest due
/// first.
///
/// # Errors
/// When the database cannot be read.
pub async fn due(store: &Store, now: Timestamp, limit: i64) -> Result<Vec<CredentialId>, StoreError> {
    let rows = sqlx::query(DUE).bind(now.as_micros()).bind(limit).fetch_all(store.pool()).await?;
    rows.iter().map(|row| Columns(row).parsed("credential_id")).collect()
}

/// Takes a key's check on, until `until`. `false`: somebody else has it, or its
/// time has not come.
///
/// # Errors
/// When the database cannot be written.
pub async fn claim(
    store: &Store,
    credential: CredentialId,
    now: Timestamp,
    until: Timestamp,
) -> Result<bool, StoreError> {
    let mut write = Write::begin(store).await?;
    let done = sqlx::query(
        "UPDATE key_checks SET claimed_until = $3 \
         WHERE credential_id = $1 AND next_at <= $2 AND COALESCE(claimed_until, 0) <= $2",
    )
    .bind(credential.to_string())
    .bind(now.as_micros())
    .bind(until.as_micros())
    .execute(write.connection())
    .await?;
    write.commit().await?;
    Ok(done.rows_affected() == 1)
}

/// Keeps how a key did and when it is checked next; ends a claim. Nothing is
/// kept of a secret that has been replaced since.
///
/// # Errors
/// When the database cannot be written.
pub async fn note(store: &Store, check: &KeyCheck) -> Result<(), StoreError> {
    let mut write = Write::begin(store).await?;
    sqlx::query(NOTE)
        .bind(check.credential.to_string())
        .bind(check.next_at.as_micros())
        .bind(i64::from(check.failures))
        .bind(check.latency_ms)
        .bind(optional_micros(check.last_success_at))
        .bind(check.secret_version)
        .execute(write.connection())
        .await?;
    write.commit().await
}

/// Notes when calls last succeeded. Not told to other nodes.
///
/// # Errors
/// When the database cannot be written.
pub async fn note_successes(store: &Store, successes: &[(CredentialId, Timestamp)]) -> Result<(), StoreError> {
    let mut write = Write::begin(store).await?;
    for (credential, at) in in_row_order(successes) {
        sqlx::query(
            "UPDATE key_checks SET last_success_at = $2 WHERE credential_id = $1 AND COALESCE(last_success_at, 0) < $2",
        )
        .bind(credential.to_string())
        .bind(at.as_micros())
        .execute(write.connection())
        .await?;
    }
    write.commit().await
}

/// Forgets the places of deleted keys.
///
/// # Errors
/// When the database cannot be written.
pub async fn prune(store: &Store) -> Result<(), StoreError> {
    let mut write = Write::begin(store).await?;
    sqlx::query(
        "DELETE FROM key_checks WHERE EXISTS (SELECT 1 FROM credentials AS c \
         WHERE c.id = key_checks.credential_id AND c.deleted_at IS NOT NULL)",
    )
    .execute(write.connection())
    .await?;
    write.commit().await
}

fn read(row: &AnyRow) -> Result<KeyCheck, StoreError> {
    let row = Columns(row);
    Ok(KeyCheck {
        credential: row.parsed("credential_id")?,
        secret_version: row.optional_number("secret_version")?,
        next_at: row.time("next_at")?,
        failures: u32::try_from(row.number("failures")?).unwrap_or(u32::MAX),
        latency_ms: row.optional_number("latency_ms")?,
        last_success_at: row.optional_time("last_success_at")?,
    })
}

#[cfg(test)]
mod tests;
