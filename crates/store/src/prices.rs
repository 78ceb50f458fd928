//! Table `prices`: what models cost, from a moment on. Rows are added and never
//! changed; one that has not begun may be withdrawn.

use domain::price_book::PriceEntry;
use domain::{ProviderId, Timestamp};
use sqlx::any::AnyRow;

use crate::changes::ChangeKind;
use crate::error::StoreError;
use crate::mutation::Mutation;
use crate::open::Store;
use crate::row::{Columns, json_text, optional_id};

const INSERT: &str = "INSERT INTO prices \
     (provider, model, starts_at, rates, source, note, created_at, created_by) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";

/// All that was ever set, model by model, the earliest first.
///
/// # Errors
/// When the database cannot be read.
pub async fn all(store: &Store) -> Result<Vec<PriceEntry>, StoreError> {
    let rows = sqlx::query("SELECT * FROM prices ORDER BY provider, model, starts_at").fetch_all(store.pool()).await?;
    rows.iter().map(read).collect()
}

/// The same, as this change sees it.
///
/// # Errors
/// When the database cannot be read.
pub async fn all_in(change: &mut Mutation) -> Result<Vec<PriceEntry>, StoreError> {
    let rows =
        sqlx::query("SELECT * FROM prices ORDER BY provider, model, starts_at").fetch_all(change.connection()).await?;
    rows.iter().map(read).collect()
}

/// Adds a price; other nodes are told.
///
/// # Errors
/// [`StoreError::Conflict`] when one of the model starts at that very moment.
pub async fn insert(change: &mut Mutation, new: &PriceEntry) -> Result<(), StoreError> {
    sqlx::query(INSERT)
        .bind(new.provider.as_str())
        .bind(new.model.as_str())
        .bind(new.starts_at.as_micros())
        .bind(new.price.as_ref().map(json_text).transpose()?)
        .bind(new.source.as_str())
        .bind(new.note.as_deref())
        .bind(new.created_at.as_micros())
        .bind(optional_id(new.created_by))
        .execute(change.connection())
        .await?;
    touch(change);
    Ok(())
}

/// Takes out a price that begins after `now`; other nodes are told. `false`:
/// there is none, or it has begun.
///
/// # Errors
/// When the database cannot be written.
pub async fn withdraw(
    change: &mut Mutation,
    provider: ProviderId,
    model: &str,
    starts_at: Timestamp,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let done =
        sqlx::query("DELETE FROM prices WHERE provider = $1 AND model = $2 AND starts_at = $3 AND starts_at > $4")
            .bind(provider.as_str())
            .bind(model)
            .bind(starts_at.as_micros())
            .bind(now.as_micros())
            .execute(change.connection())
            .await?;
    touch(change);
    Ok(done.rows_affected() > 0)
}

/// All prices are in memory as one: nodes read them anew together.
fn touch(change: &mut Mutation) {
    change.touch(ChangeKind::Price, &"");
}

fn read(row: &AnyRow) -> Result<PriceEntry, StoreError> {
    let row = Columns(row);
    Ok(PriceEntry {
        provider: row.parsed("provider")?,
        model: row.text("model")?,
        starts_at: row.time("starts_at")?,
        price: row.optional_json("rates")?,
        source: row.parsed("source")?,
        note: row.optional_text("note")?,
        created_at: row.time("created_at")?,
        created_by: row.optional_parsed("created_by")?,
    })
}

#[cfg(test)]
mod tests;
