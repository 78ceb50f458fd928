//! The change feed: what other nodes have to forget. Written by changes of
//! configuration only; what is learnt about keys has [`crate::health_feed`].

mod watch;

use sqlx::AnyConnection;

pub use watch::{ChangeWatch, Hint, tell_conversation, tell_usage, want_usage};

use crate::error::StoreError;
use crate::open::Store;
use crate::row::Columns;

/// Wakes the other nodes.
pub(crate) const NOTIFY: &str = "NOTIFY ownkey_changes";

/// How many changes are kept. A node that is further behind forgets everything.
const KEPT: i64 = 10_000;

/// What kind of thing changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ChangeKind {
    /// A user, their password or their preferences.
    User,
    /// A session ended.
    Session,
    /// A gateway token.
    Token,
    /// A provider key.
    Credential,
    /// A key's list of models, as versions before the feed of health tell it.
    ModelList,
    /// How calls are spread over keys; the owner, or nothing for the server's.
    Spread,
    /// What a name stands for; the owner, or nothing for the server's.
    Alias,
    /// A model of the registry; the owner, or nothing for the server's.
    Model,
    /// An organization, or its rules.
    Organization,
    /// A team.
    Team,
    /// Where a user belongs; the user.
    Membership,
    /// A setting of the server.
    Setting,
}

domain::text_enum!(ChangeKind, "change" {
    User => "user",
    Session => "session",
    Token => "token",
    Credential => "credential",
    ModelList => "model_list",
    Spread => "spread",
    Alias => "alias",
    Model => "model",
    Organization => "organization",
    Team => "team",
    Membership => "membership",
    Setting => "setting",
});

/// What happened to the thing that changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verb {
    /// It is new.
    Created,
    /// It is another.
    Updated,
    /// It is gone.
    Deleted,
}

domain::text_enum!(Verb, "verb" {
    Created => "created",
    Updated => "updated",
    Deleted => "deleted",
});

/// One thing that is no longer what it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Its place in the feed, without gaps.
    pub seq: i64,
    /// What kind of thing; `None`: a kind of a later version, forget everything.
    pub kind: Option<ChangeKind>,
    /// Which one.
    pub id: String,
    /// What happened to it; where nobody said, it was updated.
    pub verb: Verb,
}

/// What a transaction changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Touched {
    pub(crate) kind: ChangeKind,
    pub(crate) id: String,
    pub(crate) verb: Verb,
}

/// The last place in the feed.
///
/// # Errors
/// When the database cannot be read.
pub async fn latest(store: &Store) -> Result<i64, StoreError> {
    Ok(sqlx::query_scalar("SELECT seq FROM change_head WHERE id = 1").fetch_one(store.pool()).await?)
}

/// The last places of both feeds: of changes and of health.
///
/// # Errors
/// When the database cannot be read.
pub async fn heads(store: &Store) -> Result<(i64, i64), StoreError> {
    let row = sqlx::query(
        "SELECT c.seq AS changes, h.seq AS health FROM change_head AS c, health_head AS h WHERE c.id = 1 AND h.id = 1",
    )
    .fetch_one(store.pool())
    .await?;
    let row = Columns(&row);
    Ok((row.number("changes")?, row.number("health")?))
}

/// Up to `limit` changes after `seq`, in order. When the first is not `seq + 1`,
/// changes in between were pruned: forget everything.
///
/// # Errors
/// When the database cannot be read.
pub async fn since(store: &Store, seq: i64, limit: i64) -> Result<Vec<Change>, StoreError> {
    // SQLite plans a statement anew whenever a bare `LIMIT $2` is bound.
    let rows =
        sqlx::query("SELECT seq, kind, id, verb FROM changes WHERE seq > $1 ORDER BY seq LIMIT CAST($2 AS BIGINT)")
            .bind(seq)
            .bind(limit)
            .fetch_all(store.pool())
            .await?;
    let read = |row| {
        let row = Columns(row);
        let verb = row.optional_text("verb")?.and_then(|verb| verb.parse().ok()).unwrap_or(Verb::Updated);
        Ok(Change { seq: row.number("seq")?, kind: row.text("kind")?.parse().ok(), id: row.text("id")?, verb })
    };
    rows.iter().map(read).collect()
}

/// Writes changes at the feed's end. The head's row keeps the order among nodes.
pub(crate) async fn append(connection: &mut AnyConnection, touched: &[Touched]) -> Result<(), StoreError> {
    let number = i64::try_from(touched.len()).unwrap_or(0);
    let last: i64 = sqlx::query_scalar("UPDATE change_head SET seq = seq + $1 WHERE id = 1 RETURNING seq")
        .bind(number)
        .fetch_one(&mut *connection)
        .await?;
    for (seq, Touched { kind, id, verb }) in (last - number + 1..).zip(touched) {
        sqlx::query("INSERT INTO changes (seq, kind, id, verb) VALUES ($1, $2, $3, $4)")
            .bind(seq)
            .bind(kind.as_str())
            .bind(id.as_str())
            .bind((*verb != Verb::Updated).then(|| verb.as_str()))
            .execute(&mut *connection)
            .await?;
    }
    sqlx::query("DELETE FROM changes WHERE seq <= $1").bind(last - KEPT).execute(connection).await?;
    Ok(())
}
