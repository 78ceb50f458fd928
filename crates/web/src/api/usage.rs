//! `/v2/usage`: one's own calls and what they cost.

use std::collections::HashMap;
use std::sync::Arc;

use app::error::Error;
use app::usage::KeyLabel;
use app::{App, usage};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use domain::access::Need;
use domain::attempt::ErrorClass;
use domain::ids::{CredentialId, RequestId};
use domain::usage::UsageSource;
use domain::{Caller, Nanos, Timestamp};
use http::Method;
use serde::{Deserialize, Serialize};
use store::usage::{Attempt, EventCursor, GroupBy, UsageEvent, UsageFilter, UsageLine};
use utoipa::{IntoParams, ToSchema};

use super::paging::{self, CursorPage, List};
use crate::auth::Authenticated;
use crate::body::Query;
use crate::openapi::says;
use crate::rim::Failure;
use crate::router::{Door, door};

pub(crate) fn doors() -> Vec<Door> {
    vec![
        door(
            Method::GET,
            "/v2/usage/events",
            Need::ReadUsage,
            get(list_events),
            says("usage", "Your calls, newest first: whose key paid, tokens, cost")
                .query::<EventQuery>()
                .gives_list::<CursorPage<EventView>, EventView>(200, "The calls"),
        ),
        door(
            Method::GET,
            "/v2/usage",
            Need::ReadUsage,
            get(get_summary),
            says("usage", "Your calls, summed up")
                .query::<SummaryQuery>()
                .gives_list::<List<LineView>, LineView>(200, "One line a group"),
        ),
    ]
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct EventQuery {
    /// Not earlier than this.
    #[param(format = "date-time")]
    from: Option<String>,
    /// Earlier than this.
    #[param(format = "date-time")]
    to: Option<String>,
    /// A provider, in any spelling.
    #[param(pattern = "@any-provider")]
    provider: Option<String>,
    /// The provider's id of the model.
    model: Option<String>,
    /// The key that paid.
    credential_id: Option<String>,
    /// Where the calls came from.
    #[param(pattern = "@source")]
    source: Option<String>,
    /// The `next` of the page before.
    #[param(pattern = "@usage-cursor")]
    after: Option<String>,
    /// Rows to give, 1 to 500; 100 unless said.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<i64>,
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct SummaryQuery {
    /// `day` unless said.
    #[param(pattern = "@group-by")]
    group_by: Option<String>,
    /// Not earlier than this.
    #[param(format = "date-time")]
    from: Option<String>,
    /// Earlier than this.
    #[param(format = "date-time")]
    to: Option<String>,
    /// A provider, in any spelling.
    #[param(pattern = "@any-provider")]
    provider: Option<String>,
    /// The provider's id of the model.
    model: Option<String>,
}

/// What keys are called.
type Labels = HashMap<CredentialId, KeyLabel>;

/// One call of a client.
#[derive(Serialize, ToSchema)]
struct EventView {
    request_id: String,
    /// The `x-request-id` the client sent, if it sent one.
    #[schema(pattern = "@text")]
    client_request_id: Option<String>,
    #[schema(format = "date-time")]
    at: String,
    user_id: String,
    token_id: Option<String>,
    team_id: Option<String>,
    organization_id: Option<String>,
    /// Where it came from.
    #[schema(pattern = "@source")]
    source: &'static str,
    /// The upstream calls, in order; the last one answered.
    attempts: Vec<AttemptView>,
}

/// One upstream call: what it used, and who pays for it.
#[derive(Serialize, ToSchema)]
struct AttemptView {
    id: String,
    credential_id: String,
    /// What the key is called; `null` for one that you may not see.
    credential_name: Option<String>,
    /// `sk-ant-…b123`.
    credential_masked: Option<String>,
    /// Whether the key was deleted since.
    credential_is_deleted: bool,
    #[schema(pattern = "@scope")]
    credential_scope: &'static str,
    #[schema(pattern = "@provider")]
    provider: &'static str,
    /// The provider's id of the model.
    model: String,
    /// The name the client used.
    requested_model: String,
    alias: Option<String>,
    streamed: bool,
    /// How it ended.
    #[schema(pattern = "@attempt-state")]
    state: &'static str,
    /// What went wrong.
    #[schema(pattern = "@error-class")]
    error: Option<&'static str>,
    /// The provider's HTTP status.
    status: Option<u16>,
    finish_reason: Option<String>,
    input_tokens: Option<u64>,
    output_tokens: Option<u64>,
    cached_tokens: Option<u64>,
    cache_write_tokens: Option<u64>,
    reasoning_tokens: Option<u64>,
    /// Who counted the tokens.
    #[schema(pattern = "@usage-source")]
    usage_source: Option<&'static str>,
    is_estimated: bool,
    /// What you are billed, in dollars; `null`: unknown, or unpriced.
    #[schema(value_type = Option<f64>)]
    client_cost: Option<Nanos>,
    client_cost_nanos: Option<i64>,
    /// What the provider bills; shown to the owner of the key and to admins.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<f64>)]
    provider_cost: Option<Nanos>,
    #[serde(skip_serializing_if = "Option::is_none")]
    provider_cost_nanos: Option<i64>,
    latency_ms: Option<i64>,
    first_token_ms: Option<i64>,
}

fn event_view(caller: &Caller, labels: &Labels, event: &UsageEvent) -> Option<EventView> {
    let first = event.attempts.first()?;
    Some(EventView {
        request_id: event.request.to_string(),
        client_request_id: first.start.client_request_id.clone(),
        at: event.at.to_string(),
        user_id: first.start.user.to_string(),
        token_id: first.start.token.map(|id| id.to_string()),
        team_id: first.start.team.map(|id| id.to_string()),
        organization_id: first.start.organization.map(|id| id.to_string()),
        source: first.start.source.as_str(),
        attempts: event.attempts.iter().map(|attempt| attempt_view(caller, labels, attempt)).collect(),
    })
}

fn attempt_view(caller: &Caller, labels: &Labels, attempt: &Attempt) -> AttemptView {
    let start = &attempt.start;
    let label = labels.get(&start.credential);
    let may_see_provider_cost = caller.is_admin() || start.scope == domain::credential::Scope::Personal;
    let provider_cost = attempt.provider_cost.filter(|_| may_see_provider_cost);
    let is_estimated = attempt.usage_source == Some(UsageSource::Estimated);
    AttemptView {
        id: start.attempt.to_string(),
        credential_id: start.credential.to_string(),
        credential_name: label.map(|label| label.name.clone()),
        credential_masked: label.map(|label| label.masked.clone()).filter(|masked| !masked.is_empty()),
        credential_is_deleted: label.is_some_and(|label| label.is_deleted),
        credential_scope: start.scope.as_str(),
        provider: start.provider.as_str(),
        model: start.model.clone(),
        requested_model: start.requested_model.clone(),
        alias: start.alias.clone(),
        streamed: start.streamed,
        state: attempt.state.as_str(),
        error: attempt.error_class.map(ErrorClass::as_str),
        status: attempt.status,
        finish_reason: attempt.finish.clone(),
        input_tokens: attempt.tokens.map(|tokens| tokens.prompt),
        output_tokens: attempt.tokens.map(|tokens| tokens.completion),
        cached_tokens: attempt.tokens.map(|tokens| tokens.cached),
        cache_write_tokens: attempt.tokens.map(|tokens| tokens.cache_write),
        reasoning_tokens: attempt.tokens.map(|tokens| tokens.reasoning),
        usage_source: attempt.usage_source.map(UsageSource::as_str),
        is_estimated,
        client_cost: attempt.client_cost,
        client_cost_nanos: attempt.client_cost.map(|cost| cost.0),
        provider_cost,
        provider_cost_nanos: provider_cost.map(|cost| cost.0),
        latency_ms: attempt.latency_ms,
        first_token_ms: attempt.first_token_ms,
    }
}

/// One group of calls.
#[derive(Serialize, ToSchema)]
struct LineView {
    key: String,
    /// By key: what it is called, where you may see it.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    /// By key: `sk-ant-…b123`.
    #[serde(skip_serializing_if = "Option::is_none")]
    masked: Option<String>,
    /// By key: whether it was deleted since.
    #[serde(skip_serializing_if = "Option::is_none")]
    is_deleted: Option<bool>,
    requests: i64,
    attempts: i64,
    failed: i64,
    /// Attempts whose cost nobody knows; not in the sums.
    unknown: i64,
    estimated: i64,
    input_tokens: u64,
    output_tokens: u64,
    cached_tokens: u64,
    reasoning_tokens: u64,
    #[schema(value_type = f64)]
    client_cost: Nanos,
    client_cost_nanos: i64,
}

impl LineView {
    fn of(line: &UsageLine, label: Option<&KeyLabel>) -> Self {
        Self {
            key: line.key.clone(),
            name: label.map(|label| label.name.clone()),
            masked: label.map(|label| label.masked.clone()).filter(|masked| !masked.is_empty()),
            is_deleted: label.map(|label| label.is_deleted),
            requests: line.requests,
            attempts: line.attempts,
            failed: line.failed,
            unknown: line.unknown,
            estimated: line.estimated,
            input_tokens: line.tokens.prompt,
            output_tokens: line.tokens.completion,
            cached_tokens: line.tokens.cached,
            reasoning_tokens: line.tokens.reasoning,
            client_cost: line.client_cost,
            client_cost_nanos: line.client_cost.0,
        }
    }
}

async fn list_events(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    Query(query): Query<EventQuery>,
) -> Result<Response, Failure> {
    let credential = query
        .credential_id
        .as_deref()
        .map(|id| id.parse::<CredentialId>().map_err(|_| Error::invalid("credential_id", "is not an id")))
        .transpose()?;
    let filter = UsageFilter {
        user: None,
        from: super::time("from", query.from.as_deref())?,
        to: super::time("to", query.to.as_deref())?,
        provider: super::word("provider", query.provider.as_deref())?,
        model: query.model,
        credential,
        source: super::word("source", query.source.as_deref())?,
    };
    let after = query.after.as_deref().map(read_cursor).transpose()?;
    let page = usage::events(&app, &caller, filter, after, paging::limit_of(query.limit)?).await?;
    let used = page.rows.iter().flat_map(|event| &event.attempts).map(|attempt| attempt.start.credential);
    let labels = usage::labels(&app, &caller, used).await?;
    let body = CursorPage {
        data: page.rows.iter().filter_map(|event| event_view(&caller, &labels, event)).collect(),
        count: page.count,
        count_is_exact: page.count_is_exact,
        next: page.next.map(|cursor| format!("{}.{}", cursor.at.as_micros(), cursor.request)),
    };
    Ok(axum::Json(body).into_response())
}

fn read_cursor(text: &str) -> Result<EventCursor, Error> {
    let wrong = || Error::invalid("after", "is not a cursor; send the `next` of the page before, unchanged");
    let (at, request) = text.split_once('.').ok_or_else(wrong)?;
    Ok(EventCursor {
        at: Timestamp::from_micros(at.parse().map_err(|_| wrong())?),
        request: request.parse::<RequestId>().map_err(|_| wrong())?,
    })
}

async fn get_summary(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    Query(query): Query<SummaryQuery>,
) -> Result<Response, Failure> {
    let filter = UsageFilter {
        from: super::time("from", query.from.as_deref())?,
        to: super::time("to", query.to.as_deref())?,
        provider: super::word("provider", query.provider.as_deref())?,
        model: query.model,
        ..UsageFilter::default()
    };
    let by = super::word("group_by", query.group_by.as_deref())?.unwrap_or(GroupBy::Day);
    let lines = usage::summary(&app, &caller, filter, by).await?;
    let key_of = |line: &UsageLine| line.key.parse::<CredentialId>().ok().filter(|_| by == GroupBy::Credential);
    let labels = usage::labels(&app, &caller, lines.iter().filter_map(key_of)).await?;
    let label_of = |line| key_of(line).and_then(|id| labels.get(&id));
    let data: Vec<LineView> = lines.iter().map(|line| LineView::of(line, label_of(line))).collect();
    let count = data.len() as i64;
    Ok(axum::Json(List { data, count }).into_response())
}
