//! Tables `conversations` and `messages`: saved chats, readable by whoever runs
//! the server. They are what a person said and heard and no configuration, so
//! that no audit row tells of them; a user who is let go takes them along.

mod messages;
mod outline;
mod upkeep;

use domain::conversation::{Conversation, Parameters};
use domain::ids::{ConversationId, CredentialId, MessageId, UserId};
use domain::text::folded;
use domain::{Nanos, Timestamp};
use sqlx::AnyConnection;
use sqlx::any::AnyRow;

use crate::audit::{EXACT_COUNT, Page};
use crate::error::StoreError;
use crate::mutation::Write;
use crate::open::Store;
use crate::row::{Columns, json_text, optional_id};
use crate::usage::sum_of_costs;

pub use messages::{
    Added, Checkpoint, add, ask_to_stop, checkpoint, delete_message, finish, is_to_go_on, message, messages_of,
    running_of_user,
};
pub use outline::{messages_at, outline_of};
use upkeep::erase;
pub(crate) use upkeep::give_up;
pub use upkeep::{delete_of_user, prune};

/// A chat as lists and pages show it.
#[derive(Clone, Debug, PartialEq)]
pub struct Shown {
    /// The chat.
    pub conversation: Conversation,
    /// How many of its answers are coming.
    pub running: i64,
    /// What its answers cost, as far as anybody knows.
    pub cost: Nanos,
    /// Of how many answers nobody knows what they cost.
    pub unknown_costs: i64,
}

/// Where a page of chats ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConversationCursor {
    /// When something was last said in the last one.
    pub at: Timestamp,
    /// The last one.
    pub id: ConversationId,
}

/// A chat with what is counted of its messages.
macro_rules! shown {
    ($rest:literal) => {
        concat!(
            "SELECT c.*, CAST((SELECT COUNT(*) FROM messages AS m WHERE m.conversation_id = c.id \
             AND m.state = 'running') AS BIGINT) AS running, \
             CAST((SELECT ",
            sum_of_costs!("m.cost_nanos"),
            " FROM messages AS m WHERE m.conversation_id = c.id) AS BIGINT) AS cost_nanos, \
             CAST((SELECT COUNT(*) FROM messages AS m WHERE m.conversation_id = c.id AND m.author = 'assistant' \
             AND m.state IN ('done', 'stopped') AND m.cost_nanos IS NULL) AS BIGINT) AS unknown_costs \
             FROM conversations AS c ",
            $rest
        )
    };
}

/// Which chats stand in a person's list. `$2` is a pattern, or nothing.
macro_rules! listed {
    () => {
        "c.user_id = $1 AND c.is_temporary = 0 AND (CAST($2 AS TEXT) IS NULL OR c.search LIKE $2 ESCAPE '!' \
         OR EXISTS (SELECT 1 FROM messages AS s WHERE s.conversation_id = c.id AND s.search LIKE $2 ESCAPE '!'))"
    };
}

const COUNT: &str = concat!(
    "SELECT CAST(COUNT(*) AS BIGINT) FROM (SELECT c.id FROM conversations AS c WHERE ",
    listed!(),
    " LIMIT 10001) AS counted"
);

const PAGE: &str = concat!(
    shown!("WHERE "),
    listed!(),
    " AND (CAST($3 AS BIGINT) IS NULL OR c.updated_at < $3 OR (c.updated_at = $3 AND c.id < $4)) \
     ORDER BY c.updated_at DESC, c.id DESC LIMIT $5"
);

/// Nobody who left begins a chat.
const INSERT: &str = "INSERT INTO conversations (id, user_id, title, search, model, credential_id, system_prompt, \
     parameters, is_temporary, leaf_id, created_at, updated_at) \
     SELECT $1, $2, $3, $4, $5, $6, $7, $8, CAST($9 AS BIGINT), $10, CAST($11 AS BIGINT), CAST($12 AS BIGINT) \
     WHERE EXISTS (SELECT 1 FROM users WHERE id = $2 AND deleted_at IS NULL)";

const UPDATE: &str = "UPDATE conversations SET title = COALESCE(CAST($2 AS TEXT), title), \
     search = COALESCE(CAST($3 AS TEXT), search), \
     model = CASE WHEN CAST($4 AS BIGINT) = 1 THEN CAST($5 AS TEXT) ELSE model END, \
     credential_id = CASE WHEN CAST($6 AS BIGINT) = 1 THEN CAST($7 AS TEXT) ELSE credential_id END, \
     system_prompt = COALESCE(CAST($8 AS TEXT), system_prompt), \
     parameters = COALESCE(CAST($9 AS TEXT), parameters), \
     is_temporary = COALESCE(CAST($10 AS BIGINT), is_temporary), \
     leaf_id = COALESCE(CAST($11 AS TEXT), leaf_id) WHERE id = $1";

/// What changes in a chat; `None` stays as it is by then.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    /// What it is about.
    pub title: Option<String>,
    /// The model.
    pub model: Option<Option<String>>,
    /// The key that pays, and no other.
    pub credential: Option<Option<CredentialId>>,
    /// What the model is told first.
    pub system_prompt: Option<String>,
    /// What is asked of the model.
    pub parameters: Option<Parameters>,
    /// Whether it is forgotten soon.
    pub is_temporary: Option<bool>,
    /// The end of the branch that is read.
    pub leaf: Option<MessageId>,
}

/// Adds a chat. `false`: its user is gone.
///
/// # Errors
/// When the database cannot be written.
pub async fn insert(store: &Store, conversation: &Conversation) -> Result<bool, StoreError> {
    let mut write = Write::begin(store).await?;
    let done = sqlx::query(INSERT)
        .bind(conversation.id.to_string())
        .bind(conversation.user.to_string())
        .bind(conversation.title.as_str())
        .bind(folded(&conversation.title))
        .bind(conversation.model.as_deref())
        .bind(optional_id(conversation.credential))
        .bind(conversation.system_prompt.as_str())
        .bind(json_text(&conversation.parameters)?)
        .bind(i64::from(conversation.is_temporary))
        .bind(optional_id(conversation.leaf))
        .bind(conversation.created_at.as_micros())
        .bind(conversation.updated_at.as_micros())
        .execute(write.connection())
        .await?;
    write.commit().await?;
    Ok(done.rows_affected() > 0)
}

/// Writes what changes in a chat; not when something was last said. `false`: it
/// is gone.
///
/// # Errors
/// When the database cannot be written.
pub async fn update(store: &Store, id: ConversationId, changes: &Changes) -> Result<bool, StoreError> {
    let mut write = Write::begin(store).await?;
    let done = sqlx::query(UPDATE)
        .bind(id.to_string())
        .bind(changes.title.as_deref())
        .bind(changes.title.as_deref().map(folded))
        .bind(i64::from(changes.model.is_some()))
        .bind(changes.model.clone().flatten())
        .bind(i64::from(changes.credential.is_some()))
        .bind(optional_id(changes.credential.flatten()))
        .bind(changes.system_prompt.as_deref())
        .bind(changes.parameters.as_ref().map(json_text).transpose()?)
        .bind(changes.is_temporary.map(i64::from))
        .bind(optional_id(changes.leaf))
        .execute(write.connection())
        .await?;
    write.commit().await?;
    Ok(done.rows_affected() > 0)
}

/// One chat, whoever's it is.
///
/// # Errors
/// When the database cannot be read.
pub async fn by_id(store: &Store, id: ConversationId) -> Result<Option<Shown>, StoreError> {
    let row = sqlx::query(shown!("WHERE c.id = $1")).bind(id.to_string()).fetch_optional(store.pool()).await?;
    row.as_ref().map(read).transpose()
}

/// A person's chats, those in which something was said last first, after the one
/// at `after`. `search` is looked for in titles and texts; temporary chats are in
/// no list.
///
/// # Errors
/// When the database cannot be read.
pub async fn list(
    store: &Store,
    user: UserId,
    search: Option<&str>,
    after: Option<ConversationCursor>,
    limit: i64,
) -> Result<Page<Shown, ConversationCursor>, StoreError> {
    let pattern = search.map(pattern_of);
    let counted: i64 =
        sqlx::query_scalar(COUNT).bind(user.to_string()).bind(pattern.clone()).fetch_one(store.pool()).await?;
    let found = sqlx::query(PAGE)
        .bind(user.to_string())
        .bind(pattern)
        .bind(after.map(|cursor| cursor.at.as_micros()))
        .bind(after.map(|cursor| cursor.id.to_string()))
        .bind(limit.saturating_add(1))
        .fetch_all(store.pool())
        .await?;
    let mut rows = found.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    let limit = usize::try_from(limit).unwrap_or(0);
    let has_more = rows.len() > limit;
    rows.truncate(limit);
    let next = rows
        .last()
        .filter(|_| has_more)
        .map(|row| ConversationCursor { at: row.conversation.updated_at, id: row.conversation.id });
    Ok(Page { rows, count: counted.min(EXACT_COUNT), count_is_exact: counted <= EXACT_COUNT, next })
}

/// A text anywhere, as `LIKE` takes it.
fn pattern_of(search: &str) -> String {
    let mut pattern = String::from("%");
    for c in folded(search).chars() {
        if matches!(c, '%' | '_' | '!') {
            pattern.push('!');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}

/// Deletes a chat with everything said in it. `false`: it is gone.
///
/// # Errors
/// When the database cannot be written.
pub async fn delete(store: &Store, id: ConversationId) -> Result<bool, StoreError> {
    let mut write = Write::begin(store).await?;
    let deleted = erase(write.connection(), &[id.to_string()]).await?;
    write.commit().await?;
    Ok(deleted > 0)
}

/// The chat's leaf moves when something is said in it.
async fn moved(
    connection: &mut AnyConnection,
    id: ConversationId,
    leaf: Option<MessageId>,
    at: Timestamp,
) -> Result<bool, StoreError> {
    let done = sqlx::query("UPDATE conversations SET leaf_id = $2, updated_at = $3 WHERE id = $1")
        .bind(id.to_string())
        .bind(optional_id(leaf))
        .bind(at.as_micros())
        .execute(connection)
        .await?;
    Ok(done.rows_affected() > 0)
}

fn read(row: &AnyRow) -> Result<Shown, StoreError> {
    let row = Columns(row);
    Ok(Shown {
        conversation: Conversation {
            id: row.parsed("id")?,
            user: row.parsed("user_id")?,
            title: row.text("title")?,
            model: row.optional_text("model")?,
            credential: row.optional_parsed("credential_id")?,
            system_prompt: row.text("system_prompt")?,
            parameters: row.json("parameters")?,
            is_temporary: row.flag("is_temporary")?,
            leaf: row.optional_parsed("leaf_id")?,
            created_at: row.time("created_at")?,
            updated_at: row.time("updated_at")?,
        },
        running: row.number("running")?,
        cost: Nanos(row.number("cost_nanos")?),
        unknown_costs: row.number("unknown_costs")?,
    })
}

#[cfg(test)]
mod plans;
#[cfg(test)]
mod tests;
