//! Sums over the ledger, one line for each group: whole days from their own
//! table, parts of days and calls under way from the calls.

mod line;

use std::cmp::Reverse;

use domain::usage::TokenCounts;
use domain::{Nanos, Timestamp};
use sqlx::any::AnyRow;

use super::UsageFilter;
use super::asked::Asked;
use super::bars::Figure;
use super::origin::{Needs, Origin, People};
use super::window::Window;
use crate::audit::EXACT_COUNT;
use crate::error::StoreError;
use crate::ledger::days::rolled::{Rolled, Told, rolled};
use crate::open::Store;
use crate::row::Columns;

pub use line::{Combination, Group, GroupBy, Kind, Largest, Paid, UsageLine};

/// A call as if it were a line of a day. No single one counts for more than
/// 10,000 dollars, so that absurd ones break no report.
const CALLS: &str = "SELECT at / 86400000000 AS day, user_id, provider, model, credential_id, scope, source, \
     COALESCE(token_id, '') AS token_id, COALESCE(team_id, '') AS team_id, \
     COALESCE(organization_id, '') AS organization_id, \
     CASE WHEN number = 1 THEN 1 ELSE 0 END AS requests, 1 AS attempts, \
     CASE WHEN state = 'settled' THEN 1 ELSE 0 END AS answered, \
     CASE WHEN state = 'failed' THEN 1 ELSE 0 END AS failed, \
     CASE WHEN provider_cost_nanos IS NULL AND state <> 'dispatched' THEN 1 ELSE 0 END AS unknown_cost, \
     CASE WHEN usage_source = 'estimated' THEN 1 ELSE 0 END AS estimated, \
     COALESCE(prompt_tokens, 0) AS prompt_tokens, COALESCE(completion_tokens, 0) AS completion_tokens, \
     COALESCE(cached_tokens, 0) AS cached_tokens, COALESCE(cache_write_tokens, 0) AS cache_write_tokens, \
     COALESCE(reasoning_tokens, 0) AS reasoning_tokens, \
     CASE WHEN provider_cost_nanos > 10000000000000 THEN 10000000000000 \
     ELSE COALESCE(provider_cost_nanos, 0) END AS provider_cost_nanos, \
     CASE WHEN client_cost_nanos > 10000000000000 THEN 10000000000000 \
     ELSE COALESCE(client_cost_nanos, 0) END AS client_cost_nanos, \
     CASE WHEN state = 'settled' THEN COALESCE(latency_ms, 0) ELSE 0 END AS latency_ms, \
     CASE WHEN state = 'settled' AND first_token_ms IS NOT NULL THEN 1 ELSE 0 END AS first_tokens, \
     CASE WHEN state = 'settled' THEN COALESCE(first_token_ms, 0) ELSE 0 END AS first_token_ms FROM attempts WHERE ";

/// What is summed up.
pub(super) const SUMS: [&str; 16] = [
    "requests",
    "attempts",
    "answered",
    "failed",
    "unknown_cost",
    "estimated",
    "prompt_tokens",
    "completion_tokens",
    "cached_tokens",
    "cache_write_tokens",
    "reasoning_tokens",
    "provider_cost_nanos",
    "client_cost_nanos",
    "latency_ms",
    "first_tokens",
    "first_token_ms",
];

const SECONDS_A_DAY: i64 = 86_400;

/// One line for each group, days in order, others by cost, the greatest first.
///
/// # Errors
/// When the database cannot be read.
pub async fn summary(store: &Store, filter: &UsageFilter, by: GroupBy) -> Result<Vec<UsageLine>, StoreError> {
    let rows = grouped(store, filter, by.column(), "", Needs::of(by, false), Sums::All).await?;
    let mut lines = rows.iter().map(|row| read(row, by, false)).collect::<Result<Vec<_>, _>>()?;
    lines.sort_by(|a, b| a.key.cmp(&b.key));
    if by != GroupBy::Day {
        lines.sort_by_key(|line| Reverse((line.client_cost, line.requests)));
    }
    Ok(lines)
}

/// The groups with the most of a figure, the largest first; those after the
/// `told` first are one line, unless that is only one of them.
///
/// # Errors
/// When the database cannot be read.
pub async fn largest(
    store: &Store,
    filter: &UsageFilter,
    by: GroupBy,
    figure: Figure,
    told: i64,
) -> Result<Largest, StoreError> {
    let sums = Sums::Largest { column: figure.column(), told };
    let rows = grouped(store, filter, by.column(), "", Needs::of(by, false), sums).await?;
    let mut largest = Largest::default();
    for row in &rows {
        let line = read(row, by, false)?;
        match Columns(row).number("groups")? {
            1 => largest.lines.push(line),
            groups => largest.others = Some((groups, UsageLine { key: String::new(), ..line })),
        }
    }
    Ok(largest)
}

/// One line for each day and group, in the order of days: all of them, or any so
/// many of more.
///
/// # Errors
/// When the database cannot be read.
pub async fn daily(
    store: &Store,
    filter: &UsageFilter,
    by: GroupBy,
    limit: Option<i64>,
) -> Result<Vec<UsageLine>, StoreError> {
    let sums = limit.map_or(Sums::All, Sums::AtMost);
    let rows = grouped(store, filter, by.column(), "day", Needs::of(by, true), sums).await?;
    let mut lines = rows.iter().map(|row| read(row, by, true)).collect::<Result<Vec<_>, _>>()?;
    lines.sort_by(|a, b| (&a.day, &a.key).cmp(&(&b.day, &b.key)));
    Ok(lines)
}

/// One line for each combination of provider, model, key, source and token: from
/// these any report of a page can be made.
///
/// # Errors
/// When the database cannot be read.
pub async fn combinations(store: &Store, filter: &UsageFilter) -> Result<Vec<Combination>, StoreError> {
    let columns = "provider, model, credential_id, source, token_id";
    let needs = Needs { people: People::All, ..Needs::default() };
    let rows = grouped(store, filter, "source", columns, needs, Sums::All).await?;
    rows.iter()
        .map(|found| {
            let row = Columns(found);
            let token = row.text("token_id")?;
            Ok(Combination {
                provider: row.parsed("provider")?,
                model: row.text("model")?,
                credential: row.parsed("credential_id")?,
                source: row.parsed("source")?,
                token: if token.is_empty() { None } else { Some(row.parsed("token_id")?) },
                sums: read(found, GroupBy::Source, false)?,
            })
        })
        .collect()
}

/// One line for each combination of provider, model and source.
///
/// # Errors
/// When the database cannot be read.
pub async fn kinds(store: &Store, filter: &UsageFilter) -> Result<Vec<Kind>, StoreError> {
    let told = Told { provider: true, model: true, source: true, team: false };
    let needs = Needs { told, ..Needs::default() };
    let rows = grouped(store, filter, "source", "provider, model", needs, Sums::All).await?;
    rows.iter()
        .map(|found| {
            let row = Columns(found);
            Ok(Kind {
                provider: row.parsed("provider")?,
                model: row.text("model")?,
                source: row.parsed("group_key")?,
                sums: read(found, GroupBy::Source, false)?,
            })
        })
        .collect()
}

/// One line for each team, and for each organization outside of its teams.
///
/// # Errors
/// When the database cannot be read.
pub async fn groups(store: &Store, filter: &UsageFilter) -> Result<Vec<Group>, StoreError> {
    let told = Told { team: true, ..Told::default() };
    let needs = Needs { groups: true, told, ..Needs::default() };
    let rows = grouped(store, filter, "team_id", "organization_id", needs, Sums::All).await?;
    rows.iter()
        .map(|found| {
            let organization = Columns(found).text("organization_id")?;
            Ok(Group { organization, sums: read(found, GroupBy::Team, false)? })
        })
        .collect()
}

/// How many events pass, where the sums of days say it: more than are counted
/// one by one, or each by its first attempt, and none under way. A filter that
/// few of a user's many calls pass would have all of them looked at.
pub(super) async fn counted(store: &Store, filter: &UsageFilter) -> Result<Option<i64>, StoreError> {
    let is_wide = filter.user.is_none() && (filter.credential.is_some() || filter.token.is_some());
    if !filter.is_narrow() || filter.state.is_some() || is_wide {
        return Ok(None);
    }
    let rolled = rolled(store).await?;
    let window = Window::of(filter.from, filter.to);
    let end = window.end_day.unwrap_or(i64::MAX);
    // A second attempt may be after midnight.
    let beyond = end.saturating_add(1);
    let mut asked = Asked::new("SELECT CAST(COALESCE(SUM(CASE WHEN");
    asked.with_number(" day < ", end);
    asked.push(
        " THEN requests ELSE 0 END), 0) AS BIGINT) AS requests, \
         CAST(COALESCE(SUM(attempts - requests), 0) AS BIGINT) AS repeated, \
         (SELECT CAST(COUNT(*) AS BIGINT) FROM attempts WHERE state = 'dispatched'",
    );
    if let Some(user) = filter.user {
        asked.with_text(" AND user_id = ", user.to_string());
    }
    asked.push(") AS under_way FROM (");
    let days = Window { first_day: window.first_day, end_day: Some(beyond), parts: Vec::new() };
    Origin::of(filter, Needs { days: true, ..Needs::default() }).lines(&mut asked, filter, &days, &rolled);
    asked.push(") AS lines");
    let rows = asked.rows(store).await?;
    let Some(row) = rows.first().map(Columns) else { return Ok(None) };
    let requests = row.number("requests")?;
    let is_all = window.parts.is_empty() && row.number("repeated")? == 0 && row.number("under_way")? == 0;
    Ok((is_all || requests > EXACT_COUNT).then_some(requests))
}

/// What is summed up of a group.
#[derive(Clone, Copy)]
pub(super) enum Sums<'k> {
    /// Everything that a [`UsageLine`] says.
    All,
    /// The same, of so many groups at most.
    AtMost(i64),
    /// The same of the `told` groups with the most of a column, and of all others in
    /// one; how many `groups` each line is.
    Largest { column: &'static str, told: i64 },
    /// One `amount`, of all groups or of those with these keys.
    One { column: &'static str, among: Option<&'k [String]> },
}

/// Sums with a key, for each value of it and of `more` columns. A day that is
/// rolled up meanwhile is read anew, or it would be counted twice.
pub(super) async fn grouped(
    store: &Store,
    filter: &UsageFilter,
    key: &str,
    more: &str,
    needs: Needs,
    sums: Sums<'_>,
) -> Result<Vec<AnyRow>, StoreError> {
    loop {
        let before = rolled(store).await?;
        let rows = asked_for(filter, key, more, needs, sums, &before).rows(store).await?;
        if rolled(store).await? == before {
            return Ok(rows);
        }
    }
}

/// The query of [`grouped`], where days are rolled up so far.
pub(super) fn asked_for(
    filter: &UsageFilter,
    key: &str,
    more: &str,
    needs: Needs,
    sums: Sums<'_>,
    rolled: &Rolled,
) -> Asked {
    let (mut asked, among) = match sums {
        Sums::All | Sums::AtMost(_) | Sums::Largest { .. } => (sums_of(key, more), None),
        Sums::One { column, among } => {
            let text = format!("SELECT {key} AS group_key, CAST(SUM({column}) AS BIGINT) AS amount, {more} FROM (");
            (Asked::new(&text), among)
        }
    };
    let needs = Needs { few: among.is_some(), ..needs };
    lines(&mut asked, filter, Origin::of(filter, needs), rolled);
    asked.push(") AS lines");
    if let Some(keys) = among {
        asked.among(key, keys);
    }
    asked.push(" GROUP BY ");
    asked.push(key);
    if !more.is_empty() {
        asked.push(", ");
        asked.push(more);
    }
    match sums {
        Sums::AtMost(groups) => asked.with_number(" LIMIT ", groups),
        Sums::Largest { column, told } => return largest_of(asked, column, told),
        Sums::All | Sums::One { .. } => {}
    }
    asked
}

/// Of the groups that are asked for, those with the most, and the others in one.
fn largest_of(groups: Asked, column: &str, told: i64) -> Asked {
    let sums: Vec<String> =
        SUMS.iter().map(|sum| (*sum).to_owned()).chain(scoped_sums().map(|(name, _)| name)).collect();
    let sums: Vec<String> = sums.iter().map(|sum| format!("CAST(SUM({sum}) AS BIGINT) AS {sum}")).collect();
    groups.within(
        &format!(
            "SELECT MIN(group_key) AS group_key, CAST(COUNT(*) AS BIGINT) AS groups, {} FROM (SELECT g.*, ROW_NUMBER() \
             OVER (ORDER BY {column} DESC, requests DESC, attempts DESC, group_key) AS place FROM (",
            sums.join(", ")
        ),
        &format!(
            ") AS g) AS placed GROUP BY CASE WHEN place <= {told} THEN place ELSE {told} + 1 END ORDER BY MIN(place)"
        ),
    )
}

/// What keys of some scopes paid, by name and in SQL.
fn scoped_sums() -> impl Iterator<Item = (String, String)> {
    ["personal", "organization"].into_iter().flat_map(|scope| {
        ["attempts", "provider_cost_nanos", "client_cost_nanos"].map(|column| {
            let sum = format!("CAST(SUM(CASE WHEN scope = '{scope}' THEN {column} ELSE 0 END) AS BIGINT)");
            (format!("{scope}_{column}"), sum)
        })
    })
}

/// What is selected, up to where it comes from.
fn sums_of(key: &str, more: &str) -> Asked {
    let mut asked = Asked::new("SELECT ");
    asked.push(key);
    asked.push(" AS group_key");
    for column in SUMS {
        asked.push(&format!(", CAST(SUM({column}) AS BIGINT) AS {column}"));
    }
    for (name, sum) in scoped_sums() {
        asked.push(&format!(", {sum} AS {name}"));
    }
    if !more.is_empty() {
        asked.push(", ");
        asked.push(more);
    }
    asked.push(" FROM (");
    asked
}

/// Everything the filter lets through, as lines of days.
fn lines(asked: &mut Asked, filter: &UsageFilter, origin: Origin, rolled: &Rolled) {
    let window = Window::of(filter.from, filter.to);
    origin.lines(asked, filter, &window, rolled);
    for (from, to) in window.parts {
        // Each of the two has an index.
        for number in ["number = 1", "number > 1"] {
            asked.push(" UNION ALL ");
            asked.push(CALLS);
            asked.push("state <> 'dispatched' AND ");
            asked.push(number);
            asked.filter(filter);
            asked.with_number(" AND at >= ", from);
            asked.with_number(" AND at < ", to);
        }
    }
    asked.push(" UNION ALL ");
    asked.push(CALLS);
    asked.push("state = 'dispatched'");
    asked.filter(filter);
    if let Some(from) = filter.from {
        asked.with_number(" AND at >= ", from.as_micros());
    }
    if let Some(to) = filter.to {
        asked.with_number(" AND at < ", to.as_micros());
    }
}

fn read(row: &AnyRow, by: GroupBy, is_daily: bool) -> Result<UsageLine, StoreError> {
    let row = Columns(row);
    let paid = |scope: &str| {
        Ok::<_, StoreError>(Paid {
            attempts: row.number(&format!("{scope}_attempts"))?,
            provider_cost: Nanos(row.number(&format!("{scope}_provider_cost_nanos"))?),
            client_cost: Nanos(row.number(&format!("{scope}_client_cost_nanos"))?),
        })
    };
    Ok(UsageLine {
        day: if is_daily { Some(date_of(row.number("day")?)) } else { None },
        key: key_of(&row, by)?,
        requests: row.number("requests")?,
        attempts: row.number("attempts")?,
        answered: row.number("answered")?,
        failed: row.number("failed")?,
        unknown: row.number("unknown_cost")?,
        estimated: row.number("estimated")?,
        personal: paid("personal")?,
        organization: paid("organization")?,
        tokens: TokenCounts {
            prompt: row.count("prompt_tokens")?,
            completion: row.count("completion_tokens")?,
            cached: row.count("cached_tokens")?,
            cache_write: row.count("cache_write_tokens")?,
            cache_write_hour: 0,
            reasoning: row.count("reasoning_tokens")?,
        },
        provider_cost: Nanos(row.number("provider_cost_nanos")?),
        client_cost: Nanos(row.number("client_cost_nanos")?),
        latency_ms: row.number("latency_ms")?,
        first_tokens: row.number("first_tokens")?,
        first_token_ms: row.number("first_token_ms")?,
    })
}

/// What a line is of; of a day, whose number a text has, its date.
pub(super) fn key_of(row: &Columns<'_>, by: GroupBy) -> Result<String, StoreError> {
    let key = row.text("group_key")?;
    if by != GroupBy::Day {
        return Ok(key);
    }
    key.parse().map(date_of).map_err(|_| StoreError::Integrity(format!("no day: {key}")))
}

/// The date of a number of days since 1970.
pub(super) fn date_of(days: i64) -> String {
    let text = Timestamp::from_seconds(days.saturating_mul(SECONDS_A_DAY)).to_string();
    text.split('T').next().unwrap_or_default().to_owned()
}

#[cfg(test)]
pub(super) mod tests;
