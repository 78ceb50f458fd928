//! Chats that go: with the people whose they are, and with time; and answers that
//! come no more.

use domain::ids::{NodeId, UserId};
use domain::{Timestamp, conversation};
use sqlx::{AnyConnection, AssertSqlSafe};

use crate::error::StoreError;
use crate::mutation::{Mutation, Write};
use crate::open::Store;
use crate::row::placeholders;

/// How many chats are deleted in one transaction.
const BATCH: i64 = 20;

/// Holds the rows of chats that are as old as they were found to be.
const STILL_OLD: &str = "UPDATE conversations SET updated_at = updated_at \
     WHERE (updated_at < $1 OR (is_temporary = 1 AND updated_at < $2))";

/// As with the ledger's rows: a node without a heartbeat is dead.
const GIVE_UP: &str = "UPDATE messages SET state = 'failed', error_code = $3, error_sentence = $4 \
     WHERE state = 'running' AND node_id <> $1 \
     AND node_id NOT IN (SELECT id FROM nodes WHERE heartbeat_at >= $2 AND serves <= $5)";

/// Deletes all chats of a person who leaves.
///
/// # Errors
/// When the database cannot be written.
pub async fn delete_of_user(change: &mut Mutation, user: UserId) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM messages WHERE conversation_id IN (SELECT id FROM conversations WHERE user_id = $1)")
        .bind(user.to_string())
        .execute(change.connection())
        .await?;
    sqlx::query("DELETE FROM conversations WHERE user_id = $1")
        .bind(user.to_string())
        .execute(change.connection())
        .await?;
    Ok(())
}

/// Deletes chats in which nothing was said since `before` (`None`: they are kept
/// for good), and temporary ones in which nothing was said since
/// `temporary_before`. Those with an answer under way stay. How many.
///
/// # Errors
/// When the database cannot be written. What is gone by then stays gone.
pub async fn prune(store: &Store, before: Option<Timestamp>, temporary_before: Timestamp) -> Result<u64, StoreError> {
    let mut deleted = 0;
    loop {
        let ids: Vec<String> = sqlx::query_scalar(
            "SELECT c.id FROM conversations AS c WHERE (c.updated_at < $1 OR (c.is_temporary = 1 AND c.updated_at < $2)) \
             AND NOT EXISTS (SELECT 1 FROM messages AS m WHERE m.conversation_id = c.id AND m.state = 'running') \
             LIMIT $3",
        )
        .bind(before.map_or(i64::MIN, Timestamp::as_micros))
        .bind(temporary_before.as_micros())
        .bind(BATCH)
        .fetch_all(store.pool())
        .await?;
        if ids.is_empty() {
            return Ok(deleted);
        }
        let mut write = Write::begin(store).await?;
        // Asked again with the rows held: who has just gone on with one keeps it.
        let text = format!("{STILL_OLD} AND id IN ({}) RETURNING id", placeholders(3, ids.len()));
        let mut query = sqlx::query_scalar(AssertSqlSafe(text))
            .bind(before.map_or(i64::MIN, Timestamp::as_micros))
            .bind(temporary_before.as_micros());
        for id in &ids {
            query = query.bind(id.clone());
        }
        let old: Vec<String> = query.fetch_all(write.connection()).await?;
        if old.is_empty() {
            write.rollback().await?;
            return Ok(deleted);
        }
        deleted += erase(write.connection(), &old).await?;
        write.commit().await?;
    }
}

pub(super) async fn erase(connection: &mut AnyConnection, ids: &[String]) -> Result<u64, StoreError> {
    let places = placeholders(1, ids.len());
    let bound = |text: String| {
        let mut query = sqlx::query(AssertSqlSafe(text));
        for id in ids {
            query = query.bind(id.clone());
        }
        query
    };
    bound(format!("DELETE FROM messages WHERE conversation_id IN ({places})")).execute(&mut *connection).await?;
    let done = bound(format!("DELETE FROM conversations WHERE id IN ({places})")).execute(&mut *connection).await?;
    Ok(done.rows_affected())
}

/// Answers that dead nodes were fetching come no more.
pub(crate) async fn give_up(
    connection: &mut AnyConnection,
    node: NodeId,
    silent_since: Timestamp,
    others_may_serve: bool,
) -> Result<(), StoreError> {
    sqlx::query(GIVE_UP)
        .bind(node.to_string())
        .bind(silent_since.as_micros())
        .bind(conversation::INTERRUPTED)
        .bind(conversation::INTERRUPTED_SENTENCE)
        .bind(i64::from(others_may_serve))
        .execute(connection)
        .await?;
    Ok(())
}
