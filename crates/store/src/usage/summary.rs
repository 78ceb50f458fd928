//! Sums over the ledger, one line for each group.

use std::cmp::Reverse;

use domain::usage::TokenCounts;
use domain::{Nanos, Timestamp};
use sqlx::any::AnyRow;

use super::{UsageFilter, bound};
use crate::error::StoreError;
use crate::open::Store;
use crate::row::Columns;

macro_rules! grouped_by {
    ($key:literal) => {
        concat!(
            "SELECT ", $key, " AS group_key, COUNT(DISTINCT request_id) AS requests, COUNT(*) AS attempts, \
             CAST(SUM(CASE WHEN state = 'failed' THEN 1 ELSE 0 END) AS BIGINT) AS failed, \
             CAST(SUM(CASE WHEN provider_cost_nanos IS NULL AND state <> 'dispatched' THEN 1 ELSE 0 END) AS BIGINT) \
             AS unknown_cost, \
             CAST(SUM(CASE WHEN usage_source = 'estimated' THEN 1 ELSE 0 END) AS BIGINT) AS estimated, \
             CAST(COALESCE(SUM(prompt_tokens), 0) AS BIGINT) AS prompt, \
             CAST(COALESCE(SUM(completion_tokens), 0) AS BIGINT) AS completion, \
             CAST(COALESCE(SUM(cached_tokens), 0) AS BIGINT) AS cached, \
             CAST(COALESCE(SUM(cache_write_tokens), 0) AS BIGINT) AS cache_write, \
             CAST(COALESCE(SUM(reasoning_tokens), 0) AS BIGINT) AS reasoning, \
             ", sum_of_costs!("provider_cost_nanos"), " AS provider_cost, \
             ", sum_of_costs!("client_cost_nanos"), " AS client_cost \
             FROM attempts WHERE (CAST($1 AS TEXT) IS NULL OR user_id = $1) \
             AND (CAST($2 AS BIGINT) IS NULL OR at >= $2) AND (CAST($3 AS BIGINT) IS NULL OR at < $3) \
             AND (CAST($4 AS TEXT) IS NULL OR provider = $4) AND (CAST($5 AS TEXT) IS NULL OR model = $5) \
             AND (CAST($6 AS TEXT) IS NULL OR credential_id = $6) AND (CAST($7 AS TEXT) IS NULL OR source = $7) \
             GROUP BY 1"
        )
    };
}

const SECONDS_A_DAY: i64 = 86_400;

/// What a summary has one line for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GroupBy {
    /// A day, UTC.
    Day,
    /// A provider's model.
    Model,
    /// A provider.
    Provider,
    /// A key.
    Credential,
    /// Where calls come from.
    Source,
}

domain::text_enum!(GroupBy, "grouping" {
    Day => "day",
    Model => "model",
    Provider => "provider",
    Credential => "credential",
    Source => "source",
});

/// One line of a summary.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsageLine {
    /// `2026-11-21`, `openai/gpt-6`, `openai`, an id, or `chat`.
    pub key: String,
    /// Requests with at least one attempt in this line.
    pub requests: i64,
    /// Attempts.
    pub attempts: i64,
    /// Attempts that failed.
    pub failed: i64,
    /// Attempts whose cost nobody knows; never counted as zero.
    pub unknown: i64,
    /// Attempts whose usage is estimated.
    pub estimated: i64,
    /// The tokens that are known.
    pub tokens: TokenCounts,
    /// The provider's cost that is known.
    pub provider_cost: Nanos,
    /// The client's cost that is known.
    pub client_cost: Nanos,
}

/// One line for each group, days in order, others by cost, the greatest first.
///
/// # Errors
/// When the database cannot be read.
pub async fn summary(store: &Store, filter: &UsageFilter, by: GroupBy) -> Result<Vec<UsageLine>, StoreError> {
    let text = match by {
        GroupBy::Day => grouped_by!("CAST(at / 86400000000 AS TEXT)"),
        GroupBy::Model => grouped_by!("provider || '/' || model"),
        GroupBy::Provider => grouped_by!("provider"),
        GroupBy::Credential => grouped_by!("credential_id"),
        GroupBy::Source => grouped_by!("source"),
    };
    let rows = bound(text, filter).fetch_all(store.pool()).await?;
    let mut lines = rows.iter().map(|row| read(row, by)).collect::<Result<Vec<_>, _>>()?;
    lines.sort_by(|a, b| a.key.cmp(&b.key));
    if by != GroupBy::Day {
        lines.sort_by_key(|line| Reverse((line.client_cost, line.requests)));
    }
    Ok(lines)
}

fn read(row: &AnyRow, by: GroupBy) -> Result<UsageLine, StoreError> {
    let row = Columns(row);
    let key = row.text("group_key")?;
    Ok(UsageLine {
        key: if by == GroupBy::Day { day(&key)? } else { key },
        requests: row.number("requests")?,
        attempts: row.number("attempts")?,
        failed: row.number("failed")?,
        unknown: row.number("unknown_cost")?,
        estimated: row.number("estimated")?,
        tokens: TokenCounts {
            prompt: row.count("prompt")?,
            completion: row.count("completion")?,
            cached: row.count("cached")?,
            cache_write: row.count("cache_write")?,
            cache_write_hour: 0,
            reasoning: row.count("reasoning")?,
        },
        provider_cost: Nanos(row.number("provider_cost")?),
        client_cost: Nanos(row.number("client_cost")?),
    })
}

/// The date of a number of days since 1970.
fn day(number: &str) -> Result<String, StoreError> {
    let days: i64 = number.parse().map_err(|_| StoreError::Integrity(format!("no day: {number}")))?;
    let text = Timestamp::from_seconds(days * SECONDS_A_DAY).to_string();
    Ok(text.split('T').next().unwrap_or_default().to_owned())
}
