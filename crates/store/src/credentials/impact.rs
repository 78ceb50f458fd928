//! Who would miss a key: its calls of the last 30 days, from the ledger.

use std::time::Duration;

use domain::ids::{CredentialId, TeamId, TokenId};
use domain::{Nanos, Timestamp};

use crate::error::StoreError;
use crate::open::Store;
use crate::row::Columns;
use crate::usage::sum_of_costs;

/// How far back calls count.
const MONTH: Duration = Duration::from_hours(30 * 24);

const DAY: Duration = Duration::from_hours(24);

/// Columns of a key's calls from a time on. Calls under way have an index of
/// their own.
macro_rules! calls {
    ($columns:literal) => {
        concat!(
            "(SELECT ",
            $columns,
            " FROM attempts WHERE state <> 'dispatched' AND credential_id = $1 AND at >= $2 UNION ALL SELECT ",
            $columns,
            " FROM attempts WHERE state = 'dispatched' AND credential_id = $1 AND at >= $2)"
        )
    };
}

const CALLS: &str = concat!(
    "SELECT COUNT(*) AS calls, CAST(COALESCE(SUM(CASE WHEN at >= $3 THEN 1 ELSE 0 END), 0) AS BIGINT) AS calls_24h, ",
    sum_of_costs!("provider_cost_nanos"),
    " AS cost, (SELECT MAX(at) FROM (\
     SELECT MAX(at) AS at FROM attempts WHERE state <> 'dispatched' AND credential_id = $1 UNION ALL \
     SELECT MAX(at) AS at FROM attempts WHERE state = 'dispatched' AND credential_id = $1) AS last) AS last_used_at \
     FROM ",
    calls!("at, provider_cost_nanos"),
    " AS a",
);

/// The hundred tokens that call most.
const TOKENS: &str = concat!(
    "SELECT a.token_id AS id, t.name AS name, COUNT(*) AS calls FROM ",
    calls!("token_id"),
    " AS a JOIN tokens AS t ON t.id = a.token_id \
     GROUP BY a.token_id, t.name ORDER BY calls DESC, a.token_id LIMIT 100"
);

/// The hundred teams that call most.
const TEAMS: &str = concat!(
    "SELECT a.team_id AS id, t.name AS name, COUNT(*) AS calls FROM ",
    calls!("team_id"),
    " AS a JOIN teams AS t ON t.id = a.team_id \
     GROUP BY a.team_id, t.name ORDER BY calls DESC, a.team_id LIMIT 100"
);

/// Who used a key lately.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Impact {
    /// The last call.
    pub last_used_at: Option<Timestamp>,
    /// Attempts in 24 hours.
    pub calls_24h: i64,
    /// Attempts in 30 days.
    pub calls_30d: i64,
    /// What those cost the key's owner, as far as known.
    pub cost_30d: Nanos,
    /// The gateway tokens behind them, the busiest first.
    pub tokens: Vec<TokenUse>,
    /// The teams behind them, the busiest first.
    pub teams: Vec<TeamUse>,
}

/// What a team called with a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TeamUse {
    /// Which.
    pub team: TeamId,
    /// Its name.
    pub name: String,
    /// Attempts in 30 days.
    pub calls_30d: i64,
}

/// What a gateway token called with a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenUse {
    /// Which.
    pub token: TokenId,
    /// Its name.
    pub name: String,
    /// Attempts in 30 days.
    pub calls_30d: i64,
}

/// Who would miss this key.
///
/// # Errors
/// When the database cannot be read.
pub async fn impact(store: &Store, id: CredentialId, now: Timestamp) -> Result<Impact, StoreError> {
    let since = now.minus(MONTH).as_micros();
    store.ledger().can_be_read().await;
    let row = sqlx::query(CALLS)
        .bind(id.to_string())
        .bind(since)
        .bind(now.minus(DAY).as_micros())
        .fetch_one(store.pool())
        .await?;
    let tokens = sqlx::query(TOKENS).bind(id.to_string()).bind(since).fetch_all(store.pool()).await?;
    let teams = sqlx::query(TEAMS).bind(id.to_string()).bind(since).fetch_all(store.pool()).await?;
    let read_team = |row| {
        let row = Columns(row);
        Ok(TeamUse { team: row.parsed("id")?, name: row.text("name")?, calls_30d: row.number("calls")? })
    };
    let read = |row| {
        let row = Columns(row);
        Ok(TokenUse { token: row.parsed("id")?, name: row.text("name")?, calls_30d: row.number("calls")? })
    };
    let row = Columns(&row);
    Ok(Impact {
        last_used_at: row.optional_time("last_used_at")?,
        calls_24h: row.number("calls_24h")?,
        calls_30d: row.number("calls")?,
        cost_30d: Nanos(row.number("cost")?),
        tokens: tokens.iter().map(read).collect::<Result<_, StoreError>>()?,
        teams: teams.iter().map(read_team).collect::<Result<_, StoreError>>()?,
    })
}

#[cfg(test)]
mod tests;
