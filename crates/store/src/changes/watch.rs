//! Hints that the feed moved: PostgreSQL sends them, SQLite is asked for them
//! four times a second (the command line is a second process).

use std::time::Duration;

use sqlx::postgres::PgListener;
use sqlx::{AnyConnection, Connection as _};
use tokio::time::Instant;

use crate::error::StoreError;
use crate::open::{Dialect, Store};

const POLL: Duration = Duration::from_millis(250);

/// Waits for hints that the feed moved.
pub struct ChangeWatch(Watch);

enum Watch {
    Sqlite { connection: Box<AnyConnection>, version: i64, seq: i64 },
    Postgres(Box<PgListener>),
}

impl ChangeWatch {
    /// Opens a connection of its own.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub async fn open(store: &Store) -> Result<Self, StoreError> {
        if store.dialect() == Dialect::Postgres {
            let mut listener = PgListener::connect(&store.target().url).await?;
            listener.listen("ownkey_changes").await?;
            return Ok(Self(Watch::Postgres(Box::new(listener))));
        }
        let mut connection = Box::new(store.target().own_connection().await?);
        let version = data_version(&mut connection).await?;
        let seq = last_seq(&mut connection).await?;
        Ok(Self(Watch::Sqlite { connection, version, seq }))
    }

    /// Returns at a hint, or after `max` without one; `true` for a hint. Either
    /// way, read [`super::since`]: hints may be lost.
    ///
    /// # Errors
    /// When the database cannot be reached; call again later.
    pub async fn wait(&mut self, max: Duration) -> Result<bool, StoreError> {
        match &mut self.0 {
            Watch::Postgres(listener) => match tokio::time::timeout(max, listener.try_recv()).await {
                Ok(received) => received.map(|_| true).map_err(StoreError::from),
                Err(_) => Ok(false),
            },
            Watch::Sqlite { connection, version, seq } => {
                let end = Instant::now() + max;
                loop {
                    if has_moved(connection, version, seq).await? {
                        return Ok(true);
                    }
                    let now = Instant::now();
                    if now >= end {
                        return Ok(false);
                    }
                    tokio::time::sleep(POLL.min(end - now)).await;
                }
            }
        }
    }

    /// Closes its connection.
    pub async fn close(self) {
        if let Watch::Sqlite { connection, .. } = self.0 {
            let _ = connection.close().await;
        }
    }
}

/// Any other connection's commit moves the version, also the ledger's; only
/// then is the feed itself asked.
async fn has_moved(connection: &mut AnyConnection, version: &mut i64, seq: &mut i64) -> Result<bool, StoreError> {
    let current = data_version(connection).await?;
    if current == *version {
        return Ok(false);
    }
    *version = current;
    let last = last_seq(connection).await?;
    let moved = last != *seq;
    *seq = last;
    Ok(moved)
}

async fn data_version(connection: &mut AnyConnection) -> Result<i64, StoreError> {
    Ok(sqlx::query_scalar("PRAGMA data_version").fetch_one(connection).await?)
}

async fn last_seq(connection: &mut AnyConnection) -> Result<i64, StoreError> {
    Ok(sqlx::query_scalar("SELECT seq FROM change_head WHERE id = 1").fetch_one(connection).await?)
}
