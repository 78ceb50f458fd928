//! The audit log: one row for each event, each linked to the one before it.

mod chain;

use domain::Timestamp;
use domain::ids::{AuditId, OrganizationId, TokenId, UserId};
use sqlx::Any;
use sqlx::any::{AnyArguments, AnyRow};
use sqlx::query::Query;

pub(crate) use chain::{Author, Head, append, take_head};

use crate::error::StoreError;
use crate::open::Store;
use crate::row::{Columns, optional_id, optional_micros};

macro_rules! filtered {
    ($select:literal, $of:literal, $rest:literal) => {
        concat!(
            $select,
            " FROM audit_events WHERE ",
            $of,
            "(CAST($1 AS TEXT) IS NULL OR actor_id = $1) \
             AND (CAST($2 AS TEXT) IS NULL OR action = $2) AND (CAST($3 AS TEXT) IS NULL OR target_id = $3) \
             AND (CAST($4 AS BIGINT) IS NULL OR at >= $4) AND (CAST($5 AS BIGINT) IS NULL OR at < $5) ",
            $rest
        )
    };
}

const COUNT: &str =
    concat!("SELECT CAST(COUNT(*) AS BIGINT) FROM (", filtered!("SELECT seq", "", "LIMIT 10001"), ") AS counted");
const PAGE: &str = filtered!("SELECT *", "", "AND (CAST($6 AS BIGINT) IS NULL OR seq < $6) ORDER BY seq DESC LIMIT $7");

// One organization's have an index, which nobody would use for a filter that may
// be absent.
const COUNT_OF: &str = concat!(
    "SELECT CAST(COUNT(*) AS BIGINT) FROM (",
    filtered!("SELECT seq", "organization_id = $6 AND ", "LIMIT 10001"),
    ") AS counted"
);
const PAGE_OF: &str = filtered!(
    "SELECT *",
    "organization_id = $6 AND ",
    "AND (CAST($7 AS BIGINT) IS NULL OR seq < $7) ORDER BY seq DESC LIMIT $8"
);

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
    /// The organization it happened in.
    pub organization: Option<OrganizationId>,
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
    /// What happened in this organization.
    pub organization: Option<OrganizationId>,
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
    let (rows, next) = listed(store, filter, after, limit).await?;
    // The only page tells by itself how many there are.
    let counted = if after.is_none() && next.is_none() {
        i64::try_from(rows.len()).unwrap_or(i64::MAX)
    } else {
        let counted = bound(COUNT, COUNT_OF, filter).fetch_one(store.pool()).await?;
        sqlx::Row::try_get(&counted, 0)?
    };
    Ok(Page { rows, count: counted.min(EXACT_COUNT), count_is_exact: counted <= EXACT_COUNT, next })
}

/// The rows of [`page`] and where the next one begins, uncounted.
///
/// # Errors
/// When the database cannot be read.
pub async fn listed(
    store: &Store,
    filter: &AuditFilter,
    after: Option<i64>,
    limit: i64,
) -> Result<(Vec<AuditRow>, Option<i64>), StoreError> {
    let found = bound(PAGE, PAGE_OF, filter).bind(after).bind(limit.saturating_add(1)).fetch_all(store.pool()).await?;
    let mut rows = found.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    let limit = usize::try_from(limit).unwrap_or(0);
    let has_more = rows.len() > limit;
    rows.truncate(limit);
    let next = rows.last().filter(|_| has_more).map(|row| row.seq);
    Ok((rows, next))
}

/// `of` is the text for one organization's.
fn bound<'q>(text: &'static str, of: &'static str, filter: &AuditFilter) -> Query<'q, Any, AnyArguments> {
    let query = sqlx::query(if filter.organization.is_some() { of } else { text })
        .bind(optional_id(filter.actor))
        .bind(filter.action.clone())
        .bind(filter.target.clone())
        .bind(optional_micros(filter.from))
        .bind(optional_micros(filter.to));
    match filter.organization {
        Some(organization) => query.bind(organization.to_string()),
        None => query,
    }
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
    verify_after(store, 0, String::new()).await
}

/// Reads the last `rows` of the chain and checks each link.
///
/// # Errors
/// When the database cannot be read.
pub async fn verify_last(store: &Store, rows: i64) -> Result<Verified, StoreError> {
    let head: i64 = sqlx::query_scalar("SELECT seq FROM audit_head WHERE id = 1").fetch_one(store.pool()).await?;
    let start = head.saturating_sub(rows).max(0);
    if start == 0 {
        return verify(store).await;
    }
    let hash: Option<String> = sqlx::query_scalar("SELECT hash FROM audit_events WHERE seq = $1")
        .bind(start)
        .fetch_optional(store.pool())
        .await?;
    match hash {
        Some(hash) => verify_after(store, start, hash).await,
        None => Ok(Verified { rows: 0, broken_at: Some(start) }),
    }
}

async fn verify_after(store: &Store, start: i64, hash: String) -> Result<Verified, StoreError> {
    let key = store.server_secrets().audit();
    let (mut seq, mut hash) = (start, hash);
    loop {
        let rows = sqlx::query("SELECT * FROM audit_events WHERE seq > $1 ORDER BY seq LIMIT 1000")
            .bind(seq)
            .fetch_all(store.pool())
            .await?;
        if rows.is_empty() {
            break;
        }
        for row in &rows {
            let event = read(row)?;
            let kept = Columns(row).text("hash")?;
            if event.seq != seq + 1 || chain::link(key, &hash, &event) != kept {
                return Ok(Verified { rows: seq - start, broken_at: Some(seq + 1) });
            }
            (seq, hash) = (event.seq, kept);
        }
    }
    let head = sqlx::query("SELECT seq, hash FROM audit_head WHERE id = 1").fetch_one(store.pool()).await?;
    let head = Columns(&head);
    let is_whole = head.number("seq")? == seq && head.text("hash")? == hash;
    Ok(Verified { rows: seq - start, broken_at: (!is_whole).then_some(seq + 1) })
}

fn read(row: &AnyRow) -> Result<AuditRow, StoreError> {
    let row = Columns(row);
    Ok(AuditRow {
        seq: row.number("seq")?,
        id: row.parsed("id")?,
        at: row.time("at")?,
        actor_kind: row.text("actor_kind")?,
        actor: row.optional_parsed("actor_id")?,
        token: row.optional_parsed("token_id")?,
        address: row.optional_text("address")?,
        action: row.text("action")?,
        target_kind: row.text("target_kind")?,
        target: row.optional_text("target_id")?,
        detail: row.text("detail")?,
        organization: row.optional_parsed("organization_id")?,
    })
}

#[cfg(test)]
mod tests;
