//! Table `cooldowns`: the limits that keys met at models, so that other nodes
//! and a restarted one leave them alone too. Not in the change feed: limits come
//! and go by the minute, and no cached row says anything else because of them.

use domain::Timestamp;
use domain::cooling::CoolDown;
use domain::ids::CredentialId;
use sqlx::any::AnyRow;

use crate::error::StoreError;
use crate::mutation::Write;
use crate::open::Store;
use crate::row::Columns;

/// The most that is read at once: the latest noted.
const MOST: i64 = 5_000;

/// A limit with an earlier end says nothing new, unless the key was replaced.
const PUT: &str = "INSERT INTO cooldowns (credential_id, model, value_fingerprint, error_class, ends_at, guesses, \
     noted_at) VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (credential_id, model) DO UPDATE SET \
     value_fingerprint = excluded.value_fingerprint, error_class = excluded.error_class, \
     ends_at = excluded.ends_at, guesses = excluded.guesses, noted_at = excluded.noted_at \
     WHERE excluded.ends_at > cooldowns.ends_at OR excluded.value_fingerprint <> cooldowns.value_fingerprint";

/// A limit that a key met at a model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Met {
    /// The key.
    pub credential: CredentialId,
    /// The provider's id of the model.
    pub model: String,
    /// Of which value: another value has limits of its own.
    pub value_fingerprint: String,
    /// What it met.
    pub cool_down: CoolDown,
}

/// Notes a limit.
///
/// # Errors
/// When the database cannot be written.
pub async fn put(store: &Store, met: &Met, now: Timestamp) -> Result<(), StoreError> {
    let mut write = Write::begin(store).await?;
    sqlx::query(PUT)
        .bind(met.credential.to_string())
        .bind(met.model.as_str())
        .bind(met.value_fingerprint.as_str())
        .bind(met.cool_down.class.as_str())
        .bind(met.cool_down.until.as_micros())
        .bind(i64::from(met.cool_down.guesses))
        .bind(now.as_micros())
        .execute(write.connection())
        .await?;
    write.commit().await
}

/// The limits that last at `now`.
///
/// # Errors
/// When the database cannot be read.
pub async fn lasting(store: &Store, now: Timestamp) -> Result<Vec<Met>, StoreError> {
    // SQLite plans a statement anew whenever a bare `LIMIT $2` is bound.
    let rows =
        sqlx::query("SELECT * FROM cooldowns WHERE ends_at > $1 ORDER BY noted_at DESC LIMIT CAST($2 AS BIGINT)")
            .bind(now.as_micros())
            .bind(MOST)
            .fetch_all(store.pool())
            .await?;
    rows.iter().map(read).collect()
}

/// Forgets the limits that ended before `now`.
///
/// # Errors
/// When the database cannot be written.
pub async fn prune(store: &Store, now: Timestamp) -> Result<(), StoreError> {
    let mut write = Write::begin(store).await?;
    sqlx::query("DELETE FROM cooldowns WHERE ends_at <= $1").bind(now.as_micros()).execute(write.connection()).await?;
    write.commit().await
}

fn read(row: &AnyRow) -> Result<Met, StoreError> {
    let row = Columns(row);
    Ok(Met {
        credential: row.parsed("credential_id")?,
        model: row.text("model")?,
        value_fingerprint: row.text("value_fingerprint")?,
        cool_down: CoolDown {
            class: row.parsed("error_class")?,
            until: row.time("ends_at")?,
            guesses: u32::try_from(row.count("guesses")?).unwrap_or(u32::MAX),
        },
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use domain::attempt::ErrorClass;

    use super::*;
    use crate::testing::{NOW, on_both};

    fn met(model: &str, fingerprint: &str, seconds: u64) -> Met {
        Met {
            credential: CredentialId::of_source("env:OPENAI_API_KEY"),
            model: model.to_owned(),
            value_fingerprint: fingerprint.to_owned(),
            cool_down: CoolDown {
                class: ErrorClass::RateLimited,
                until: NOW.plus(Duration::from_secs(seconds)),
                guesses: 2,
            },
        }
    }

    #[tokio::test]
    async fn limits_last_until_their_end_and_the_latest_end_counts() {
        on_both(async |place| {
            let store = place.open().await;
            let (short, long, other) = (met("m", "f", 10), met("m", "f", 30), met("n", "f", 20));
            for each in [&short, &long, &short, &other] {
                put(&store, each, NOW).await.unwrap();
            }
            let mut found = lasting(&store, NOW).await.unwrap();
            found.sort_by(|a, b| a.model.cmp(&b.model));
            assert_eq!(found, [long.clone(), other]);
            assert_eq!(lasting(&store, NOW.plus(Duration::from_secs(25))).await.unwrap(), [long]);
            assert_eq!(lasting(&store, NOW.plus(Duration::from_secs(30))).await.unwrap(), []);
            // Another value of the key starts afresh.
            let replaced = met("m", "g", 5);
            put(&store, &replaced, NOW).await.unwrap();
            assert!(lasting(&store, NOW).await.unwrap().contains(&replaced));
            prune(&store, NOW.plus(Duration::from_secs(10))).await.unwrap();
            assert_eq!(lasting(&store, Timestamp::default()).await.unwrap(), [met("n", "f", 20)]);
            store.close().await;
        })
        .await;
    }
}
