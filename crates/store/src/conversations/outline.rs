//! A chat without what is said in it, and those of its messages that are wanted:
//! pictures that nobody looks at stay where they are.

use std::collections::HashMap;

use domain::conversation::{Message, Outline};
use domain::ids::{ConversationId, MessageId};
use sqlx::AssertSqlSafe;
use sqlx::any::AnyRow;

use super::messages::read;
use crate::error::StoreError;
use crate::open::Store;
use crate::row::{Columns, placeholders};

/// How many messages one statement names.
const AT_ONCE: usize = 200;

/// Every message of a chat, oldest first, without what it says.
///
/// # Errors
/// When the database cannot be read.
pub async fn outline_of(store: &Store, conversation: ConversationId) -> Result<Vec<Outline>, StoreError> {
    let rows = sqlx::query(
        "SELECT id, parent_id, author, state, CAST(OCTET_LENGTH(parts) + OCTET_LENGTH(reasoning) AS BIGINT) AS bytes \
         FROM messages WHERE conversation_id = $1 ORDER BY id",
    )
    .bind(conversation.to_string())
    .fetch_all(store.pool())
    .await?;
    let outline = |row: &AnyRow| {
        let row = Columns(row);
        Ok(Outline {
            id: row.parsed("id")?,
            parent: row.optional_parsed("parent_id")?,
            author: row.parsed("author")?,
            state: row.parsed("state")?,
            bytes: row.count("bytes")?,
        })
    };
    rows.iter().map(outline).collect()
}

/// These messages of a chat, in this order; those that are gone are left out.
///
/// # Errors
/// When the database cannot be read.
pub async fn messages_at(
    store: &Store,
    conversation: ConversationId,
    ids: &[MessageId],
) -> Result<Vec<Message>, StoreError> {
    let mut found = HashMap::new();
    for some in ids.chunks(AT_ONCE) {
        let text =
            format!("SELECT * FROM messages WHERE conversation_id = $1 AND id IN ({})", placeholders(2, some.len()));
        let query = sqlx::query(AssertSqlSafe(text)).bind(conversation.to_string());
        let rows = some.iter().fold(query, |query, id| query.bind(id.to_string())).fetch_all(store.pool()).await?;
        for row in &rows {
            let message = read(row)?;
            found.insert(message.id, message);
        }
    }
    Ok(ids.iter().filter_map(|id| found.remove(id)).collect())
}
