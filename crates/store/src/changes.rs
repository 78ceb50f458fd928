//! The change feed: what other nodes have to forget.

mod watch;

use sqlx::AnyConnection;

pub use watch::ChangeWatch;

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
    /// A provider key or its health.
    Credential,
    /// A key's list of models.
    ModelList,
    /// How calls are spread over keys; the owner, or nothing for the server's.
    Spread,
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
    Setting => "setting",
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
}

/// The last place in the feed.
///
/// # Errors
/// When the database cannot be read.
pub async fn latest(store: &Store) -> Result<i64, StoreError> {
    Ok(sqlx::query_scalar("SELECT seq FROM change_head WHERE id = 1").fetch_one(store.pool()).await?)
}

/// Up to `limit` changes after `seq`, in order. When the first is not `seq + 1`,
/// changes in between were pruned: forget everything.
///
/// # Errors
/// When the database cannot be read.
pub async fn since(store: &Store, seq: i64, limit: i64) -> Result<Vec<Change>, StoreError> {
    let rows = sqlx::query("SELECT seq, kind, id FROM changes WHERE seq > $1 ORDER BY seq LIMIT $2")
        .bind(seq)
        .bind(limit)
        .fetch_all(store.pool())
        .await?;
    let read = |row| {
        let row = Columns(row);
        Ok(Change { seq: row.number("seq")?, kind: row.text("kind")?.parse().ok(), id: row.text("id")? })
    };
    rows.iter().map(read).collect()
}

/// Writes changes at the feed's end. The head's row keeps the order among nodes.
pub(crate) async fn append(connection: &mut AnyConnection, touched: &[(ChangeKind, String)]) -> Result<(), StoreError> {
    let number = i64::try_from(touched.len()).unwrap_or(0);
    let last: i64 = sqlx::query_scalar("UPDATE change_head SET seq = seq + $1 WHERE id = 1 RETURNING seq")
        .bind(number)
        .fetch_one(&mut *connection)
        .await?;
    for (seq, (kind, id)) in (last - number + 1..).zip(touched) {
        sqlx::query("INSERT INTO changes (seq, kind, id) VALUES ($1, $2, $3)")
            .bind(seq)
            .bind(kind.as_str())
            .bind(id.as_str())
            .execute(&mut *connection)
            .await?;
    }
    sqlx::query("DELETE FROM changes WHERE seq <= $1").bind(last - KEPT).execute(connection).await?;
    Ok(())
}
