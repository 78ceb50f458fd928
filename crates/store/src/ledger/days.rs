//! The sums of each day, for reports. Whatever ends a call adds it here in the
//! same transaction, and only when it was that which ended it: so the sums are
//! always those of the rows. One line is written for each of a group's days,
//! keys and models, in one order on all nodes, so that none waits for another in
//! a circle.

pub(crate) mod rolled;

use std::collections::BTreeMap;

use domain::Nanos;
use domain::attempt::AttemptState;
use domain::usage::UsageSource;
use sqlx::any::AnyArguments;
use sqlx::query::Query;
use sqlx::{Any, AnyConnection, AssertSqlSafe};

use super::Settlement;
use super::statements::tuples;
use crate::error::StoreError;
use crate::row::Columns;

/// A day in microseconds.
pub(crate) const DAY_MICROS: i64 = 86_400_000_000;

/// The most that one call counts for: 10,000 dollars.
const MOST_OF_A_CALL: i64 = 10_000_000_000_000;

/// How many lines one statement writes.
const LINES: usize = 16;

/// What an update of `attempts` returns, so that the sums can follow it.
pub(super) const RETURNED: [&str; 11] = [
    "user_id",
    "at",
    "provider",
    "model",
    "credential_id",
    "scope",
    "source",
    "token_id",
    "team_id",
    "organization_id",
    "number",
];

const KEY_COLUMNS: &str =
    "user_id, provider, model, credential_id, scope, source, token_id, team_id, organization_id, day";
const KEY_VALUES: usize = 10;

/// In the order of [`Sums::values`].
const SUM_COLUMNS: [&str; 16] = [
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

/// The number of the day, since 1970, of a time in microseconds.
pub(crate) const fn of(at_micros: i64) -> i64 {
    at_micros.div_euclid(DAY_MICROS)
}

/// Which sums a call belongs to. Columns as they are; an id it has not is empty.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct DayKey {
    pub(super) user: String,
    pub(super) day: i64,
    pub(super) provider: String,
    pub(super) model: String,
    pub(super) credential: String,
    pub(super) scope: String,
    pub(super) source: String,
    pub(super) token: String,
    pub(super) team: String,
    pub(super) organization: String,
}

/// What some calls of one key come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(super) struct Sums([i64; SUM_COLUMNS.len()]);

impl Sums {
    /// One call that ended; `number`: which attempt of its request it was.
    pub(super) fn of(number: i64, end: &Settlement) -> Self {
        let tokens = end.tokens.unwrap_or_default();
        let count = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        let cost = |cost: Option<Nanos>| cost.map_or(0, |cost| cost.0.min(MOST_OF_A_CALL));
        let is_answered = end.state == AttemptState::Settled;
        let first_token = end.first_token_ms.filter(|_| is_answered);
        Self([
            i64::from(number == 1),
            1,
            i64::from(is_answered),
            i64::from(end.state == AttemptState::Failed),
            i64::from(end.provider_cost.is_none()),
            i64::from(end.usage_source == UsageSource::Estimated),
            count(tokens.prompt),
            count(tokens.completion),
            count(tokens.cached),
            count(tokens.cache_write),
            count(tokens.reasoning),
            cost(end.provider_cost),
            cost(end.client_cost),
            if is_answered { end.latency_ms } else { 0 },
            i64::from(first_token.is_some()),
            first_token.unwrap_or(0),
        ])
    }

    /// One call of which nobody knows how it ended.
    pub(super) fn given_up(number: i64) -> Self {
        let mut sums = [0; SUM_COLUMNS.len()];
        (sums[0], sums[1], sums[4]) = (i64::from(number == 1), 1, 1);
        Self(sums)
    }

    pub(super) fn add(&mut self, more: Self) {
        for (sum, more) in self.0.iter_mut().zip(more.0) {
            *sum = sum.saturating_add(more);
        }
    }

    /// In the order of the columns.
    pub(super) const fn values(self) -> [i64; SUM_COLUMNS.len()] {
        self.0
    }
}

/// What a group of calls adds, line by line.
#[derive(Default)]
pub(super) struct Days {
    lines: BTreeMap<DayKey, Sums>,
    /// Whether one of the days may have been rolled up already.
    is_late: bool,
}

impl Days {
    /// Adds calls that ended at this time, in microseconds.
    pub(super) fn add(&mut self, key: DayKey, sums: Sums, ended_at: i64) {
        self.is_late |= rolled::may_be_rolled(key.day, ended_at);
        self.lines.entry(key).or_default().add(sums);
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&DayKey, Sums)> {
        self.lines.iter().map(|(key, sums)| (key, *sums))
    }

    /// What else each line is written by, where its day is rolled up.
    pub(super) fn late_texts(&self) -> Vec<String> {
        if self.is_late { rolled::late_texts() } else { Vec::new() }
    }

    /// Adds all of it to the table.
    pub(super) async fn write(&self, connection: &mut AnyConnection) -> Result<(), StoreError> {
        let lines: Vec<_> = self.iter().collect();
        for some in lines.chunks(LINES) {
            let mut query = sqlx::query(AssertSqlSafe(text(some.len())));
            for (key, sums) in some {
                query = bind(query, key, *sums);
            }
            query.execute(&mut *connection).await?;
        }
        let late = self.late_texts();
        if !late.is_empty() {
            rolled::hold(connection).await?;
        }
        for text in late {
            for (key, sums) in self.iter() {
                bind(sqlx::query(AssertSqlSafe(text.clone())), key, sums)
                    .bind(rolled::month_of(key.day))
                    .execute(&mut *connection)
                    .await?;
            }
        }
        Ok(())
    }
}

type Bound = Query<'static, Any, AnyArguments>;

fn bind(query: Bound, key: &DayKey, sums: Sums) -> Bound {
    let texts = [&key.user, &key.provider, &key.model, &key.credential, &key.scope];
    let more = [&key.source, &key.token, &key.team, &key.organization];
    let query = texts.into_iter().chain(more).fold(query, |query, text| query.bind(text.clone()));
    sums.values().into_iter().fold(query.bind(key.day), Query::bind)
}

/// What an update of `attempts` returns, each column after `table`.
pub(super) fn returned(table: &str) -> String {
    RETURNED.map(|column| format!("{table}{column} AS {column}")).join(", ")
}

/// Reads what [`returned`] asked for.
pub(super) fn read_key(row: &Columns<'_>) -> Result<(DayKey, i64), StoreError> {
    let or_empty = |column: &str| Ok::<String, StoreError>(row.optional_text(column)?.unwrap_or_default());
    let key = DayKey {
        user: row.text("user_id")?,
        day: of(row.number("at")?),
        provider: row.text("provider")?,
        model: row.text("model")?,
        credential: row.text("credential_id")?,
        scope: row.text("scope")?,
        source: row.text("source")?,
        token: or_empty("token_id")?,
        team: or_empty("team_id")?,
        organization: or_empty("organization_id")?,
    };
    Ok((key, row.number("number")?))
}

/// Adds so many lines. A day's costs are held at ten million dollars, so that no
/// absurd one breaks a sum.
pub(super) fn text(lines: usize) -> String {
    format!(
        "INSERT INTO usage_days ({KEY_COLUMNS}, {}) VALUES {} ON CONFLICT ({KEY_COLUMNS}) DO UPDATE SET {}",
        SUM_COLUMNS.join(", "),
        tuples(lines, KEY_VALUES + SUM_COLUMNS.len()),
        added("usage_days")
    )
}

/// Adds a line to the one that a table has.
fn added(table: &str) -> String {
    let sums = SUM_COLUMNS.map(|column| {
        let sum = format!("{table}.{column} + excluded.{column}");
        if column.ends_with("_cost_nanos") {
            format!("{column} = CASE WHEN {sum} > 10000000000000000 THEN 10000000000000000 ELSE {sum} END")
        } else {
            format!("{column} = {sum}")
        }
    });
    sums.join(", ")
}
