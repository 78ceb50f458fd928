//! Table `tried_abilities`: what an endpoint was found to do, or to refuse, when
//! somebody had it tried. It is said of one endpoint: a key that moved to another
//! has been tried nowhere.

use domain::Timestamp;
use domain::ids::CredentialId;
use sqlx::AssertSqlSafe;
use sqlx::any::AnyRow;

use crate::error::StoreError;
use crate::health_feed::{Finding, HealthKind};
use crate::mutation::Write;
use crate::open::Store;
use crate::row::{Columns, placeholders};

const PUT: &str = "INSERT INTO tried_abilities (credential_id, model, ability, endpoint, outcome, tried_at) \
     VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (credential_id, model, ability) DO UPDATE SET \
     endpoint = excluded.endpoint, outcome = excluded.outcome, tried_at = excluded.tried_at";

/// What one try showed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TriedAbility {
    /// With which key.
    pub credential: CredentialId,
    /// Of which model, by the endpoint's id.
    pub model: String,
    /// What was tried.
    pub ability: String,
    /// Where.
    pub endpoint: String,
    /// What it showed.
    pub outcome: String,
    /// When.
    pub tried_at: Timestamp,
}

/// Keeps what was shown, in place of what an earlier try of the same showed.
/// Other nodes are told that the key's models are others now.
///
/// # Errors
/// When the database cannot be written.
pub async fn put(
    store: &Store,
    credential: CredentialId,
    shown: &[TriedAbility],
    at: Timestamp,
) -> Result<(), StoreError> {
    if shown.is_empty() {
        return Ok(());
    }
    let mut write = Write::begin(store).await?;
    for one in shown {
        sqlx::query(PUT)
            .bind(credential.to_string())
            .bind(one.model.as_str())
            .bind(one.ability.as_str())
            .bind(one.endpoint.as_str())
            .bind(one.outcome.as_str())
            .bind(one.tried_at.as_micros())
            .execute(write.connection())
            .await?;
    }
    write.tell(Finding { kind: HealthKind::Models, credential, at, status: None, reason: None });
    write.commit().await
}

/// What is known of these keys.
///
/// # Errors
/// When the database cannot be read.
pub async fn all_for(store: &Store, credentials: &[CredentialId]) -> Result<Vec<TriedAbility>, StoreError> {
    if credentials.is_empty() {
        return Ok(Vec::new());
    }
    let places = placeholders(1, credentials.len());
    let text = format!(
        "SELECT * FROM tried_abilities WHERE credential_id IN ({places}) ORDER BY credential_id, model, ability"
    );
    let mut query = sqlx::query(AssertSqlSafe(text));
    for credential in credentials {
        query = query.bind(credential.to_string());
    }
    query.fetch_all(store.pool()).await?.iter().map(read).collect()
}

/// Forgets what was shown of keys that are no more.
///
/// # Errors
/// When the database cannot be written.
pub async fn prune(store: &Store) -> Result<(), StoreError> {
    let mut write = Write::begin(store).await?;
    sqlx::query(
        "DELETE FROM tried_abilities WHERE EXISTS (SELECT 1 FROM credentials AS c \
         WHERE c.id = tried_abilities.credential_id AND c.deleted_at IS NOT NULL)",
    )
    .execute(write.connection())
    .await?;
    write.commit().await
}

fn read(row: &AnyRow) -> Result<TriedAbility, StoreError> {
    let row = Columns(row);
    Ok(TriedAbility {
        credential: row.parsed("credential_id")?,
        model: row.text("model")?,
        ability: row.text("ability")?,
        endpoint: row.text("endpoint")?,
        outcome: row.text("outcome")?,
        tried_at: row.time("tried_at")?,
    })
}

#[cfg(test)]
mod tests;
