//! What was called, by whom, and what it cost: reports from the ledger.

use domain::attempt::{AttemptState, ErrorClass};
use domain::ids::{CredentialId, RequestId, UserId};
use domain::usage::{TokenCounts, UsageSource};
use domain::{Nanos, ProviderId, Timestamp};

use crate::audit::Page;
use crate::error::StoreError;
use crate::ledger::{AttemptStart, CallSource};
use crate::open::Store;

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
    let _ = (store, filter, after, limit);
    todo!()
}

/// The event of one request.
///
/// # Errors
/// When the database cannot be read.
pub async fn event(store: &Store, request: RequestId) -> Result<Option<UsageEvent>, StoreError> {
    let _ = (store, request);
    todo!()
}

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
    let _ = (store, filter, by);
    todo!()
}
