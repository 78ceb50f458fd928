//! The credentials of all owners: for the operator with the master key.

use domain::ProviderId;

use super::{StoredCredential, read_row};
use crate::error::StoreError;
use crate::open::Store;

/// Everybody's credentials, of one provider or of all, by owner.
///
/// # Errors
/// When the database cannot be read.
pub async fn of_everybody(store: &Store, provider: Option<ProviderId>) -> Result<Vec<StoredCredential>, StoreError> {
    let rows = sqlx::query(
        "SELECT * FROM credentials WHERE deleted_at IS NULL AND (CAST($1 AS TEXT) IS NULL OR provider = $1) \
         ORDER BY scope, owner_id, provider, is_primary DESC, priority, created_at, id",
    )
    .bind(provider.map(ProviderId::as_str))
    .fetch_all(store.pool())
    .await?;
    rows.iter().map(read_row).collect()
}
