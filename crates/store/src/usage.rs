//! What was called, by whom, and what it cost: reports from the ledger.

/// The sum of a column of costs. No single one counts for more than 10,000
/// dollars, so that a million absurd rows cannot break every report.
macro_rules! sum_of_costs {
    ($column:literal) => {
        concat!(
            "CAST(COALESCE(SUM(CASE WHEN ",
            $column,
            " > 10000000000000 THEN 10000000000000 ELSE ",
            $column,
            " END), 0) AS BIGINT)"
        )
    };
}
pub(crate) use sum_of_costs;

mod asked;
mod bars;
mod events;
mod origin;
mod summary;
mod window;

use domain::attempt::{AttemptState, ErrorClass};
use domain::credential::Scope;
use domain::ids::{CredentialId, OrganizationId, RequestId, TeamId, TokenId, UserId};
use domain::usage::{TokenCounts, UsageSource};
use domain::{Nanos, ProviderId, Timestamp};
use sqlx::any::AnyRow;

use crate::audit::{EXACT_COUNT, Page};
use crate::error::StoreError;
use crate::ledger::{AttemptStart, CallSource};
use crate::open::Store;
use crate::row::Columns;
use events::Search;

pub use bars::{Bar, Figure, bars};
#[cfg(test)]
pub(crate) use summary::tests::assert_days_are_the_calls;
pub use summary::{
    Combination, Group, GroupBy, Kind, Largest, Paid, UsageLine, combinations, daily, groups, kinds, largest, summary,
};

/// One attempt, as the ledger has it.
#[derive(Clone, Debug, PartialEq)]
pub struct Attempt {
    /// How it began.
    pub start: AttemptStart,
    /// Where it stands.
    pub state: AttemptState,
    /// What it used; `None`: nobody knows, or not finished.
    pub tokens: Option<TokenCounts>,
    /// Who says so; `None` until finished.
    pub usage_source: Option<UsageSource>,
    /// What the provider bills; `None`: nobody knows.
    pub provider_cost: Option<Nanos>,
    /// What the client is billed; `None`: nobody knows.
    pub client_cost: Option<Nanos>,
    /// Why the answer ended.
    pub finish: Option<String>,
    /// What kind of failure.
    pub error_class: Option<ErrorClass>,
    /// The provider's HTTP status.
    pub status: Option<u16>,
    /// Until the last byte.
    pub latency_ms: Option<i64>,
    /// Until the first byte of content.
    pub first_token_ms: Option<i64>,
    /// When it ended.
    pub settled_at: Option<Timestamp>,
}

/// A client's request that led to at least one attempt.
#[derive(Clone, Debug, PartialEq)]
pub struct UsageEvent {
    /// The request.
    pub request: RequestId,
    /// When its first attempt was sent.
    pub at: Timestamp,
    /// Its attempts, in order.
    pub attempts: Vec<Attempt>,
}

/// Where a page of events ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventCursor {
    /// The time of the last event.
    pub at: Timestamp,
    /// The last event.
    pub request: RequestId,
}

/// Which calls to report. `None` lets all through.
#[derive(Clone, Debug, Default)]
pub struct UsageFilter {
    /// Whose calls.
    pub user: Option<UserId>,
    /// Not earlier.
    pub from: Option<Timestamp>,
    /// Earlier than this.
    pub to: Option<Timestamp>,
    /// To this provider.
    pub provider: Option<ProviderId>,
    /// To this model, by the provider's id.
    pub model: Option<String>,
    /// Paid by this key.
    pub credential: Option<CredentialId>,
    /// From there.
    pub source: Option<CallSource>,
    /// With this gateway token.
    pub token: Option<TokenId>,
    /// For this team.
    pub team: Option<TeamId>,
    /// For no team.
    pub without_teams: bool,
    /// In this organization.
    pub organization: Option<OrganizationId>,
    /// Paid by a key of this scope.
    pub scope: Option<Scope>,
    /// That stand so: of calls one by one alone, sums have no states.
    pub state: Option<AttemptState>,
}

impl UsageFilter {
    /// Whether no more is given than times, an organization and a scope.
    const fn is_of_many(&self) -> bool {
        self.user.is_none()
            && self.provider.is_none()
            && self.model.is_none()
            && self.credential.is_none()
            && self.source.is_none()
            && self.token.is_none()
            && self.team.is_none()
            && !self.without_teams
    }

    /// Whether more than a user and times is given.
    const fn is_narrow(&self) -> bool {
        self.provider.is_some()
            || self.model.is_some()
            || self.credential.is_some()
            || self.source.is_some()
            || self.token.is_some()
            || self.team.is_some()
            || self.without_teams
            || self.scope.is_some()
            || self.state.is_some()
    }
}

/// Events that pass `filter`, newest first, after the event `after` of a former
/// page. An event passes when one of its attempts does.
///
/// # Errors
/// When the database cannot be read.
pub async fn events(
    store: &Store,
    filter: &UsageFilter,
    after: Option<EventCursor>,
    limit: i64,
) -> Result<Page<UsageEvent, EventCursor>, StoreError> {
    let counted = match summary::counted(store, filter).await? {
        Some(counted) => counted,
        None => {
            let rows = Search::of_all(store, filter).await?.count().rows(store).await?;
            rows.first().map_or(Ok(0), |row| Columns(row).number("counted"))?
        }
    };
    let (rows, next) = listed(store, filter, after, limit).await?;
    Ok(Page { rows, count: counted.min(EXACT_COUNT), count_is_exact: counted <= EXACT_COUNT, next })
}

/// As [`events`], without counting how many there are.
///
/// # Errors
/// When the database cannot be read.
pub async fn listed(
    store: &Store,
    filter: &UsageFilter,
    after: Option<EventCursor>,
    limit: i64,
) -> Result<(Vec<UsageEvent>, Option<EventCursor>), StoreError> {
    let search = Search::of(store, filter, after, limit.saturating_add(1)).await?;
    let rows = search.page().rows(store).await?;
    let mut rows = gathered(&rows)?;
    rows.sort_by_key(|event| std::cmp::Reverse((event.at, event.request)));
    let limit = usize::try_from(limit).unwrap_or(0);
    let has_more = rows.len() > limit;
    rows.truncate(limit);
    let next = rows.last().filter(|_| has_more).map(|event| EventCursor { at: event.at, request: event.request });
    Ok((rows, next))
}

/// The event of one request.
///
/// # Errors
/// When the database cannot be read.
pub async fn event(store: &Store, request: RequestId) -> Result<Option<UsageEvent>, StoreError> {
    store.ledger().can_be_read().await;
    let rows = sqlx::query(events::ONE).bind(request.to_string()).fetch_all(store.pool()).await?;
    Ok(gathered(&rows)?.pop())
}

/// Attempts in the order of their requests, as events.
fn gathered(rows: &[AnyRow]) -> Result<Vec<UsageEvent>, StoreError> {
    let mut events: Vec<UsageEvent> = Vec::new();
    for row in rows {
        let attempt = read(row)?;
        match events.last_mut() {
            Some(event) if event.request == attempt.start.request => event.attempts.push(attempt),
            _ => {
                let (request, at) = (attempt.start.request, attempt.start.at);
                events.push(UsageEvent { request, at, attempts: vec![attempt] });
            }
        }
    }
    Ok(events)
}

fn read(row: &AnyRow) -> Result<Attempt, StoreError> {
    let row = Columns(row);
    let tokens = match row.optional_number("prompt_tokens")? {
        None => None,
        Some(_) => Some(TokenCounts {
            prompt: row.count("prompt_tokens")?,
            completion: row.count("completion_tokens")?,
            cached: row.count("cached_tokens")?,
            cache_write: row.count("cache_write_tokens")?,
            cache_write_hour: 0,
            reasoning: row.count("reasoning_tokens")?,
        }),
    };
    let status = row.optional_number("status")?.map(u16::try_from).transpose();
    Ok(Attempt {
        start: read_start(&row)?,
        state: row.parsed("state")?,
        tokens,
        usage_source: row.optional_parsed("usage_source")?,
        provider_cost: row.optional_nanos("provider_cost_nanos")?,
        client_cost: row.optional_nanos("client_cost_nanos")?,
        finish: row.optional_text("finish")?,
        error_class: row.optional_parsed("error_class")?,
        status: status.map_err(|error| StoreError::Integrity(error.to_string()))?,
        latency_ms: row.optional_number("latency_ms")?,
        first_token_ms: row.optional_number("first_token_ms")?,
        settled_at: row.optional_time("settled_at")?,
    })
}

fn read_start(row: &Columns<'_>) -> Result<AttemptStart, StoreError> {
    Ok(AttemptStart {
        attempt: row.parsed("id")?,
        request: row.parsed("request_id")?,
        client_request_id: row.optional_text("client_request_id")?,
        number: row.number("number")?,
        user: row.parsed("user_id")?,
        token: row.optional_parsed("token_id")?,
        team: row.optional_parsed("team_id")?,
        organization: row.optional_parsed("organization_id")?,
        credential: row.parsed("credential_id")?,
        scope: row.parsed("scope")?,
        provider: row.parsed("provider")?,
        model: row.text("model")?,
        requested_model: row.text("requested_model")?,
        alias: row.optional_text("alias")?,
        source: row.parsed("source")?,
        wire: row.parsed("wire")?,
        streamed: row.flag("streamed")?,
        price: row.optional_json("price")?,
        markup_basis_points: u32::try_from(row.number("markup_basis_points")?)
            .map_err(|error| StoreError::Integrity(error.to_string()))?,
        node: row.parsed("node_id")?,
        at: row.time("at")?,
    })
}

#[cfg(test)]
mod tests;
