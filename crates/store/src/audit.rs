//! The audit log: one row for each event, each linked to the one before it.

use domain::Timestamp;
use domain::ids::{AuditId, TokenId, UserId};

use crate::error::StoreError;
use crate::open::Store;

/// One event as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditRow {
    /// Its place in the chain, from 1, without gaps. The cursor of [`page`].
    pub seq: i64,
    /// Its id.
    pub id: AuditId,
    /// When.
    pub at: Timestamp,
    /// `user`, `cli` or `system`.
    pub actor_kind: String,
    /// Who, or as whom.
    pub actor: Option<UserId>,
    /// The gateway token used.
    pub token: Option<TokenId>,
    /// From which address.
    pub address: Option<String>,
    /// The action's stable name, `credential.created`.
    pub action: String,
    /// What kind of thing was acted on.
    pub target_kind: String,
    /// Which.
    pub target: Option<String>,
    /// The event's fields, as a JSON object.
    pub detail: String,
}

/// Which rows to read. `None` lets all through.
#[derive(Clone, Debug, Default)]
pub struct AuditFilter {
    /// Who did it.
    pub actor: Option<UserId>,
    /// The action's name.
    pub action: Option<String>,
    /// The id of what was acted on.
    pub target: Option<String>,
    /// Not earlier.
    pub from: Option<Timestamp>,
    /// Earlier than this.
    pub to: Option<Timestamp>,
}

/// A page of a long list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T, C> {
    /// The rows, newest first.
    pub rows: Vec<T>,
    /// How many rows pass the filter, up to [`EXACT_COUNT`].
    pub count: i64,
    /// Whether `count` is all of them.
    pub count_is_exact: bool,
    /// Where the next page begins; `None` at the end.
    pub next: Option<C>,
}

/// Long lists are counted up to here.
pub const EXACT_COUNT: i64 = 10_000;

/// Rows that pass `filter`, newest first, after the row `after` of a former page.
///
/// # Errors
/// When the database cannot be read.
pub async fn page(
    store: &Store,
    filter: &AuditFilter,
    after: Option<i64>,
    limit: i64,
) -> Result<Page<AuditRow, i64>, StoreError> {
    let _ = (store, filter, after, limit);
    todo!()
}

/// What [`verify`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verified {
    /// Rows read.
    pub rows: i64,
    /// The first row whose link does not hold; `None`: all hold, up to the head.
    pub broken_at: Option<i64>,
}

/// Reads the whole chain and checks each link.
///
/// # Errors
/// When the database cannot be read.
pub async fn verify(store: &Store) -> Result<Verified, StoreError> {
    let _ = store;
    todo!()
}
