//! The ledger's columns, and its statements on PostgreSQL, each for several rows
//! at once. Groups are cut into a few fixed sizes, so that each text is
//! prepared once.

use std::collections::HashMap;
use std::sync::Arc;

use domain::attempt::ErrorClass;
use domain::ids::AttemptId;
use domain::usage::TokenCounts;
use sqlx::any::AnyArguments;
use sqlx::query::Query;
use sqlx::{Any, AnyConnection, AssertSqlSafe};

use super::days::{self, Days, Sums};
use super::{AttemptStart, Settlement};
use crate::budgets;
use crate::error::StoreError;
use crate::row::{Columns, json_text, optional_id, placeholders};

/// How many rows one statement writes.
const SIZES: [usize; 4] = [64, 16, 4, 1];

pub(super) const START_COLUMNS: &str = "id, request_id, client_request_id, number, state, at, node_id, user_id, token_id, team_id, organization_id, \
     credential_id, scope, provider, model, requested_model, alias, source, wire, streamed, price, markup_basis_points";
pub(super) const START_VALUES: usize = 22;

/// In the order in which they are bound.
pub(super) const END_COLUMNS: [&str; 14] = [
    "state",
    "prompt_tokens",
    "completion_tokens",
    "cached_tokens",
    "cache_write_tokens",
    "reasoning_tokens",
    "usage_source",
    "provider_cost_nanos",
    "client_cost_nanos",
    "finish",
    "error_class",
    "status",
    "latency_ms",
    "first_token_ms",
];
/// The id, the columns above and the time.
const END_VALUES: usize = END_COLUMNS.len() + 2;

/// The texts, one of each for each size.
pub(super) struct Statements {
    starts: [Arc<str>; SIZES.len()],
    ends: [Arc<str>; SIZES.len()],
}

impl Statements {
    pub(super) fn new() -> Self {
        Self { starts: SIZES.map(|rows| start_text(rows).into()), ends: SIZES.map(|rows| end_text(rows).into()) }
    }

    /// Writes the rows of calls about to be sent. One that is there already, by
    /// a commit whose answer was lost, is left as it is.
    pub(super) async fn insert(
        &self,
        connection: &mut AnyConnection,
        starts: &[&AttemptStart],
    ) -> Result<(), StoreError> {
        for (text, rows) in cut(&self.starts, starts) {
            let mut query = sqlx::query(AssertSqlSafe(text));
            for start in rows {
                query = bind_start(query, start)?;
            }
            query.execute(&mut *connection).await?;
        }
        Ok(())
    }

    /// Moves calls to their final states, and adds those that moved to their
    /// days. Only forward: a row that is not `dispatched` stays as it is. Each
    /// attempt at most once.
    pub(super) async fn settle(
        &self,
        connection: &mut AnyConnection,
        ends: &[(AttemptId, &Settlement)],
    ) -> Result<(), StoreError> {
        let settlements: HashMap<AttemptId, &Settlement> = ends.iter().copied().collect();
        let mut days = Days::default();
        for (text, rows) in cut(&self.ends, ends) {
            let mut query = sqlx::query(AssertSqlSafe(text));
            for (attempt, settlement) in rows {
                query = bind_end(query, *attempt, settlement);
            }
            for row in query.fetch_all(&mut *connection).await? {
                let row = Columns(&row);
                let (key, number) = days::read_key(&row)?;
                if let Some(end) = settlements.get(&row.parsed("id")?) {
                    days.add(key, Sums::of(number, end), end.at.as_micros());
                }
            }
        }
        days.write(connection).await?;
        budgets::ending::settle(connection, ends).await
    }
}

/// Cuts rows into the largest sizes that fit, each with its text.
fn cut<'r, T>(texts: &[Arc<str>; SIZES.len()], mut rows: &'r [T]) -> Vec<(Arc<str>, &'r [T])> {
    let mut pieces = Vec::new();
    for (size, text) in SIZES.into_iter().zip(texts) {
        while let Some((piece, rest)) = rows.split_at_checked(size) {
            pieces.push((Arc::clone(text), piece));
            rows = rest;
        }
    }
    pieces
}

/// Places for values in rows.
pub(super) fn tuples(rows: usize, values: usize) -> String {
    let tuples: Vec<_> = (0..rows).map(|row| format!("({})", placeholders(row * values + 1, values))).collect();
    tuples.join(", ")
}

fn start_text(rows: usize) -> String {
    let values = tuples(rows, START_VALUES);
    format!("INSERT INTO attempts ({START_COLUMNS}) VALUES {values} ON CONFLICT (id) DO NOTHING")
}

/// PostgreSQL calls the columns of a list of values `column1`, `column2`, ….
fn end_text(rows: usize) -> String {
    let columns: Vec<_> =
        (2..).zip(END_COLUMNS).map(|(number, column)| format!("{column} = ended.column{number}")).collect();
    format!(
        "UPDATE attempts SET {}, settled_at = ended.column{END_VALUES} FROM (VALUES {}) AS ended \
         WHERE attempts.id = ended.column1 AND attempts.state = 'dispatched' RETURNING attempts.id AS id, {}",
        columns.join(", "),
        tuples(rows, END_VALUES),
        days::returned("attempts."),
    )
}

type AnyQuery = Query<'static, Any, AnyArguments>;

fn bind_start(query: AnyQuery, start: &AttemptStart) -> Result<AnyQuery, StoreError> {
    Ok(query
        .bind(start.attempt.to_string())
        .bind(start.request.to_string())
        .bind(start.client_request_id.clone())
        .bind(start.number)
        .bind("dispatched")
        .bind(start.at.as_micros())
        .bind(start.node.to_string())
        .bind(start.user.to_string())
        .bind(optional_id(start.token))
        .bind(optional_id(start.team))
        .bind(optional_id(start.organization))
        .bind(start.credential.to_string())
        .bind(start.scope.as_str())
        .bind(start.provider.as_str())
        .bind(start.model.clone())
        .bind(start.requested_model.clone())
        .bind(start.alias.clone())
        .bind(start.source.as_str())
        .bind(start.wire.as_str())
        .bind(i64::from(start.streamed))
        .bind(start.price.as_ref().map(json_text).transpose()?)
        .bind(i64::from(start.markup_basis_points)))
}

fn bind_end(query: AnyQuery, attempt: AttemptId, end: &Settlement) -> AnyQuery {
    let tokens = |count: fn(&TokenCounts) -> u64| {
        end.tokens.as_ref().map(|tokens| i64::try_from(count(tokens)).unwrap_or(i64::MAX))
    };
    query
        .bind(attempt.to_string())
        .bind(end.state.as_str())
        .bind(tokens(|tokens| tokens.prompt))
        .bind(tokens(|tokens| tokens.completion))
        .bind(tokens(|tokens| tokens.cached))
        .bind(tokens(|tokens| tokens.cache_write))
        .bind(tokens(|tokens| tokens.reasoning))
        .bind(end.usage_source.as_str())
        .bind(end.provider_cost.map(|cost| cost.0))
        .bind(end.client_cost.map(|cost| cost.0))
        .bind(end.finish.clone())
        .bind(end.error_class.map(ErrorClass::as_str))
        .bind(end.status.map(i64::from))
        .bind(end.latency_ms)
        .bind(end.first_token_ms)
        .bind(end.at.as_micros())
}
