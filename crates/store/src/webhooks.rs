//! Tables `webhook_outbox` and `webhook_state`: what the operator's address is
//! still to be told, which server tells it, and how it went.

use std::time::Duration;

use domain::Timestamp;
use domain::ids::NodeId;
use sqlx::any::AnyRow;
use uuid::Uuid;

use crate::error::StoreError;
use crate::mutation::{Mutation, Write};
use crate::open::Store;
use crate::row::Columns;

/// The most that waits: what comes beyond is given up at once.
const MOST: i64 = 10_000;

const HOLD: &str = "UPDATE webhook_state SET holder = $1, held_until = $2 \
     WHERE id = 1 AND (holder IS NULL OR holder = $1 OR held_until < $3)";

/// Up to where the feeds were read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// In the feed of changes.
    pub changes: i64,
    /// In the feed of health.
    pub health: i64,
}

/// What is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Its id, the same at every try.
    pub id: Uuid,
    /// What kind it is.
    pub kind: String,
    /// The JSON, the same at every try.
    pub body: String,
    /// When it was written down.
    pub created_at: Timestamp,
    /// When its turn is.
    pub next_at: Timestamp,
    /// How often it was tried.
    pub tries: u32,
}

/// Which secrets sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signing {
    /// The number of the one in force, from 1.
    pub number: u32,
    /// Since when, unless it is the first.
    pub since: Option<Timestamp>,
    /// Until when the one before signs too.
    pub former_until: Option<Timestamp>,
}

impl Signing {
    /// The numbers of the secrets that sign at `now`, the one in force first.
    pub fn numbers(self, now: Timestamp) -> impl Iterator<Item = u32> {
        let former = self.former_until.filter(|until| now < *until).and_then(|_| self.number.checked_sub(1));
        [Some(self.number), former].into_iter().flatten()
    }
}

/// How it goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Up to where the feeds were read, and when last; `None`: never.
    pub read: Option<(Place, Timestamp)>,
    /// How many messages wait.
    pub waiting: u64,
    /// Since when the eldest waits.
    pub waiting_since: Option<Timestamp>,
    /// How many were taken.
    pub delivered: u64,
    /// When the last was.
    pub delivered_at: Option<Timestamp>,
    /// How many were given up.
    pub given_up: u64,
    /// When the last was.
    pub given_up_at: Option<Timestamp>,
    /// Why the last try failed that did, and when.
    pub problem: Option<(String, Timestamp)>,
    /// Which secrets sign.
    pub signing: Signing,
}

/// Makes `node` the server that tells, until `until`, unless another one is.
/// Whether it is.
///
/// # Errors
/// When the database cannot be written.
pub async fn hold(store: &Store, node: NodeId, now: Timestamp, until: Timestamp) -> Result<bool, StoreError> {
    let mut write = Write::begin(store).await?;
    let held = sqlx::query(HOLD)
        .bind(node.to_string())
        .bind(until.as_micros())
        .bind(now.as_micros())
        .execute(write.connection())
        .await?;
    write.commit().await?;
    Ok(held.rows_affected() == 1)
}

/// Lets another server tell.
///
/// # Errors
/// When the database cannot be written.
pub async fn let_go(store: &Store, node: NodeId) -> Result<(), StoreError> {
    let mut write = Write::begin(store).await?;
    sqlx::query("UPDATE webhook_state SET holder = NULL, held_until = 0 WHERE id = 1 AND holder = $1")
        .bind(node.to_string())
        .execute(write.connection())
        .await?;
    write.commit().await
}

/// Writes messages down and moves the place in the feeds, together; `false` when
/// `node` is not the server that tells any more: then nothing is done.
///
/// # Errors
/// When the database cannot be written.
pub async fn write_down(
    store: &Store,
    node: NodeId,
    place: Place,
    messages: &[Message],
    now: Timestamp,
) -> Result<bool, StoreError> {
    let mut write = Write::begin(store).await?;
    let moved = sqlx::query(
        "UPDATE webhook_state SET changes_seq = $1, health_seq = $2, read_at = $3 WHERE id = 1 AND holder = $4",
    )
    .bind(place.changes)
    .bind(place.health)
    .bind(now.as_micros())
    .bind(node.to_string())
    .execute(write.connection())
    .await?;
    if moved.rows_affected() == 0 {
        write.rollback().await?;
        return Ok(false);
    }
    let waiting: i64 = if messages.is_empty() {
        0
    } else {
        sqlx::query_scalar("SELECT CAST(COUNT(*) AS BIGINT) FROM webhook_outbox").fetch_one(write.connection()).await?
    };
    let room = usize::try_from(MOST.saturating_sub(waiting)).unwrap_or(0);
    for message in messages.iter().take(room) {
        sqlx::query("INSERT INTO webhook_outbox (id, kind, body, created_at, next_at) VALUES ($1, $2, $3, $4, $5)")
            .bind(message.id.to_string())
            .bind(message.kind.as_str())
            .bind(message.body.as_str())
            .bind(message.created_at.as_micros())
            .bind(message.next_at.as_micros())
            .execute(write.connection())
            .await?;
    }
    let beyond = i64::try_from(messages.len().saturating_sub(room)).unwrap_or(0);
    if beyond > 0 {
        give_up(&mut write, beyond, now).await?;
    }
    write.commit().await?;
    Ok(true)
}

/// The message whose turn is next, now or later.
///
/// # Errors
/// When the database cannot be read.
pub async fn next(store: &Store) -> Result<Option<Message>, StoreError> {
    let row =
        sqlx::query("SELECT * FROM webhook_outbox ORDER BY next_at, id LIMIT 1").fetch_optional(store.pool()).await?;
    row.as_ref().map(read).transpose()
}

/// A message was taken.
///
/// # Errors
/// When the database cannot be written.
pub async fn delivered(store: &Store, id: Uuid, now: Timestamp) -> Result<(), StoreError> {
    let mut write = Write::begin(store).await?;
    sqlx::query("DELETE FROM webhook_outbox WHERE id = $1").bind(id.to_string()).execute(write.connection()).await?;
    sqlx::query("UPDATE webhook_state SET delivered = delivered + 1, delivered_at = $1 WHERE id = 1")
        .bind(now.as_micros())
        .execute(write.connection())
        .await?;
    write.commit().await
}

/// A message was not taken: it is tried again after `pause`, or given up (`None`).
///
/// # Errors
/// When the database cannot be written.
pub async fn failed(
    store: &Store,
    id: Uuid,
    problem: &str,
    pause: Option<Duration>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let mut write = Write::begin(store).await?;
    sqlx::query("UPDATE webhook_state SET problem = $1, problem_at = $2 WHERE id = 1")
        .bind(problem)
        .bind(now.as_micros())
        .execute(write.connection())
        .await?;
    match pause {
        Some(pause) => {
            sqlx::query("UPDATE webhook_outbox SET tries = tries + 1, next_at = $2 WHERE id = $1")
                .bind(id.to_string())
                .bind(now.plus(pause).as_micros())
                .execute(write.connection())
                .await?;
        }
        None => {
            sqlx::query("DELETE FROM webhook_outbox WHERE id = $1")
                .bind(id.to_string())
                .execute(write.connection())
                .await?;
            give_up(&mut write, 1, now).await?;
        }
    }
    write.commit().await
}

async fn give_up(write: &mut Write, number: i64, now: Timestamp) -> Result<(), StoreError> {
    sqlx::query("UPDATE webhook_state SET given_up = given_up + $1, given_up_at = $2 WHERE id = 1")
        .bind(number)
        .bind(now.as_micros())
        .execute(write.connection())
        .await?;
    Ok(())
}

/// How it goes.
///
/// # Errors
/// When the database cannot be read.
pub async fn standing(store: &Store) -> Result<Standing, StoreError> {
    let row = sqlx::query(
        "SELECT s.*, (SELECT CAST(COUNT(*) AS BIGINT) FROM webhook_outbox) AS waiting, \
         (SELECT MIN(created_at) FROM webhook_outbox) AS waiting_since FROM webhook_state AS s WHERE s.id = 1",
    )
    .fetch_one(store.pool())
    .await?;
    let row = Columns(&row);
    let place = Place { changes: row.number("changes_seq")?, health: row.number("health_seq")? };
    Ok(Standing {
        read: row.optional_time("read_at")?.map(|at| (place, at)),
        waiting: row.count("waiting")?,
        waiting_since: row.optional_time("waiting_since")?,
        delivered: row.count("delivered")?,
        delivered_at: row.optional_time("delivered_at")?,
        given_up: row.count("given_up")?,
        given_up_at: row.optional_time("given_up_at")?,
        problem: row.optional_text("problem")?.zip(row.optional_time("problem_at")?),
        signing: signing_of(&row)?,
    })
}

const SIGNING: &str = "SELECT secret_number, secret_since, former_until FROM webhook_state WHERE id = 1";

/// Which secrets sign.
///
/// # Errors
/// When the database cannot be read.
pub async fn signing(store: &Store) -> Result<Signing, StoreError> {
    signing_of(&Columns(&sqlx::query(SIGNING).fetch_one(store.pool()).await?))
}

/// The same, in the change that is to replace it.
///
/// # Errors
/// When the database cannot be read.
pub async fn signing_in(change: &mut Mutation) -> Result<Signing, StoreError> {
    signing_of(&Columns(&sqlx::query(SIGNING).fetch_one(change.connection()).await?))
}

/// Says which secrets sign from now on.
///
/// # Errors
/// When the database cannot be written.
pub async fn sign_with(change: &mut Mutation, signing: Signing) -> Result<(), StoreError> {
    sqlx::query("UPDATE webhook_state SET secret_number = $1, secret_since = $2, former_until = $3 WHERE id = 1")
        .bind(i64::from(signing.number))
        .bind(signing.since.map(Timestamp::as_micros))
        .bind(signing.former_until.map(Timestamp::as_micros))
        .execute(change.connection())
        .await?;
    Ok(())
}

fn signing_of(row: &Columns<'_>) -> Result<Signing, StoreError> {
    Ok(Signing {
        number: u32::try_from(row.count("secret_number")?).unwrap_or(u32::MAX),
        since: row.optional_time("secret_since")?,
        former_until: row.optional_time("former_until")?,
    })
}

fn read(row: &AnyRow) -> Result<Message, StoreError> {
    let row = Columns(row);
    Ok(Message {
        id: row.parsed("id")?,
        kind: row.text("kind")?,
        body: row.text("body")?,
        created_at: row.time("created_at")?,
        next_at: row.time("next_at")?,
        tries: u32::try_from(row.count("tries")?).unwrap_or(u32::MAX),
    })
}

#[cfg(test)]
mod tests;
