//! Tables `budgets`, `budget_windows` and `budget_holds`: how much may be spent,
//! what was, and what calls under way may still come to.
//!
//! A call is let in by [`admit`], which holds what it may come to against every
//! budget in force, in one transaction or not at all. The transaction that writes
//! how the call ended moves that from held to spent.

mod admission;
pub(crate) mod ending;

use std::collections::HashMap;

use domain::budget::{Budget, Owner, Period, Window};
use domain::ids::{BudgetId, UserId};
use domain::{Nanos, Timestamp};
use sqlx::AssertSqlSafe;
use sqlx::any::AnyRow;

use crate::changes::{ChangeKind, Verb};
use crate::error::StoreError;
use crate::mutation::{Mutation, Write};
use crate::open::Store;
use crate::row::{Columns, optional_id, placeholders};

pub use admission::{Admission, admit, release};

/// A budget with who set it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredBudget {
    /// The budget.
    pub budget: Budget,
    /// When it was set.
    pub created_at: Timestamp,
    /// By whom.
    pub created_by: Option<UserId>,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// By whom.
    pub updated_by: Option<UserId>,
}

/// How a budget stands in one window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// What was spent.
    pub spent: Nanos,
    /// What calls under way may still come to.
    pub held: Nanos,
    /// The part, in per cent, that was told last.
    pub told_percent: i64,
}

impl Standing {
    /// A window in which nothing happened.
    pub const UNTOUCHED: Self = Self { spent: Nanos::ZERO, held: Nanos::ZERO, told_percent: 0 };

    /// What may still be spent of `limit`.
    #[must_use]
    pub fn left(&self, limit: Nanos) -> Nanos {
        Nanos(limit.0.saturating_sub(self.spent.0).saturating_sub(self.held.0).max(0))
    }
}

/// What of a budget is to change. `None` leaves as is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BudgetEdit {
    /// Another limit.
    pub limit: Option<Nanos>,
    /// Other parts that are told.
    pub soft_percents: Option<Vec<u8>>,
    /// Whether calls paid with personal keys count.
    pub counts_personal: Option<bool>,
}

/// Adds a budget.
///
/// # Errors
/// [`StoreError::Conflict`] when its owner has one for the period on the same
/// word; when the database cannot be written.
pub async fn insert(change: &mut Mutation, stored: &StoredBudget) -> Result<(), StoreError> {
    let StoredBudget { budget, .. } = stored;
    sqlx::query(
        "INSERT INTO budgets (id, owner_kind, owner_id, period, authority, limit_nanos, soft_percents, \
         counts_personal, created_at, created_by, updated_at, updated_by) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
    )
    .bind(budget.id.to_string())
    .bind(budget.owner.kind.as_str())
    .bind(budget.owner.id.to_string())
    .bind(budget.period.as_str())
    .bind(budget.authority.as_str())
    .bind(budget.limit.0)
    .bind(joined(&budget.soft_percents))
    .bind(i64::from(budget.counts_personal))
    .bind(stored.created_at.as_micros())
    .bind(optional_id(stored.created_by))
    .bind(stored.updated_at.as_micros())
    .bind(optional_id(stored.updated_by))
    .execute(change.connection())
    .await?;
    change.touch_as(ChangeKind::Budget, &budget.owner, Verb::Created);
    Ok(())
}

/// Edits a budget. `false`: there is none.
///
/// # Errors
/// When the database cannot be written.
pub async fn update(
    change: &mut Mutation,
    budget: &Budget,
    edit: &BudgetEdit,
    by: Option<UserId>,
) -> Result<bool, StoreError> {
    let done = sqlx::query(
        "UPDATE budgets SET limit_nanos = COALESCE($2, limit_nanos), soft_percents = COALESCE($3, soft_percents), \
         counts_personal = COALESCE($4, counts_personal), updated_at = $5, updated_by = $6 \
         WHERE id = $1 AND deleted_at IS NULL",
    )
    .bind(budget.id.to_string())
    .bind(edit.limit.map(|limit| limit.0))
    .bind(edit.soft_percents.as_deref().map(joined))
    .bind(edit.counts_personal.map(i64::from))
    .bind(change.now().as_micros())
    .bind(optional_id(by))
    .execute(change.connection())
    .await?;
    change.touch(ChangeKind::Budget, &budget.owner);
    Ok(done.rows_affected() > 0)
}

/// Lifts a budget. `false`: there is none.
///
/// # Errors
/// When the database cannot be written.
pub async fn delete(change: &mut Mutation, budget: &Budget, by: Option<UserId>) -> Result<bool, StoreError> {
    let done = sqlx::query(
        "UPDATE budgets SET deleted_at = $2, updated_at = $2, updated_by = $3 WHERE id = $1 AND deleted_at IS NULL",
    )
    .bind(budget.id.to_string())
    .bind(change.now().as_micros())
    .bind(optional_id(by))
    .execute(change.connection())
    .await?;
    change.touch_as(ChangeKind::Budget, &budget.owner, Verb::Deleted);
    Ok(done.rows_affected() > 0)
}

/// The budget with this id, if nobody lifted it.
///
/// # Errors
/// When the database cannot be read.
pub async fn by_id(store: &Store, id: BudgetId) -> Result<Option<StoredBudget>, StoreError> {
    let query = sqlx::query("SELECT * FROM budgets WHERE id = $1 AND deleted_at IS NULL").bind(id.to_string());
    query.fetch_optional(store.pool()).await?.as_ref().map(read).transpose()
}

/// The budgets of these owners, each owner's in the order of their periods.
///
/// # Errors
/// When the database cannot be read.
pub async fn of_owners(store: &Store, owners: &[Owner]) -> Result<Vec<StoredBudget>, StoreError> {
    let mut found = Vec::new();
    for some in owners.chunks(100) {
        let text = format!(
            "SELECT * FROM budgets WHERE owner_id IN ({}) AND deleted_at IS NULL ORDER BY created_at, id",
            placeholders(1, some.len())
        );
        let query = some.iter().fold(sqlx::query(AssertSqlSafe(text)), |query, owner| query.bind(owner.id.to_string()));
        for row in query.fetch_all(store.pool()).await? {
            found.push(read(&row)?);
        }
    }
    found.retain(|stored| owners.contains(&stored.budget.owner));
    found.sort_by_key(|stored| (stored.budget.owner, stored.budget.period));
    Ok(found)
}

/// All budgets, newest first, and their number.
///
/// # Errors
/// When the database cannot be read.
pub async fn list(store: &Store, skip: i64, limit: i64) -> Result<(Vec<StoredBudget>, i64), StoreError> {
    let rows = sqlx::query(
        "SELECT * FROM budgets WHERE deleted_at IS NULL ORDER BY created_at DESC, id DESC \
         LIMIT CAST($1 AS BIGINT) OFFSET CAST($2 AS BIGINT)",
    )
    .bind(limit)
    .bind(skip)
    .fetch_all(store.pool())
    .await?;
    let count =
        sqlx::query_scalar("SELECT COUNT(*) FROM budgets WHERE deleted_at IS NULL").fetch_one(store.pool()).await?;
    Ok((rows.iter().map(read).collect::<Result<_, _>>()?, count))
}

/// How a budget stands in `window`.
///
/// # Errors
/// When the database cannot be read.
pub async fn standing(store: &Store, id: BudgetId, window: Window) -> Result<Standing, StoreError> {
    let row = sqlx::query("SELECT * FROM budget_windows WHERE budget_id = $1 AND starts_at = $2")
        .bind(id.to_string())
        .bind(window.starts_at.as_micros())
        .fetch_optional(store.pool())
        .await?;
    row.as_ref().map_or(Ok(Standing::UNTOUCHED), |row| read_standing(&Columns(row)))
}

/// How budgets stand, each in its window, in this order.
///
/// # Errors
/// When the database cannot be read.
pub async fn standings(store: &Store, windows: &[(BudgetId, Window)]) -> Result<Vec<Standing>, StoreError> {
    let mut found = HashMap::new();
    for some in windows.chunks(100) {
        let text = format!("SELECT * FROM budget_windows WHERE budget_id IN ({})", placeholders(1, some.len()));
        let query = some.iter().fold(sqlx::query(AssertSqlSafe(text)), |query, (id, _)| query.bind(id.to_string()));
        for row in query.fetch_all(store.pool()).await? {
            let row = Columns(&row);
            found.insert((row.parsed::<BudgetId>("budget_id")?, row.time("starts_at")?), read_standing(&row)?);
        }
    }
    let standing = |(id, window): &(BudgetId, Window)| found.get(&(*id, window.starts_at)).copied();
    Ok(windows.iter().map(|one| standing(one).unwrap_or(Standing::UNTOUCHED)).collect())
}

/// Notes that a part of a budget is spent, and tells all nodes. `false`: somebody
/// told it before.
///
/// # Errors
/// When the database cannot be written.
pub async fn tell(store: &Store, id: BudgetId, window: Window, percent: i64) -> Result<bool, StoreError> {
    let mut write = Write::begin(store).await?;
    let done = sqlx::query(
        "UPDATE budget_windows SET told_percent = $3 WHERE budget_id = $1 AND starts_at = $2 AND told_percent < $3",
    )
    .bind(id.to_string())
    .bind(window.starts_at.as_micros())
    .bind(percent)
    .execute(write.connection())
    .await?;
    if done.rows_affected() == 0 {
        write.rollback().await?;
        return Ok(false);
    }
    write.touch(ChangeKind::BudgetThreshold, &id, Verb::Updated);
    write.commit().await?;
    Ok(true)
}

fn joined(percents: &[u8]) -> String {
    percents.iter().map(u8::to_string).collect::<Vec<_>>().join(",")
}

fn read(row: &AnyRow) -> Result<StoredBudget, StoreError> {
    let row = Columns(row);
    let percents = row.text("soft_percents")?;
    let percents = percents.split(',').filter(|part| !part.is_empty()).map(str::parse).collect::<Result<_, _>>();
    let owner_id: uuid::Uuid = row.parsed("owner_id")?;
    let period: Period = row.parsed("period")?;
    Ok(StoredBudget {
        budget: Budget {
            id: row.parsed("id")?,
            owner: Owner { kind: row.parsed("owner_kind")?, id: owner_id },
            period,
            limit: Nanos(row.number("limit_nanos")?),
            soft_percents: percents
                .map_err(|_| StoreError::Integrity("column soft_percents: no numbers".to_owned()))?,
            counts_personal: row.flag("counts_personal")?,
            authority: row.parsed("authority")?,
        },
        created_at: row.time("created_at")?,
        created_by: row.optional_parsed("created_by")?,
        updated_at: row.time("updated_at")?,
        updated_by: row.optional_parsed("updated_by")?,
    })
}

fn read_standing(row: &Columns<'_>) -> Result<Standing, StoreError> {
    Ok(Standing {
        spent: Nanos(row.number("spent_nanos")?),
        held: Nanos(row.number("held_nanos")?),
        told_percent: row.number("told_percent")?,
    })
}

#[cfg(test)]
mod tests;
