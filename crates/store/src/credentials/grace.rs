//! Former secrets that live on for a while after a rotation: rows of their own,
//! last in the order, with an end.

use domain::Timestamp;
use domain::ids::CredentialId;

use crate::changes::ChangeKind;
use crate::error::StoreError;
use crate::mutation::Mutation;
use crate::open::Store;
use crate::row::Columns;

/// A former secret whose time is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EndedGrace {
    /// Its row.
    pub credential: CredentialId,
    /// Whose former secret it is.
    pub of: CredentialId,
}

/// The rows of a key's former secrets.
///
/// # Errors
/// When the database cannot be read.
pub async fn grace_rows(change: &mut Mutation, of: CredentialId) -> Result<Vec<CredentialId>, StoreError> {
    let rows = sqlx::query("SELECT id FROM credentials WHERE grace_of = $1 AND deleted_at IS NULL ORDER BY id")
        .bind(of.to_string())
        .fetch_all(change.connection())
        .await?;
    rows.iter().map(|row| Columns(row).parsed("id")).collect()
}

/// Lets no former secret of a key outlive this moment.
///
/// # Errors
/// When the database cannot be written.
pub async fn shorten_grace(change: &mut Mutation, of: CredentialId, end: Timestamp) -> Result<(), StoreError> {
    let rows = sqlx::query(
        "UPDATE credentials SET expires_at = $2 WHERE grace_of = $1 AND expires_at > $2 AND deleted_at IS NULL \
         RETURNING id",
    )
    .bind(of.to_string())
    .bind(end.as_micros())
    .fetch_all(change.connection())
    .await?;
    for row in &rows {
        change.touch(ChangeKind::Credential, &Columns(row).text("id")?);
    }
    Ok(())
}

/// Gives one key the list of models of another: the same provider's, for the
/// same account.
///
/// # Errors
/// When the database cannot be written.
pub async fn copy_model_list(change: &mut Mutation, from: CredentialId, to: CredentialId) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO model_lists (credential_id, models, fetched_at, error) \
         SELECT $2, models, fetched_at, error FROM model_lists WHERE credential_id = $1",
    )
    .bind(from.to_string())
    .bind(to.to_string())
    .execute(change.connection())
    .await?;
    Ok(())
}

/// The former secrets whose grace is over at `now`.
///
/// # Errors
/// When the database cannot be read.
pub async fn ended_grace(store: &Store, now: Timestamp) -> Result<Vec<EndedGrace>, StoreError> {
    let rows = sqlx::query(
        "SELECT id, grace_of FROM credentials WHERE grace_of IS NOT NULL AND deleted_at IS NULL AND expires_at <= $1 \
         ORDER BY expires_at, id LIMIT 100",
    )
    .bind(now.as_micros())
    .fetch_all(store.pool())
    .await?;
    rows.iter()
        .map(|row| {
            let row = Columns(row);
            Ok(EndedGrace { credential: row.parsed("id")?, of: row.parsed("grace_of")? })
        })
        .collect()
}
