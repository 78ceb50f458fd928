//! What a dead process left unfinished becomes `unknown`: never zero, never
//! forgotten.

use std::path::Path;
use std::time::Duration;

use domain::Timestamp;

use sqlx::{AnyConnection, AssertSqlSafe};

use super::AttemptStart;
use super::days::{self, Days, Sums};
use super::journal::Journal;
use super::line::write_when_free;
use super::sqlite::SqliteLine;
use super::sync::{log_of, sync};
use super::writer::Group;
use crate::budgets;
use crate::error::StoreError;
use crate::mutation::Write;
use crate::open::{Dialect, Store};
use crate::row::Columns;

/// A node silent for longer is dead.
pub(crate) const LEASE: Duration = Duration::from_secs(30);
/// No call takes longer.
const LONGEST_CALL: Duration = Duration::from_hours(3);
/// A dead node's row is kept for as long, to be looked at.
const KEPT: Duration = Duration::from_hours(24);

const ENTER: &str = "INSERT INTO nodes (id, serves, started_at, heartbeat_at) VALUES ($1, $2, $3, $3) \
     ON CONFLICT (id) DO UPDATE SET heartbeat_at = excluded.heartbeat_at";

/// On SQLite one server at a time has the lock, so that to a server all others
/// are dead at once ($4 = 0); the command line's and PostgreSQL's nodes have a
/// lease.
const GIVE_UP: &str = "UPDATE attempts SET state = 'unknown', usage_source = 'unknown', settled_at = $3 \
     WHERE state = 'dispatched' AND node_id <> $1 \
     AND node_id NOT IN (SELECT id FROM nodes WHERE heartbeat_at >= $2 AND serves <= $4)";

/// Enters what a killed server left in its journal, as calls under way; they are
/// given up with the others of that server. The journal is empty afterwards.
pub(super) async fn take_over(database: &Path) -> Result<Journal, StoreError> {
    let unreadable = |error: std::io::Error| StoreError::Unavailable(error.into());
    let (mut journal, left) = Journal::open(database).map_err(unreadable)?;
    if !left.is_empty() {
        let mut line = SqliteLine::open(database)?;
        if let Err(error) = write_when_free(&mut line, &Group::of_starts(&left)).await {
            tracing::warn!(error = %crate::error::root_cause(&error), "the journal's calls are entered one by one");
            for start in left.chunks(1) {
                enter_alone(&mut line, start).await?;
            }
        }
        sync(&log_of(database)).map_err(|error| unreadable(std::io::Error::other(error)))?;
        tracing::info!(calls = left.len(), "calls that a killed server left in its journal are in the ledger");
    }
    journal.empty().map_err(unreadable)?;
    Ok(journal)
}

/// Enters one call. A row that the database refuses keeps no server from starting.
async fn enter_alone(line: &mut SqliteLine, start: &[AttemptStart]) -> Result<(), StoreError> {
    match write_when_free(line, &Group::of_starts(start)).await {
        Err(error @ (StoreError::Database(_) | StoreError::Integrity(_) | StoreError::Conflict(_))) => {
            let attempt = start.first().map(|start| start.attempt.to_string());
            tracing::error!(error = %crate::error::root_cause(&error), attempt, "a call's row was refused");
            Ok(())
        }
        written => written,
    }
}

/// Enters this node, and where it is a server, gives up what others left.
pub(crate) async fn enter(store: &Store, now: Timestamp) -> Result<(), StoreError> {
    heartbeat(store, now).await?;
    if store.serves() {
        recover(store, now).await?;
    }
    Ok(())
}

/// Says that this node lives. Call at least every ten seconds. On PostgreSQL it
/// waits for nothing else that this process writes: however long that takes, the
/// node is not dead.
///
/// # Errors
/// When the database cannot be written.
pub async fn heartbeat(store: &Store, now: Timestamp) -> Result<(), StoreError> {
    match store.dialect() {
        Dialect::Sqlite => {
            let mut write = Write::begin(store).await?;
            enter_node(write.connection(), store, now).await?;
            write.commit().await?;
        }
        Dialect::Postgres => {
            let mut connection = store.pool().acquire().await?;
            enter_node(&mut connection, store, now).await?;
        }
    }
    crate::keyring::nodes::follow(store, now).await
}

/// Two statements that need no transaction round them.
async fn enter_node(connection: &mut AnyConnection, store: &Store, now: Timestamp) -> Result<(), StoreError> {
    sqlx::query(ENTER)
        .bind(store.node().to_string())
        .bind(i64::from(store.serves()))
        .bind(now.as_micros())
        .execute(&mut *connection)
        .await?;
    sqlx::query("DELETE FROM nodes WHERE heartbeat_at < $1")
        .bind(now.minus(KEPT).as_micros())
        .execute(connection)
        .await?;
    Ok(())
}

/// Gives up the unfinished attempts of nodes that have been silent for 30
/// seconds: they become `unknown`, never zero. How many. Answers of chats that
/// those nodes were fetching become `failed`.
///
/// # Errors
/// When the database cannot be written.
pub async fn recover(store: &Store, now: Timestamp) -> Result<u64, StoreError> {
    let is_alone = store.serves() && store.dialect() == Dialect::Sqlite;
    let mut write = Write::begin(store).await?;
    let text = format!("{GIVE_UP} RETURNING {}", days::returned(""));
    let given_up = sqlx::query(AssertSqlSafe(text))
        .bind(store.node().to_string())
        .bind(now.minus(LEASE).as_micros())
        .bind(now.as_micros())
        .bind(i64::from(!is_alone))
        .fetch_all(write.connection())
        .await?;
    crate::conversations::give_up(write.connection(), store.node(), now.minus(LEASE), !is_alone).await?;
    let mut days = Days::default();
    for row in &given_up {
        let (key, number) = days::read_key(&Columns(row))?;
        days.add(key, Sums::given_up(number), now.as_micros());
    }
    days.write(write.connection()).await?;
    let silence = (now.minus(LEASE), i64::from(!is_alone));
    budgets::ending::recover(write.connection(), store.node(), silence, now.minus(LONGEST_CALL)).await?;
    write.commit().await?;
    Ok(given_up.len() as u64)
}
