//! What becomes of what was held for a call, once the call is over: it is spent,
//! or free again. Written by whatever ends the call, in the same transaction;
//! whoever takes a hold out of its table moves it, so that nobody moves it twice.

use std::collections::{BTreeMap, HashMap};
use std::sync::LazyLock;

use domain::ids::{AttemptId, NodeId};
use domain::{Nanos, Timestamp};
use rusqlite::Connection;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, AssertSqlSafe};

use crate::error::StoreError;
use crate::ledger::Settlement;
use crate::row::{Columns, placeholders};

/// The most that one call counts for: 10,000 dollars.
const MOST_OF_A_CALL: i64 = 10_000_000_000_000;

/// How many calls one statement looks for.
const CALLS: usize = 64;

/// Spending is held at a hundred million dollars, so that no absurd bill breaks a
/// sum.
const MOVE: &str = "UPDATE budget_windows SET \
     held_nanos = CASE WHEN held_nanos > $3 THEN held_nanos - $3 ELSE 0 END, \
     spent_nanos = CASE WHEN spent_nanos + $4 > 100000000000000000 THEN 100000000000000000 ELSE spent_nanos + $4 END \
     WHERE budget_id = $1 AND starts_at = $2";

/// The same without sqlx between: to SQLite itself `$1` is a name, and counts from
/// where it stands first.
static MOVE_ON_SQLITE: LazyLock<String> = LazyLock::new(|| MOVE.replace('$', "?"));

const TAKE_ON_SQLITE: &str =
    "DELETE FROM budget_holds WHERE attempt_id = ?1 RETURNING attempt_id, budget_id, window_starts_at, nanos";

/// What is held for calls of which nobody will know what they came to: all of it
/// is spent. Never too little.
const TAKE_UNKNOWN: &str = "DELETE FROM budget_holds WHERE EXISTS (SELECT 1 FROM attempts AS a \
     WHERE a.id = budget_holds.attempt_id AND a.state = 'unknown') \
     RETURNING attempt_id, budget_id, window_starts_at, nanos";

/// What a process held that died before its call had a row, or that lost it.
const TAKE_STRAY: &str = "DELETE FROM budget_holds WHERE at < $4 OR (node_id <> $1 \
     AND node_id NOT IN (SELECT id FROM nodes WHERE heartbeat_at >= $2 AND serves <= $3)) \
     RETURNING attempt_id, budget_id, window_starts_at, nanos";

/// One hold, taken out of its table.
struct Taken {
    attempt: String,
    budget: String,
    starts_at: i64,
    nanos: i64,
}

/// What is to be moved, window by window, in one order on all nodes.
#[derive(Default)]
struct Moves(BTreeMap<(String, i64), (i64, i64)>);

impl Moves {
    fn add(&mut self, taken: Taken, spent: i64) {
        let (held, sum) = self.0.entry((taken.budget, taken.starts_at)).or_default();
        *held = held.saturating_add(taken.nanos);
        *sum = sum.saturating_add(spent.clamp(0, MOST_OF_A_CALL));
    }

    async fn write(self, connection: &mut AnyConnection) -> Result<(), StoreError> {
        for ((budget, starts_at), (held, spent)) in self.0 {
            sqlx::query(MOVE).bind(budget).bind(starts_at).bind(held).bind(spent).execute(&mut *connection).await?;
        }
        Ok(())
    }
}

/// The calls of a group for which something is held, with what each is charged.
fn charged(ends: &[(AttemptId, &Settlement)]) -> Vec<(AttemptId, Nanos)> {
    ends.iter().filter_map(|(attempt, end)| Some((*attempt, end.budget_charge?))).collect()
}

/// Ends the holds of calls that are settled.
pub(crate) async fn settle(
    connection: &mut AnyConnection,
    ends: &[(AttemptId, &Settlement)],
) -> Result<(), StoreError> {
    end(connection, &charged(ends)).await
}

/// Ends the holds of these calls, each at what it is charged.
pub(super) async fn end(connection: &mut AnyConnection, charged: &[(AttemptId, Nanos)]) -> Result<(), StoreError> {
    let mut moves = Moves::default();
    for some in charged.chunks(CALLS) {
        let charges: HashMap<String, i64> =
            some.iter().map(|(attempt, charge)| (attempt.to_string(), charge.0)).collect();
        let text = format!(
            "DELETE FROM budget_holds WHERE attempt_id IN ({}) RETURNING attempt_id, budget_id, window_starts_at, nanos",
            placeholders(1, some.len())
        );
        let query =
            some.iter().fold(sqlx::query(AssertSqlSafe(text)), |query, (attempt, _)| query.bind(attempt.to_string()));
        for row in query.fetch_all(&mut *connection).await? {
            let taken = read(&row)?;
            let charge = charges.get(&taken.attempt).copied().unwrap_or(taken.nanos);
            moves.add(taken, charge);
        }
    }
    moves.write(connection).await
}

/// The same on the ledger's own connection to SQLite.
pub(crate) fn settle_on_sqlite(connection: &Connection, ends: &[(AttemptId, &Settlement)]) -> Result<(), StoreError> {
    let mut moves = Moves::default();
    for (attempt, charge) in charged(ends) {
        let mut take = connection.prepare_cached(TAKE_ON_SQLITE)?;
        let mut rows = take.query([attempt.to_string()])?;
        while let Some(row) = rows.next()? {
            let taken = Taken { attempt: row.get(0)?, budget: row.get(1)?, starts_at: row.get(2)?, nanos: row.get(3)? };
            moves.add(taken, charge.0);
        }
    }
    for ((budget, starts_at), (held, spent)) in moves.0 {
        connection.prepare_cached(&MOVE_ON_SQLITE)?.execute((budget, starts_at, held, spent))?;
    }
    Ok(())
}

/// Ends what dead processes held: what their unfinished calls may have come to is
/// spent, what never became a call is free.
pub(crate) async fn recover(
    connection: &mut AnyConnection,
    node: NodeId,
    (silent_since, serves_below): (Timestamp, i64),
    lost_before: Timestamp,
) -> Result<(), StoreError> {
    let mut moves = Moves::default();
    for row in sqlx::query(TAKE_UNKNOWN).fetch_all(&mut *connection).await? {
        let taken = read(&row)?;
        let spent = taken.nanos;
        moves.add(taken, spent);
    }
    let stray = sqlx::query(TAKE_STRAY)
        .bind(node.to_string())
        .bind(silent_since.as_micros())
        .bind(serves_below)
        .bind(lost_before.as_micros())
        .fetch_all(&mut *connection)
        .await?;
    for row in stray {
        moves.add(read(&row)?, 0);
    }
    moves.write(connection).await
}

fn read(row: &AnyRow) -> Result<Taken, StoreError> {
    let row = Columns(row);
    Ok(Taken {
        attempt: row.text("attempt_id")?,
        budget: row.text("budget_id")?,
        starts_at: row.number("window_starts_at")?,
        nanos: row.number("nanos")?,
    })
}
