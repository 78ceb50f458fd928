//! Hints that the feed moved: PostgreSQL sends them, SQLite is asked for them
//! four times a second (the command line is a second process).
//!
//! PostgreSQL also carries word of usage from node to node: whoever has readers
//! of events says so, and whoever hears that tells who made calls. The words are
//! sent outside every other transaction, and only while somebody listens.

use std::time::Duration;

use sqlx::postgres::PgListener;
use sqlx::{AnyConnection, Connection as _};
use tokio::time::Instant;

use crate::error::StoreError;
use crate::open::{Dialect, Store};

const POLL: Duration = Duration::from_millis(250);

const CHANGES: &str = "ownkey_changes";
const USAGE: &str = "ownkey_usage";
const USAGE_WANTED: &str = "ownkey_usage_wanted";
const CONVERSATION: &str = "ownkey_conversation";

/// What was heard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hint {
    /// The feed moved.
    Changed,
    /// A node tells of usage, in the words given to [`tell_usage`].
    Usage(String),
    /// A node has readers of usage, in the words given to [`want_usage`].
    UsageWanted(String),
    /// A node tells of a chat, in the words given to [`tell_conversation`].
    Conversation(String),
}

/// Tells the other nodes of usage. Nothing on SQLite, which has one server.
///
/// # Errors
/// When the database cannot be reached.
pub async fn tell_usage(store: &Store, words: &str) -> Result<(), StoreError> {
    notify(store, USAGE, words).await
}

/// Says that this node has readers of usage. Nothing on SQLite.
///
/// # Errors
/// When the database cannot be reached.
pub async fn want_usage(store: &Store, words: &str) -> Result<(), StoreError> {
    notify(store, USAGE_WANTED, words).await
}

/// Tells the other nodes that a chat is another one. Nothing on SQLite.
///
/// # Errors
/// When the database cannot be reached.
pub async fn tell_conversation(store: &Store, words: &str) -> Result<(), StoreError> {
    notify(store, CONVERSATION, words).await
}

async fn notify(store: &Store, channel: &str, words: &str) -> Result<(), StoreError> {
    if store.dialect() == Dialect::Postgres {
        let statement = "SELECT CAST(pg_notify($1, $2) AS TEXT)";
        sqlx::query(statement).bind(channel).bind(words).fetch_all(store.pool()).await?;
    }
    Ok(())
}

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
            listener.listen_all([CHANGES, USAGE, USAGE_WANTED, CONVERSATION]).await?;
            return Ok(Self(Watch::Postgres(Box::new(listener))));
        }
        let mut connection = Box::new(store.target().own_connection().await?);
        let version = data_version(&mut connection).await?;
        let seq = last_seq(&mut connection).await?;
        Ok(Self(Watch::Sqlite { connection, version, seq }))
    }

    /// Returns at a hint, or after `max` without one. Either way, read
    /// [`super::since`]: hints may be lost.
    ///
    /// # Errors
    /// When the database cannot be reached; call again later.
    pub async fn wait(&mut self, max: Duration) -> Result<Option<Hint>, StoreError> {
        match &mut self.0 {
            Watch::Postgres(listener) => match tokio::time::timeout(max, listener.try_recv()).await {
                Ok(Ok(Some(word))) => Ok(Some(match word.channel() {
                    USAGE => Hint::Usage(word.payload().to_owned()),
                    USAGE_WANTED => Hint::UsageWanted(word.payload().to_owned()),
                    CONVERSATION => Hint::Conversation(word.payload().to_owned()),
                    _ => Hint::Changed,
                })),
                // The connection was made anew: what was said meanwhile is lost.
                Ok(Ok(None)) => Ok(Some(Hint::Changed)),
                Ok(Err(error)) => Err(error.into()),
                Err(_) => Ok(None),
            },
            Watch::Sqlite { connection, version, seq } => {
                let end = Instant::now() + max;
                loop {
                    if has_moved(connection, version, seq).await? {
                        return Ok(Some(Hint::Changed));
                    }
                    let now = Instant::now();
                    if now >= end {
                        return Ok(None);
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
