//! What a dead process left unfinished becomes `unknown`: never zero, never
//! forgotten.

use std::time::Duration;

use domain::Timestamp;

use sqlx::{AnyConnection, AssertSqlSafe};

use super::days::{self, Days, Sums};
use crate::error::StoreError;
use crate::mutation::Write;
use crate::open::{Dialect, Store};
use crate::row::Columns;

/// A node silent for longer is dead.
pub(crate) const LEASE: Duration = Duration::from_secs(30);
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
    write.commit().await?;
    Ok(given_up.len() as u64)
}
