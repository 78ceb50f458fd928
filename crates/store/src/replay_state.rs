//! Table `replay_state`: what a provider wants back when a conversation goes on
//! after a function was called, such as the signature of a thought. It may hold
//! content, so it is sealed; nothing is kept longer than a day.

use std::time::Duration;

use domain::{Entropy, Timestamp};

use crate::error::StoreError;
use crate::mutation::Write;
use crate::open::Store;
use crate::row::{Columns, placeholders};
use crate::vault::Sealed;

/// For how long a state is kept.
pub const KEPT: Duration = Duration::from_hours(24);

/// The most states asked for at once.
const BATCH: usize = 64;

const PUT: &str = "INSERT INTO replay_state (caller, call_id, sealed, created_at) VALUES ($1, $2, $3, $4) \
     ON CONFLICT (caller, call_id) DO UPDATE SET sealed = excluded.sealed, created_at = excluded.created_at";

/// Keeps the states of a caller's calls, each a text by the call's id.
///
/// # Errors
/// When the database cannot be written.
pub async fn put(
    store: &Store,
    caller: &str,
    states: &[(String, String)],
    now: Timestamp,
    entropy: &Entropy,
) -> Result<(), StoreError> {
    let mut write = Write::begin(store).await?;
    for (call_id, state) in states {
        let sealed = store.vault().seal_replay((caller, call_id), state, now, entropy);
        sqlx::query(PUT)
            .bind(caller)
            .bind(call_id.as_str())
            .bind(sealed.as_str())
            .bind(now.as_micros())
            .execute(write.connection())
            .await?;
    }
    write.commit().await
}

/// The states of these calls that are known, each with its call's id. One that
/// does not open is as good as lost.
///
/// # Errors
/// When the database cannot be read.
pub async fn of_calls(
    store: &Store,
    caller: &str,
    call_ids: &[&str],
    now: Timestamp,
) -> Result<Vec<(String, String)>, StoreError> {
    let mut found = Vec::new();
    for ids in call_ids.chunks(BATCH) {
        let text = format!(
            "SELECT call_id, sealed FROM replay_state WHERE caller = $1 AND created_at >= $2 AND call_id IN ({})",
            placeholders(3, ids.len())
        );
        let mut query = sqlx::query(sqlx::AssertSqlSafe(text)).bind(caller).bind(now.minus(KEPT).as_micros());
        for id in ids {
            query = query.bind(*id);
        }
        for row in query.fetch_all(store.pool()).await? {
            let row = Columns(&row);
            let (call_id, sealed) = (row.text("call_id")?, Sealed(row.text("sealed")?));
            if let Ok(state) = store.vault().open_replay((caller, &call_id), &sealed) {
                found.push((call_id, state));
            }
        }
    }
    Ok(found)
}

/// Forgets what is older than a day.
///
/// # Errors
/// When the database cannot be written.
pub async fn prune(store: &Store, now: Timestamp) -> Result<(), StoreError> {
    let mut write = Write::begin(store).await?;
    sqlx::query("DELETE FROM replay_state WHERE created_at < $1")
        .bind(now.minus(KEPT).as_micros())
        .execute(write.connection())
        .await?;
    write.commit().await
}

#[cfg(test)]
mod tests;
