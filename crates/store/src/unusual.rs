//! Table `unusual_uses`: keys whose use of a day stands out against their own days
//! before it. Found in the sums of days, told once a day for each key.

use std::collections::HashMap;

use domain::Timestamp;
use domain::ids::CredentialId;
use domain::unusual::{DayOfUse, HISTORY_DAYS, LEAST_CALLS, LEAST_SPEND_NANOS, Unusual, judge};
use sqlx::AssertSqlSafe;

use crate::error::StoreError;
use crate::health_feed::{Finding, HealthKind};
use crate::ledger::days::of;
use crate::mutation::Write;
use crate::open::Store;
use crate::row::{Columns, placeholders};

/// How many days they are kept.
const KEPT_DAYS: i64 = 90;

/// Looks at the keys that are used much today, and writes down those whose day
/// stands out; which of them were not known yet.
///
/// # Errors
/// When the database cannot be read or written.
pub async fn look(store: &Store, now: Timestamp) -> Result<Vec<(CredentialId, Unusual)>, StoreError> {
    let today = of(now.as_micros());
    let known = of_day(store, now, None).await?;
    let mut new = Vec::new();
    for (credential, day) in busy(store, today).await? {
        let Some(unusual) = judge(day, &history(store, credential, today).await?) else { continue };
        // Written again only where it is much more.
        let is_news = known.get(&credential).is_none_or(|known| {
            known.measure != unusual.measure
                || unusual.amount / unusual.usual.max(1) != known.amount / known.usual.max(1)
        });
        if is_news && note(store, credential, today, unusual, now).await? {
            new.push((credential, unusual));
        }
    }
    Ok(new)
}

/// Keys that are used much today.
async fn busy(store: &Store, today: i64) -> Result<Vec<(CredentialId, DayOfUse)>, StoreError> {
    let rows = sqlx::query(
        "SELECT credential_id, CAST(SUM(attempts) AS BIGINT) AS calls, CAST(SUM(provider_cost_nanos) AS BIGINT) AS spend \
         FROM usage_days WHERE day = $1 GROUP BY credential_id HAVING SUM(attempts) >= $2 OR SUM(provider_cost_nanos) >= $3",
    )
    .bind(today)
    .bind(LEAST_CALLS)
    .bind(LEAST_SPEND_NANOS)
    .fetch_all(store.pool())
    .await?;
    rows.iter()
        .map(|row| {
            let row = Columns(row);
            Ok((row.parsed("credential_id")?, DayOfUse { spend: row.number("spend")?, calls: row.number("calls")? }))
        })
        .collect()
}

/// A key's days before today on which it was used.
async fn history(store: &Store, credential: CredentialId, today: i64) -> Result<Vec<DayOfUse>, StoreError> {
    let rows = sqlx::query(
        "SELECT CAST(SUM(attempts) AS BIGINT) AS calls, CAST(SUM(provider_cost_nanos) AS BIGINT) AS spend \
         FROM usage_days WHERE credential_id = $1 AND day >= $2 AND day < $3 GROUP BY day",
    )
    .bind(credential.to_string())
    .bind(today - HISTORY_DAYS)
    .bind(today)
    .fetch_all(store.pool())
    .await?;
    rows.iter()
        .map(|row| Ok(DayOfUse { spend: Columns(row).number("spend")?, calls: Columns(row).number("calls")? }))
        .collect()
}

/// Writes it down, and tells of it where it is new; whether it was.
async fn note(
    store: &Store,
    credential: CredentialId,
    day: i64,
    unusual: Unusual,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let mut write = Write::begin(store).await?;
    let bind = |text| {
        sqlx::query(text)
            .bind(credential.to_string())
            .bind(day)
            .bind(unusual.measure.as_str())
            .bind(unusual.amount)
            .bind(unusual.usual)
            .bind(now.as_micros())
    };
    let inserted = bind(
        "INSERT INTO unusual_uses (credential_id, day, measure, amount, usual, found_at) VALUES ($1, $2, $3, $4, $5, $6) \
         ON CONFLICT (day, credential_id) DO NOTHING",
    )
    .execute(write.connection())
    .await?;
    let is_new = inserted.rows_affected() == 1;
    if is_new {
        let reason = Some(unusual.told());
        write.tell(Finding { kind: HealthKind::Unusual, credential, at: now, status: None, reason });
    } else {
        bind(
            "UPDATE unusual_uses SET measure = $3, amount = $4, usual = $5 \
             WHERE credential_id = $1 AND day = $2 AND found_at <= $6",
        )
        .execute(write.connection())
        .await?;
    }
    write.commit().await?;
    Ok(is_new)
}

/// The keys whose use of this day stands out; of these keys, or all.
///
/// # Errors
/// When the database cannot be read.
pub async fn of_day(
    store: &Store,
    at: Timestamp,
    ids: Option<&[CredentialId]>,
) -> Result<HashMap<CredentialId, Unusual>, StoreError> {
    let mut text = "SELECT * FROM unusual_uses WHERE day = $1".to_owned();
    if let Some(ids) = ids {
        if ids.is_empty() {
            return Ok(HashMap::new());
        }
        text.push_str(&format!(" AND credential_id IN ({})", placeholders(2, ids.len())));
    }
    let query = sqlx::query(AssertSqlSafe(text)).bind(of(at.as_micros()));
    let query = ids.unwrap_or_default().iter().fold(query, |query, id| query.bind(id.to_string()));
    let rows = query.fetch_all(store.pool()).await?;
    rows.iter()
        .map(|row| {
            let row = Columns(row);
            let (amount, usual) = (row.number("amount")?, row.number("usual")?);
            Ok((row.parsed("credential_id")?, Unusual { measure: row.parsed("measure")?, amount, usual }))
        })
        .collect()
}

/// Forgets what is long ago.
///
/// # Errors
/// When the database cannot be written.
pub async fn prune(store: &Store, now: Timestamp) -> Result<(), StoreError> {
    let mut write = Write::begin(store).await?;
    sqlx::query("DELETE FROM unusual_uses WHERE day < $1")
        .bind(of(now.as_micros()) - KEPT_DAYS)
        .execute(write.connection())
        .await?;
    write.commit().await
}

#[cfg(test)]
mod tests;
