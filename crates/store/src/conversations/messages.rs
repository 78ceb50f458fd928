//! What was said in a chat, and the answers that are coming. An answer under way
//! is written down every second by the node that fetches it; only that node ends
//! it, and only once.

use domain::Timestamp;
use domain::conversation::{Failure, Message, MessageState, Part, newest_leaf, subtree};
use domain::ids::{ConversationId, MessageId, UserId};
use domain::text::folded;
use domain::usage::TokenCounts;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, AssertSqlSafe};

use super::moved;
use crate::error::StoreError;
use crate::mutation::Write;
use crate::open::Store;
use crate::row::{Columns, json_text, optional_id, placeholders};

/// How many ids one statement names.
const BATCH: usize = 200;

const INSERT: &str = "INSERT INTO messages (id, conversation_id, parent_id, author, parts, search, reasoning, state, \
     node_id, stop_asked, model, credential_id, request_id, created_at, provider, scope, prompt_tokens, \
     completion_tokens, cached_tokens, cache_write_tokens, reasoning_tokens, cost_nanos, finish, dropped) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23)";

const CHECKPOINT: &str = "UPDATE messages SET parts = $2, reasoning = $3, reasoning_ms = $4, model = $5, \
     provider = $6, credential_id = $7, scope = $8 WHERE id = $1 AND state = 'running' RETURNING stop_asked";

const FINISH: &str = "UPDATE messages SET parts = $2, search = $3, reasoning = $4, reasoning_ms = $5, state = $6, \
     model = $7, provider = $8, credential_id = $9, scope = $10, prompt_tokens = $11, completion_tokens = $12, \
     cached_tokens = $13, cache_write_tokens = $14, reasoning_tokens = $15, cost_nanos = $16, first_token_ms = $17, \
     latency_ms = $18, finish = $19, dropped = $20, error_code = $21, error_sentence = $22, error_class = $23 \
     WHERE id = $1 AND state = 'running'";

const ASK_TO_STOP: &str = "UPDATE messages SET stop_asked = 1, \
     state = CASE WHEN node_id = $2 THEN 'stopped' ELSE state END WHERE id = $1 AND state = 'running'";

const DELETE: &str = "DELETE FROM messages WHERE conversation_id = $1 AND id IN ";

/// Whether what was said is in the chat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Added {
    /// It is.
    Yes,
    /// The chat, or what it follows, is gone.
    Gone,
}

/// What a node hears when it writes an answer down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Checkpoint {
    /// Go on.
    GoOn,
    /// Somebody at another node wants it stopped.
    StopAsked,
    /// It was deleted, or given up.
    Gone,
}

impl Checkpoint {
    /// From the column of a running answer, if it is one.
    const fn of(stop_asked: Option<i64>) -> Self {
        match stop_asked {
            Some(0) => Self::GoOn,
            Some(_) => Self::StopAsked,
            None => Self::Gone,
        }
    }
}

/// Adds what was said, in order; the last one is the chat's leaf. Answers that
/// are running belong to this node. `title` names a chat that has none.
///
/// # Errors
/// When the database cannot be written.
pub async fn add(
    store: &Store,
    conversation: ConversationId,
    messages: &[&Message],
    title: Option<&str>,
    at: Timestamp,
) -> Result<Added, StoreError> {
    let mut write = Write::begin(store).await?;
    let leaf = messages.last().map(|message| message.id);
    let parent = messages.first().and_then(|message| message.parent);
    // The chat first: what was looked for before its row was held may go meanwhile.
    let is_there = moved(write.connection(), conversation, leaf, at).await?
        && match parent {
            Some(parent) => exists(write.connection(), conversation, parent).await?,
            None => true,
        };
    if !is_there {
        write.rollback().await?;
        return Ok(Added::Gone);
    }
    if let Some(title) = title {
        sqlx::query("UPDATE conversations SET title = $2, search = $3 WHERE id = $1 AND title = ''")
            .bind(conversation.to_string())
            .bind(title)
            .bind(folded(title))
            .execute(write.connection())
            .await?;
    }
    for message in messages {
        let node = (message.state == MessageState::Running).then(|| store.node());
        sqlx::query(INSERT)
            .bind(message.id.to_string())
            .bind(conversation.to_string())
            .bind(optional_id(message.parent))
            .bind(message.author.as_str())
            .bind(json_text(&message.parts)?)
            .bind(searched(&message.parts))
            .bind(message.reasoning.as_str())
            .bind(message.state.as_str())
            .bind(optional_id(node))
            .bind(message.model.as_deref())
            .bind(optional_id(message.credential))
            .bind(optional_id(message.request))
            .bind(message.created_at.as_micros())
            .bind(message.provider.map(domain::ProviderId::as_str))
            .bind(message.scope.map(domain::credential::Scope::as_str))
            .bind(count_of(message, |tokens| tokens.prompt))
            .bind(count_of(message, |tokens| tokens.completion))
            .bind(count_of(message, |tokens| tokens.cached))
            .bind(count_of(message, |tokens| tokens.cache_write))
            .bind(count_of(message, |tokens| tokens.reasoning))
            .bind(message.cost.map(|cost| cost.0))
            .bind(message.finish.as_deref())
            .bind(dropped_of(message)?)
            .execute(write.connection())
            .await?;
    }
    write.commit().await?;
    Ok(Added::Yes)
}

fn count_of(message: &Message, read: fn(&TokenCounts) -> u64) -> Option<i64> {
    message.tokens.as_ref().map(|tokens| i64::try_from(read(tokens)).unwrap_or(i64::MAX))
}

fn dropped_of(message: &Message) -> Result<Option<String>, StoreError> {
    if message.dropped.is_empty() { Ok(None) } else { json_text(&message.dropped).map(Some) }
}

async fn exists(
    connection: &mut AnyConnection,
    conversation: ConversationId,
    id: MessageId,
) -> Result<bool, StoreError> {
    let found: i64 =
        sqlx::query_scalar("SELECT CAST(COUNT(*) AS BIGINT) FROM messages WHERE conversation_id = $1 AND id = $2")
            .bind(conversation.to_string())
            .bind(id.to_string())
            .fetch_one(connection)
            .await?;
    Ok(found > 0)
}

/// What a search looks at: the words, and the names of files.
fn searched(parts: &[Part]) -> String {
    let words = parts.iter().filter_map(|part| match part {
        Part::Text { text } => Some(text.as_str()),
        Part::File { name, .. } => Some(name.as_str()),
        Part::Image { name, .. } => name.as_deref(),
    });
    folded(&words.collect::<Vec<_>>().join("\n"))
}

/// Everything said in a chat, oldest first.
///
/// # Errors
/// When the database cannot be read.
pub async fn messages_of(store: &Store, conversation: ConversationId) -> Result<Vec<Message>, StoreError> {
    sqlx::query("SELECT * FROM messages WHERE conversation_id = $1 ORDER BY id")
        .bind(conversation.to_string())
        .fetch_all(store.pool())
        .await?
        .iter()
        .map(read)
        .collect()
}

/// One message of a chat.
///
/// # Errors
/// When the database cannot be read.
pub async fn message(
    store: &Store,
    conversation: ConversationId,
    id: MessageId,
) -> Result<Option<Message>, StoreError> {
    let row = sqlx::query("SELECT * FROM messages WHERE conversation_id = $1 AND id = $2")
        .bind(conversation.to_string())
        .bind(id.to_string())
        .fetch_optional(store.pool())
        .await?;
    row.as_ref().map(read).transpose()
}

/// How many answers to a person are coming.
///
/// # Errors
/// When the database cannot be read.
pub async fn running_of_user(store: &Store, user: UserId) -> Result<i64, StoreError> {
    Ok(sqlx::query_scalar(
        "SELECT CAST(COUNT(*) AS BIGINT) FROM messages AS m JOIN conversations AS c ON c.id = m.conversation_id \
         WHERE m.state = 'running' AND c.user_id = $1",
    )
    .bind(user.to_string())
    .fetch_one(store.pool())
    .await?)
}

/// Writes down how far an answer is. A power cut may take the last of it.
///
/// # Errors
/// When the database cannot be written.
pub async fn checkpoint(store: &Store, message: &Message) -> Result<Checkpoint, StoreError> {
    let mut write = Write::begin_passing(store).await?;
    let stop: Option<i64> = sqlx::query_scalar(CHECKPOINT)
        .bind(message.id.to_string())
        .bind(json_text(&message.parts)?)
        .bind(message.reasoning.as_str())
        .bind(message.reasoning_ms)
        .bind(message.model.as_deref())
        .bind(message.provider.map(domain::ProviderId::as_str))
        .bind(optional_id(message.credential))
        .bind(message.scope.map(domain::credential::Scope::as_str))
        .fetch_optional(write.connection())
        .await?;
    write.commit().await?;
    Ok(Checkpoint::of(stop))
}

/// As [`checkpoint`], where there is nothing new to write down.
///
/// # Errors
/// When the database cannot be read.
pub async fn is_to_go_on(store: &Store, id: MessageId) -> Result<Checkpoint, StoreError> {
    let stop = sqlx::query_scalar("SELECT stop_asked FROM messages WHERE id = $1 AND state = 'running'")
        .bind(id.to_string())
        .fetch_optional(store.pool())
        .await?;
    Ok(Checkpoint::of(stop))
}

/// Ends an answer. `false`: it was ended before, or is gone.
///
/// # Errors
/// When the database cannot be written.
pub async fn finish(store: &Store, message: &Message) -> Result<bool, StoreError> {
    let failure = message.failure.as_ref();
    let mut write = Write::begin(store).await?;
    let done = sqlx::query(FINISH)
        .bind(message.id.to_string())
        .bind(json_text(&message.parts)?)
        .bind(searched(&message.parts))
        .bind(message.reasoning.as_str())
        .bind(message.reasoning_ms)
        .bind(message.state.as_str())
        .bind(message.model.as_deref())
        .bind(message.provider.map(domain::ProviderId::as_str))
        .bind(optional_id(message.credential))
        .bind(message.scope.map(domain::credential::Scope::as_str))
        .bind(count_of(message, |tokens| tokens.prompt))
        .bind(count_of(message, |tokens| tokens.completion))
        .bind(count_of(message, |tokens| tokens.cached))
        .bind(count_of(message, |tokens| tokens.cache_write))
        .bind(count_of(message, |tokens| tokens.reasoning))
        .bind(message.cost.map(|cost| cost.0))
        .bind(message.first_token_ms)
        .bind(message.latency_ms)
        .bind(message.finish.as_deref())
        .bind(dropped_of(message)?)
        .bind(failure.map(|failure| failure.code.as_str()))
        .bind(failure.map(|failure| failure.sentence.as_str()))
        .bind(failure.and_then(|failure| failure.class).map(domain::attempt::ErrorClass::as_str))
        .execute(write.connection())
        .await?;
    write.commit().await?;
    Ok(done.rows_affected() > 0)
}

/// Asks the node that fetches an answer to stop; for answers that this node
/// knows nothing of. One that is said to be its own comes no more, and ends.
/// `false`: it is over.
///
/// # Errors
/// When the database cannot be written.
pub async fn ask_to_stop(store: &Store, id: MessageId) -> Result<bool, StoreError> {
    let mut write = Write::begin(store).await?;
    let done = sqlx::query(ASK_TO_STOP)
        .bind(id.to_string())
        .bind(store.node().to_string())
        .execute(write.connection())
        .await?;
    write.commit().await?;
    Ok(done.rows_affected() > 0)
}

/// Takes a message out of a chat, with everything that follows it by then, and
/// gives the ids of all of them. Where the branch that is read ended among them,
/// it ends with the newest that is left.
///
/// # Errors
/// When the database cannot be written.
pub async fn delete_message(
    store: &Store,
    conversation: ConversationId,
    root: MessageId,
) -> Result<Vec<MessageId>, StoreError> {
    let mut write = Write::begin(store).await?;
    // Holds the chat's row: nothing is said in it until this is through.
    let leaf: Option<Option<String>> =
        sqlx::query_scalar("UPDATE conversations SET leaf_id = leaf_id WHERE id = $1 RETURNING leaf_id")
            .bind(conversation.to_string())
            .fetch_optional(write.connection())
            .await?;
    let links = links(write.connection(), conversation).await?;
    let Some(&(_, parent)) = links.iter().find(|(id, _)| *id == root) else {
        write.rollback().await?;
        return Ok(Vec::new());
    };
    let gone = subtree(&links, root);
    for some in gone.chunks(BATCH) {
        let text = format!("{DELETE}({})", placeholders(2, some.len()));
        let mut query = sqlx::query(AssertSqlSafe(text)).bind(conversation.to_string());
        for id in some {
            query = query.bind(id.to_string());
        }
        query.execute(write.connection()).await?;
    }
    let leaf = leaf.flatten();
    if gone.iter().any(|id| Some(id.to_string()) == leaf) {
        let left: Vec<_> = links.into_iter().filter(|(id, _)| !gone.contains(id)).collect();
        sqlx::query("UPDATE conversations SET leaf_id = $2 WHERE id = $1")
            .bind(conversation.to_string())
            .bind(optional_id(newest_leaf(&left, parent)))
            .execute(write.connection())
            .await?;
    }
    write.commit().await?;
    Ok(gone)
}

/// What follows what in a chat.
async fn links(
    connection: &mut AnyConnection,
    conversation: ConversationId,
) -> Result<Vec<(MessageId, Option<MessageId>)>, StoreError> {
    let rows = sqlx::query("SELECT id, parent_id FROM messages WHERE conversation_id = $1")
        .bind(conversation.to_string())
        .fetch_all(connection)
        .await?;
    let link = |row: &AnyRow| Ok((Columns(row).parsed("id")?, Columns(row).optional_parsed("parent_id")?));
    rows.iter().map(link).collect()
}

pub(super) fn read(row: &AnyRow) -> Result<Message, StoreError> {
    let row = Columns(row);
    let tokens = match row.optional_number("prompt_tokens")? {
        None => None,
        Some(_) => Some(TokenCounts {
            prompt: row.count("prompt_tokens")?,
            completion: row.count("completion_tokens")?,
            cached: row.count("cached_tokens")?,
            cache_write: row.count("cache_write_tokens")?,
            cache_write_hour: 0,
            reasoning: row.count("reasoning_tokens")?,
        }),
    };
    let failure = match row.optional_text("error_code")? {
        None => None,
        Some(code) => Some(Failure {
            code,
            sentence: row.optional_text("error_sentence")?.unwrap_or_default(),
            class: row.optional_parsed("error_class")?,
        }),
    };
    Ok(Message {
        id: row.parsed("id")?,
        conversation: row.parsed("conversation_id")?,
        parent: row.optional_parsed("parent_id")?,
        author: row.parsed("author")?,
        parts: row.json("parts")?,
        reasoning: row.text("reasoning")?,
        reasoning_ms: row.optional_number("reasoning_ms")?,
        state: row.parsed("state")?,
        model: row.optional_text("model")?,
        provider: row.optional_parsed("provider")?,
        credential: row.optional_parsed("credential_id")?,
        scope: row.optional_parsed("scope")?,
        request: row.optional_parsed("request_id")?,
        tokens,
        cost: row.optional_nanos("cost_nanos")?,
        first_token_ms: row.optional_number("first_token_ms")?,
        latency_ms: row.optional_number("latency_ms")?,
        finish: row.optional_text("finish")?,
        dropped: row.optional_json("dropped")?.unwrap_or_default(),
        failure,
        created_at: row.time("created_at")?,
    })
}
