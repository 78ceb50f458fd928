//! Hints that the feed moved: PostgreSQL sends them, SQLite is asked for them
//! four times a second (the command line is a second process), directly: the trip
//! to a thread and back would cost ten times the question.
//!
//! PostgreSQL also carries word of usage from node to node: whoever has readers
//! of events says so, and whoever hears that tells who made calls. The words are
//! sent outside every other transaction, and only while somebody listens.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};
use sqlx::postgres::PgListener;
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
    Sqlite { file: Box<Looker>, seq: i64 },
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
        let file = store.target().file.as_deref().unwrap_or(Path::new(""));
        let mut file = Box::new(Looker::open(file)?);
        let (seq, _) = file.heads(store).await?;
        Ok(Self(Watch::Sqlite { file, seq }))
    }

    /// The last places of both feeds: of changes and of health.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn heads(&mut self, store: &Store) -> Result<(i64, i64), StoreError> {
        match &mut self.0 {
            Watch::Sqlite { file, .. } => file.heads(store).await,
            Watch::Postgres(_) => super::heads(store).await,
        }
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
            Watch::Sqlite { file, seq } => {
                let end = Instant::now() + max;
                loop {
                    match file.look() {
                        Ok((last, _)) if last != *seq => {
                            *seq = last;
                            return Ok(Some(Hint::Changed));
                        }
                        // Somebody has the file alone for a moment.
                        Ok(_) | Err(StoreError::Unavailable(_)) => {}
                        Err(error) => return Err(error),
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
}

/// Looks at SQLite's file.
struct Looker {
    connection: Connection,
    /// Any other connection's commit moves it, also the ledger's; only then is the
    /// feed itself asked.
    version: Option<i64>,
    heads: (i64, i64),
}

impl Looker {
    fn open(file: &Path) -> Result<Self, StoreError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(file, flags)?;
        connection.busy_timeout(Duration::ZERO)?;
        connection.execute_batch("PRAGMA cache_size = -64")?;
        Ok(Self { connection, version: None, heads: (0, 0) })
    }

    async fn heads(&mut self, store: &Store) -> Result<(i64, i64), StoreError> {
        match self.look() {
            // Somebody has the file alone for a moment: the pool's connections wait.
            Err(StoreError::Unavailable(_)) => super::heads(store).await,
            looked => looked,
        }
    }

    fn look(&mut self) -> Result<(i64, i64), StoreError> {
        let version = self.connection.prepare_cached("PRAGMA data_version")?.query_row((), |row| row.get(0))?;
        if self.version != Some(version) {
            let mut heads = self.connection.prepare_cached(super::HEADS)?;
            self.heads = heads.query_row((), |row| Ok((row.get(0)?, row.get(1)?)))?;
            self.version = Some(version);
        }
        Ok(self.heads)
    }
}
