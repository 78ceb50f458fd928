//! Letting calls in: what a call may come to is held against every budget in
//! force, in one transaction, or the call is not made.

use domain::ids::{AttemptId, BudgetId};
use domain::{Nanos, Timestamp};

use super::{Standing, ending, read_standing};
use crate::error::StoreError;
use crate::mutation::Write;
use crate::open::{Dialect, Store};
use crate::row::Columns;

/// How often a transaction is begun anew that another one stood in the way of.
const TRIES: u32 = 3;

/// More than any budget, and far from where sums overflow.
const MOST: i64 = 100_000_000_000_000_000;

/// The one conditional write. A window that is not there yet begins here, if the
/// budget has room for the call at all.
const HOLD: &str = "INSERT INTO budget_windows (budget_id, starts_at, spent_nanos, held_nanos, told_percent) \
     SELECT b.id, CAST($2 AS BIGINT), 0, CAST($3 AS BIGINT), 0 FROM budgets AS b \
     WHERE b.id = $1 AND b.deleted_at IS NULL AND CAST($3 AS BIGINT) <= b.limit_nanos \
     ON CONFLICT (budget_id, starts_at) DO UPDATE SET held_nanos = budget_windows.held_nanos + excluded.held_nanos \
     WHERE budget_windows.spent_nanos + budget_windows.held_nanos + excluded.held_nanos \
     <= (SELECT l.limit_nanos FROM budgets AS l WHERE l.id = excluded.budget_id) \
     RETURNING spent_nanos, held_nanos, told_percent";

const NOTE: &str = "INSERT INTO budget_holds (attempt_id, budget_id, window_starts_at, nanos, node_id, at) \
     VALUES ($1, $2, $3, $4, $5, $6)";

/// A budget that has no room, or is no more.
const REFUSER: &str = "SELECT b.limit_nanos AS limit_nanos, b.deleted_at AS deleted_at, \
     COALESCE(w.spent_nanos, 0) AS spent_nanos, COALESCE(w.held_nanos, 0) AS held_nanos, \
     COALESCE(w.told_percent, 0) AS told_percent \
     FROM budgets AS b LEFT JOIN budget_windows AS w ON w.budget_id = b.id AND w.starts_at = $2 WHERE b.id = $1";

/// Whether a call is let in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Admission {
    /// It is: each budget with how it stands now.
    Held(Vec<(BudgetId, Standing)>),
    /// This budget has no room for it, and nothing is held.
    Refused {
        /// Which.
        budget: BudgetId,
        /// Its limit now.
        limit: Nanos,
        /// How it stands.
        standing: Standing,
    },
}

/// Holds `nanos` for `attempt` against each of `budgets` in the window that
/// begins then: all of them or none. A budget that is no more holds nothing.
///
/// # Errors
/// When the database cannot be written: the call must not be made.
pub async fn admit(
    store: &Store,
    attempt: AttemptId,
    nanos: Nanos,
    budgets: &[(BudgetId, Timestamp)],
    now: Timestamp,
) -> Result<Admission, StoreError> {
    // In one order on all nodes, so that none waits for another in a circle.
    let mut ordered = budgets.to_vec();
    ordered.sort_unstable();
    let mut tries = 1;
    loop {
        match try_to_admit(store, attempt, nanos, &ordered, now).await {
            Err(StoreError::Unavailable(error)) if tries < TRIES => {
                tracing::debug!(%error, "a budget is asked again");
                tries += 1;
            }
            result => return result,
        }
    }
}

async fn try_to_admit(
    store: &Store,
    attempt: AttemptId,
    nanos: Nanos,
    budgets: &[(BudgetId, Timestamp)],
    now: Timestamp,
) -> Result<Admission, StoreError> {
    let nanos = nanos.0.clamp(0, MOST);
    // As reservations are: a power cut ends the call, and may take this along.
    let mut write = Write::begin_passing(store).await?;
    if store.dialect() == Dialect::Postgres {
        sqlx::raw_sql("SET LOCAL synchronous_commit = off").execute(write.connection()).await?;
    }
    let mut held = Vec::with_capacity(budgets.len());
    for (budget, starts_at) in budgets {
        let row = sqlx::query(HOLD)
            .bind(budget.to_string())
            .bind(starts_at.as_micros())
            .bind(nanos)
            .fetch_optional(write.connection())
            .await?;
        let Some(row) = row else {
            let refuser = sqlx::query(REFUSER)
                .bind(budget.to_string())
                .bind(starts_at.as_micros())
                .fetch_optional(write.connection())
                .await?;
            let Some(refuser) = refuser else { continue };
            let refuser = Columns(&refuser);
            if refuser.optional_time("deleted_at")?.is_some() {
                continue;
            }
            let (limit, standing) = (Nanos(refuser.number("limit_nanos")?), read_standing(&refuser)?);
            write.rollback().await?;
            return Ok(Admission::Refused { budget: *budget, limit, standing });
        };
        held.push((*budget, read_standing(&Columns(&row))?));
        sqlx::query(NOTE)
            .bind(attempt.to_string())
            .bind(budget.to_string())
            .bind(starts_at.as_micros())
            .bind(nanos)
            .bind(store.node().to_string())
            .bind(now.as_micros())
            .execute(write.connection())
            .await?;
    }
    write.commit().await?;
    Ok(Admission::Held(held))
}

/// Frees what is held for a call that was not made. Nothing where nothing is held.
///
/// # Errors
/// When the database cannot be written.
pub async fn release(store: &Store, attempt: AttemptId) -> Result<(), StoreError> {
    let mut write = Write::begin_passing(store).await?;
    ending::end(write.connection(), &[(attempt, Nanos::ZERO)]).await?;
    write.commit().await
}
