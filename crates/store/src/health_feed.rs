//! Tables `health_feed` and `health_head`: what was learnt about keys, in order,
//! for other nodes' memory and for the streams of events. Written by checks and
//! calls; changes of configuration have [`crate::changes`].

use domain::Timestamp;
use domain::credential::KeyStatus;
use domain::ids::CredentialId;
use sqlx::AnyConnection;
use sqlx::any::AnyRow;

use crate::error::StoreError;
use crate::open::Store;
use crate::row::Columns;

/// How many rows are kept. Whoever is further behind reads everything anew.
const KEPT: i64 = 10_000;

/// What was learnt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HealthKind {
    /// A key's status is another one.
    Status,
    /// A key's models are others.
    Models,
    /// A key is used as never before.
    Unusual,
}

domain::text_enum!(HealthKind, "kind of health" { Status => "status", Models => "models", Unusual => "unusual" });

/// Something learnt about a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What.
    pub kind: HealthKind,
    /// About which key.
    pub credential: CredentialId,
    /// When.
    pub at: Timestamp,
    /// The status now, where that is what was learnt.
    pub status: Option<KeyStatus>,
    /// The status in plain words.
    pub reason: Option<String>,
}

/// A finding and its place in the feed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HealthNews {
    /// Its place, without gaps.
    pub seq: i64,
    /// What was learnt; `None`: something of a later version.
    pub finding: Option<Finding>,
}

/// The last place in the feed.
///
/// # Errors
/// When the database cannot be read.
pub async fn latest(store: &Store) -> Result<i64, StoreError> {
    Ok(sqlx::query_scalar("SELECT seq FROM health_head WHERE id = 1").fetch_one(store.pool()).await?)
}

/// Up to `limit` findings after `seq`, in order. When the first is not `seq + 1`,
/// findings in between were pruned.
///
/// # Errors
/// When the database cannot be read.
pub async fn since(store: &Store, seq: i64, limit: i64) -> Result<Vec<HealthNews>, StoreError> {
    // SQLite plans a statement anew whenever a bare `LIMIT $2` is bound.
    let rows = sqlx::query("SELECT * FROM health_feed WHERE seq > $1 ORDER BY seq LIMIT CAST($2 AS BIGINT)")
        .bind(seq)
        .bind(limit)
        .fetch_all(store.pool())
        .await?;
    rows.iter().map(read).collect()
}

fn read(row: &AnyRow) -> Result<HealthNews, StoreError> {
    let row = Columns(row);
    let seq = row.number("seq")?;
    let Ok(kind) = row.text("kind")?.parse() else { return Ok(HealthNews { seq, finding: None }) };
    let finding = Finding {
        kind,
        credential: row.parsed("credential_id")?,
        at: row.time("at")?,
        status: row.optional_parsed("status")?,
        reason: row.optional_text("status_reason")?,
    };
    Ok(HealthNews { seq, finding: Some(finding) })
}

/// Writes findings at the feed's end. The head's row keeps the order among nodes.
pub(crate) async fn append(connection: &mut AnyConnection, findings: &[Finding]) -> Result<(), StoreError> {
    let number = i64::try_from(findings.len()).unwrap_or(0);
    let last: i64 = sqlx::query_scalar("UPDATE health_head SET seq = seq + $1 WHERE id = 1 RETURNING seq")
        .bind(number)
        .fetch_one(&mut *connection)
        .await?;
    for (seq, finding) in (last - number + 1..).zip(findings) {
        sqlx::query(
            "INSERT INTO health_feed (seq, kind, credential_id, at, status, status_reason) \
             VALUES ($1, $2, $3, $4, $5, $6)",
        )
        .bind(seq)
        .bind(finding.kind.as_str())
        .bind(finding.credential.to_string())
        .bind(finding.at.as_micros())
        .bind(finding.status.map(KeyStatus::as_str))
        .bind(finding.reason.as_deref())
        .execute(&mut *connection)
        .await?;
    }
    sqlx::query("DELETE FROM health_feed WHERE seq <= $1").bind(last - KEPT).execute(connection).await?;
    Ok(())
}

#[cfg(test)]
mod tests;
