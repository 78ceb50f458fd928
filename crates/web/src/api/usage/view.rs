//! What is said of calls: one by one, and summed up.

use std::str::FromStr;

use app::usage::{KeyLabel, Report, Wanted};
use app::{App, usage};
use domain::attempt::ErrorClass;
use domain::ids::{CredentialId, OrganizationId, TeamId, TokenId, UserId};
use domain::usage::UsageSource;
use domain::{Caller, Nanos};
use serde::Serialize;
use store::usage::{Attempt, GroupBy, UsageEvent, UsageLine};
use utoipa::ToSchema;

/// What keys, tokens, people, teams and organizations are called.
#[derive(Default)]
pub(crate) struct Names(usage::Names);

impl Names {
    /// Of everything that these calls name.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub(crate) async fn of_events(
        app: &App,
        caller: &Caller,
        report: &Report,
        events: &[UsageEvent],
    ) -> app::error::Result<Self> {
        let starts = || events.iter().flat_map(|event| &event.attempts).map(|attempt| &attempt.start);
        let wanted = Wanted {
            keys: starts().map(|start| start.credential).collect(),
            tokens: starts().filter_map(|start| start.token).collect(),
            users: if report.is_wide() { starts().map(|start| start.user).collect() } else { Vec::new() },
            teams: starts().filter_map(|start| start.team).collect(),
            organizations: starts().filter_map(|start| start.organization).collect(),
        };
        Self::of(app, caller, report, wanted).await
    }

    /// Of these.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub(crate) async fn of(app: &App, caller: &Caller, report: &Report, wanted: Wanted) -> app::error::Result<Self> {
        Ok(Self(usage::names(app, caller, report, wanted).await?))
    }

    /// Of what these lines are grouped by.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub(crate) async fn of_lines(
        app: &App,
        caller: &Caller,
        report: &Report,
        lines: &[UsageLine],
        by: GroupBy,
    ) -> app::error::Result<Self> {
        fn ids<T: FromStr>(lines: &[UsageLine]) -> Vec<T> {
            lines.iter().filter_map(|line| line.key.parse().ok()).collect()
        }
        let wanted = match by {
            GroupBy::Credential => Wanted { keys: ids(lines), ..Wanted::default() },
            GroupBy::Token => Wanted { tokens: ids(lines), ..Wanted::default() },
            GroupBy::User => Wanted { users: ids(lines), ..Wanted::default() },
            GroupBy::Team => Wanted { teams: ids(lines), ..Wanted::default() },
            GroupBy::Organization => Wanted { organizations: ids(lines), ..Wanted::default() },
            _ => return Ok(Self::default()),
        };
        Self::of(app, caller, report, wanted).await
    }

    /// What a key is called.
    pub(crate) fn key(&self, id: CredentialId) -> Option<&KeyLabel> {
        self.0.keys.get(&id)
    }

    /// What a token is called.
    pub(crate) fn token(&self, id: TokenId) -> Option<&str> {
        self.0.tokens.get(&id).map(String::as_str)
    }

    /// What somebody is called.
    pub(crate) fn user(&self, id: UserId) -> Option<&str> {
        self.0.users.get(&id).map(String::as_str)
    }

    /// What a team is called.
    pub(crate) fn team(&self, id: TeamId) -> Option<&str> {
        self.0.teams.get(&id).map(String::as_str)
    }

    /// What an organization is called.
    pub(crate) fn organization(&self, id: OrganizationId) -> Option<&str> {
        self.0.organizations.get(&id).map(String::as_str)
    }

    /// What a line is called, as lines are grouped.
    pub(crate) fn of_key(&self, by: GroupBy, key: &str) -> Option<&str> {
        match by {
            GroupBy::Credential => key.parse().ok().and_then(|id| self.key(id)).map(|label| label.name.as_str()),
            GroupBy::Token => key.parse().ok().and_then(|id| self.token(id)),
            GroupBy::User => key.parse().ok().and_then(|id| self.user(id)),
            GroupBy::Team => key.parse().ok().and_then(|id| self.team(id)),
            GroupBy::Organization => key.parse().ok().and_then(|id| self.organization(id)),
            _ => None,
        }
    }
}

/// One call of a client.
#[derive(Serialize, ToSchema)]
pub(crate) struct EventView {
    request_id: String,
    /// The `x-request-id` the client sent, if it sent one.
    #[schema(pattern = "@text")]
    client_request_id: Option<String>,
    #[schema(format = "date-time")]
    at: String,
    user_id: String,
    /// Who that is; `null` where it is you.
    user_name: Option<String>,
    token_id: Option<String>,
    /// What the gateway token is called.
    token_name: Option<String>,
    team_id: Option<String>,
    team_name: Option<String>,
    organization_id: Option<String>,
    organization_name: Option<String>,
    /// Where it came from.
    #[schema(pattern = "@source")]
    source: &'static str,
    /// The upstream calls, in order; the last one answered.
    attempts: Vec<AttemptView>,
}

/// One upstream call: what it used, and who pays for it.
#[derive(Serialize, ToSchema)]
pub(crate) struct AttemptView {
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
    /// What the provider bills; shown to the owner of the key and to admins, `null` to everybody else.
    #[schema(value_type = Option<f64>)]
    provider_cost: Option<Nanos>,
    provider_cost_nanos: Option<i64>,
    /// The rates of the provider's cost, to whom that is shown; absent: unpriced.
    #[serde(skip_serializing_if = "Option::is_none")]
    price: Option<RatesView>,
    /// The mark-up on the provider's cost, in hundredths of a percent; shown with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    markup_basis_points: Option<u32>,
    latency_ms: Option<i64>,
    first_token_ms: Option<i64>,
}

/// Dollars for 1,000,000 tokens of each kind.
#[derive(Serialize, ToSchema)]
pub(crate) struct RatesView {
    #[schema(value_type = f64)]
    input_token_price: Nanos,
    #[schema(value_type = f64)]
    output_token_price: Nanos,
    /// `null`: as input.
    #[schema(value_type = Option<f64>)]
    cached_input_token_price: Option<Nanos>,
    /// `null`: as input.
    #[schema(value_type = Option<f64>)]
    cache_write_token_price: Option<Nanos>,
}

impl RatesView {
    /// Those that applied to this attempt's prompt.
    fn of(attempt: &Attempt) -> Option<Self> {
        let rates = attempt.start.price?.rates_for(attempt.tokens.map_or(0, |tokens| tokens.prompt));
        Some(Self {
            input_token_price: Nanos(rates.input_nanos),
            output_token_price: Nanos(rates.output_nanos),
            cached_input_token_price: rates.cached_input_nanos.map(Nanos),
            cache_write_token_price: rates.cache_write_nanos.map(Nanos),
        })
    }
}

pub(crate) fn event_view(report: &Report, names: &Names, event: &UsageEvent) -> Option<EventView> {
    let first = event.attempts.first()?;
    Some(EventView {
        request_id: event.request.to_string(),
        client_request_id: first.start.client_request_id.clone(),
        at: event.at.to_string(),
        user_id: first.start.user.to_string(),
        user_name: names.user(first.start.user).map(str::to_owned),
        token_id: first.start.token.map(|id| id.to_string()),
        token_name: first.start.token.and_then(|id| names.token(id)).map(str::to_owned),
        team_id: first.start.team.map(|id| id.to_string()),
        team_name: first.start.team.and_then(|id| names.team(id)).map(str::to_owned),
        organization_id: first.start.organization.map(|id| id.to_string()),
        organization_name: first.start.organization.and_then(|id| names.organization(id)).map(str::to_owned),
        source: first.start.source.as_str(),
        attempts: event.attempts.iter().map(|attempt| attempt_view(report, names, attempt)).collect(),
    })
}

fn attempt_view(report: &Report, names: &Names, attempt: &Attempt) -> AttemptView {
    let start = &attempt.start;
    let label = names.key(start.credential);
    let provider_cost = report.provider_cost_of(attempt);
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
        price: RatesView::of(attempt).filter(|_| report.may_see_provider_cost(attempt)),
        markup_basis_points: report.may_see_provider_cost(attempt).then_some(start.markup_basis_points),
        latency_ms: attempt.latency_ms,
        first_token_ms: attempt.first_token_ms,
    }
}

/// One group of calls.
#[derive(Serialize, ToSchema)]
pub(crate) struct LineView {
    /// With `each_day`: the day.
    #[serde(skip_serializing_if = "Option::is_none")]
    day: Option<String>,
    /// Empty for calls without a token or a team.
    key: String,
    /// By key, token, user, team or organization: what it is called, where you may see it.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    /// By key: `sk-ant-…b123`.
    #[serde(skip_serializing_if = "Option::is_none")]
    masked: Option<String>,
    /// By key: whether it was deleted since.
    #[serde(skip_serializing_if = "Option::is_none")]
    is_deleted: Option<bool>,
    /// By key: how its use of today stands out, such as `9 × its usual day`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(pattern = "@text")]
    unusual: Option<String>,
    /// Requests whose first attempt is in this line.
    requests: i64,
    attempts: i64,
    failed: i64,
    /// Attempts whose cost nobody knows; not in the sums.
    unknown: i64,
    estimated: i64,
    input_tokens: u64,
    output_tokens: u64,
    cached_tokens: u64,
    cache_write_tokens: u64,
    reasoning_tokens: u64,
    #[schema(value_type = f64)]
    client_cost: Nanos,
    client_cost_nanos: i64,
    /// What providers bill; `null` where not all of it is yours to know.
    #[schema(value_type = Option<f64>)]
    provider_cost: Option<Nanos>,
    provider_cost_nanos: Option<i64>,
    /// Of that, what people pay themselves with their own keys; `null` where it is not yours to know.
    #[schema(value_type = Option<f64>)]
    personal_provider_cost: Option<Nanos>,
    personal_provider_cost_nanos: Option<i64>,
    /// What clients are billed beyond what providers bill, for calls that shared keys paid; `null` where you may not
    /// know what providers bill for any of them.
    #[schema(value_type = Option<f64>)]
    profit: Option<Nanos>,
    profit_nanos: Option<i64>,
    /// How long an answer took, in the mean; `null`: none came.
    mean_latency_ms: Option<i64>,
    /// How long its first byte took, in the mean.
    mean_first_token_ms: Option<i64>,
}

impl LineView {
    pub(crate) fn of(report: &Report, line: &UsageLine, by: GroupBy, names: &Names) -> Self {
        let label =
            line.key.parse::<CredentialId>().ok().filter(|_| by == GroupBy::Credential).and_then(|id| names.key(id));
        let money = report.money(line);
        Self {
            day: line.day.clone(),
            key: line.key.clone(),
            name: names.of_key(by, &line.key).map(str::to_owned),
            masked: label.map(|label| label.masked.clone()).filter(|masked| !masked.is_empty()),
            is_deleted: label.map(|label| label.is_deleted),
            unusual: label.and_then(|label| label.unusual.clone()),
            requests: line.requests,
            attempts: line.attempts,
            failed: line.failed,
            unknown: line.unknown,
            estimated: line.estimated,
            input_tokens: line.tokens.prompt,
            output_tokens: line.tokens.completion,
            cached_tokens: line.tokens.cached,
            cache_write_tokens: line.tokens.cache_write,
            reasoning_tokens: line.tokens.reasoning,
            client_cost: line.client_cost,
            client_cost_nanos: line.client_cost.0,
            provider_cost: money.provider_cost,
            provider_cost_nanos: money.provider_cost.map(|cost| cost.0),
            personal_provider_cost: money.personal_provider_cost,
            personal_provider_cost_nanos: money.personal_provider_cost.map(|cost| cost.0),
            profit: money.profit,
            profit_nanos: money.profit.map(|profit| profit.0),
            mean_latency_ms: line.mean_latency_ms(),
            mean_first_token_ms: line.mean_first_token_ms(),
        }
    }
}
