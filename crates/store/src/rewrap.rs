//! Sealing everything again under the master key that seals now: row by row in
//! small transactions, beside running servers. It can stop between any two
//! batches; the next run goes on with what is left.

use domain::{MasterKeyId, Timestamp};

use crate::audit;
use crate::error::StoreError;
use crate::keyring::{self, Unopened};
use crate::mutation::Write;
use crate::open::Store;
use crate::row::Columns;
use crate::sealed_columns::{self, SEALED_COLUMNS};
use crate::vault::Sealed;

/// How far a run has come. The default is its beginning.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Position {
    column: usize,
    after: String,
}

/// What a batch did.
#[derive(Debug)]
pub struct Batch {
    /// Secrets sealed again.
    pub rewrapped: u64,
    /// Secrets that somebody else changed at the same time; theirs stay.
    pub overtaken: u64,
    /// Secrets that do not open; they stay as they are.
    pub unopened: Vec<Unopened>,
    /// Where the next batch begins; `None` at the end.
    pub next: Option<Position>,
}

/// How many secrets are not under the master key that seals now.
///
/// # Errors
/// When the database cannot be read.
pub async fn pending(store: &Store) -> Result<i64, StoreError> {
    let to = store.vault().sealing_kid();
    let mut connection = store.pool().acquire().await?;
    let held = sealed_columns::held(&mut connection).await?;
    Ok(held.iter().filter(|held| held.kid != Some(to)).map(|held| held.rows).sum())
}

/// Seals up to `rows` secrets after `from` again, in one transaction. A secret
/// is replaced only if it is still the one that was read: an edit wins.
///
/// # Errors
/// When the database cannot be read or written; then none of them is.
pub async fn batch(store: &Store, now: Timestamp, from: &Position, rows: i64) -> Result<Batch, StoreError> {
    let mut done = Batch { rewrapped: 0, overtaken: 0, unopened: Vec::new(), next: None };
    let Some(column) = SEALED_COLUMNS.get(from.column) else { return Ok(done) };
    let to = store.vault().sealing_kid();
    let page = sqlx::query(column.page).bind(from.after.as_str()).bind(to.to_string()).bind(rows);
    let page = page.fetch_all(store.pool()).await?;
    let mut after = None;
    let mut replacements = Vec::new();
    for row in &page {
        let row = Columns(row);
        let (key, sealed) = (row.text("row_key")?, Sealed(row.text("row_sealed")?));
        // A row that cannot be read has no identity to open it under.
        let again = (column.context)(&row).ok().and_then(|context| rewrapped(store, &context, &sealed, to));
        match again {
            Some(again) => replacements.push((key.clone(), sealed, again)),
            None => {
                let (table, column) = (column.table, column.column);
                done.unopened.push(Unopened { table, column, row: key.clone(), kid: sealed.kid() });
            }
        }
        after = Some(key);
    }
    if !replacements.is_empty() {
        let mut write = Write::begin(store).await?;
        // With the head in hand nobody retires the key that these go under.
        audit::take_head(write.connection()).await?;
        keyring::write_down_sealing(write.connection(), store.vault(), now).await?;
        for (key, sealed, again) in &replacements {
            let replace = sqlx::query(column.replace).bind(key.as_str()).bind(sealed.as_str()).bind(again.as_str());
            match replace.execute(write.connection()).await?.rows_affected() {
                0 => done.overtaken += 1,
                _ => done.rewrapped += 1,
            }
        }
        write.commit().await?;
    }
    done.next = Some(match after {
        Some(after) => Position { column: from.column, after },
        None => Position { column: from.column + 1, after: String::new() },
    });
    done.next = done.next.filter(|next| next.column < SEALED_COLUMNS.len());
    Ok(done)
}

/// The secret under the sealing key, proven to open.
fn rewrapped(store: &Store, context: &[u8], sealed: &Sealed, to: MasterKeyId) -> Option<Sealed> {
    let vault = store.vault();
    let again = vault.rewrap(context, sealed, store.entropy()).ok()?;
    (again.kid() == Some(to) && vault.opens(context, &again)).then_some(again)
}

#[cfg(test)]
mod tests;
