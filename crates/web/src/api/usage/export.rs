//! `/v2/usage/export.csv` and `.jsonl`: the calls of a filter as a file, written
//! as they are read, so that any number of them takes little memory.

use std::collections::VecDeque;
use std::sync::Arc;

use app::error::{Code, Error};
use app::usage::Report;
use app::{App, usage};
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bytes::Bytes;
use domain::access::Need;
use domain::attempt::ErrorClass;
use domain::usage::UsageSource;
use domain::{Caller, Nanos, csv};
use futures_util::stream;
use http::Method;
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use serde::Deserialize;
use store::usage::{Attempt, EventCursor, UsageEvent, UsageFilter};
use utoipa::IntoParams;

use super::view::{Names, event_view};
use super::{Wanted, usage_query};
use crate::auth::Authenticated;
use crate::body::Query;
use crate::openapi::says;
use crate::rim::Failure;
use crate::router::{Door, door};

/// Calls read at a time.
const SOME: i64 = 500;

const HEADS: [&str; 36] = [
    "at",
    "request_id",
    "attempt",
    "state",
    "error",
    "status",
    "source",
    "provider",
    "model",
    "requested_model",
    "alias",
    "credential_id",
    "credential_name",
    "credential_scope",
    "token_id",
    "token_name",
    "team_id",
    "organization_id",
    "input_tokens",
    "output_tokens",
    "cached_tokens",
    "cache_write_tokens",
    "reasoning_tokens",
    "usage_source",
    "input_token_price",
    "output_token_price",
    "provider_cost",
    "client_cost",
    "latency_ms",
    "first_token_ms",
    "client_request_id",
    "user_id",
    "user_name",
    "team_name",
    "organization_name",
    "markup_basis_points",
];

pub(super) fn doors() -> Vec<Door> {
    vec![
        door(
            Method::GET,
            "/v2/usage/export.csv",
            Need::ReadUsage,
            get(export_csv),
            says("usage", "Calls as a table, one line an attempt")
                .at_length("Cells that a spreadsheet would take for a formula begin with an apostrophe. What nobody knows is empty, never 0.")
                .query::<ExportQuery>()
                .gives_text(200, "The calls, newest first", "text/csv")
                .refuses(&[Code::NotFound]),
        ),
        door(
            Method::GET,
            "/v2/usage/export.jsonl",
            Need::ReadUsage,
            get(export_lines),
            says("usage", "Calls as JSON, one call a line")
                .at_length("Each line is what `/v2/usage/events` says of a call.")
                .query::<ExportQuery>()
                .gives_text(200, "The calls, newest first", "application/jsonl")
                .refuses(&[Code::NotFound]),
        ),
    ]
}

usage_query! { ExportQuery {
    /// How an attempt stands.
    #[param(pattern = "@attempt-state")]
    status: Option<String>,
} }

async fn export_csv(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    Query(query): Query<ExportQuery>,
) -> Result<Response, Failure> {
    export(app, caller, &query, Format::Csv).await
}

async fn export_lines(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    Query(query): Query<ExportQuery>,
) -> Result<Response, Failure> {
    export(app, caller, &query, Format::JsonLines).await
}

async fn export(app: Arc<App>, caller: Arc<Caller>, query: &ExportQuery, format: Format) -> Result<Response, Failure> {
    let Wanted { whose, filter } = query.wanted()?;
    let filter = UsageFilter { state: crate::api::word("status", query.status.as_deref())?, ..filter };
    let report = usage::open(&app, &caller, whose).await?;
    // A refusal is told before the file begins.
    report.within(filter.clone())?;
    Ok(file(Export { app, caller, report, filter, format, ready: VecDeque::new(), next: Next::First }))
}

#[derive(Clone, Copy)]
enum Format {
    Csv,
    JsonLines,
}

/// What is left to write.
struct Export {
    app: Arc<App>,
    caller: Arc<Caller>,
    report: Report,
    filter: UsageFilter,
    format: Format,
    ready: VecDeque<Bytes>,
    next: Next,
}

/// What is read next.
enum Next {
    First,
    After(EventCursor),
    Nothing,
}

fn file(mut export: Export) -> Response {
    let (kind, name) = match export.format {
        Format::Csv => ("text/csv; charset=utf-8", "attachment; filename=\"ownkey-usage.csv\""),
        Format::JsonLines => ("application/jsonl", "attachment; filename=\"ownkey-usage.jsonl\""),
    };
    if let Format::Csv = export.format {
        export.ready.push_back(Bytes::from(csv::line(HEADS)));
    }
    // An error cuts the connection, so that half a file is not taken for a whole one.
    let body = stream::try_unfold(export, |mut export| async move {
        let piece = export.piece().await?;
        Ok::<_, Error>(piece.map(|piece| (piece, export)))
    });
    ([(CONTENT_TYPE, kind), (CONTENT_DISPOSITION, name)], Body::from_stream(body)).into_response()
}

impl Export {
    async fn piece(&mut self) -> Result<Option<Bytes>, Error> {
        loop {
            if let Some(piece) = self.ready.pop_front() {
                return Ok(Some(piece));
            }
            let after = match self.next {
                Next::First => None,
                Next::After(cursor) => Some(cursor),
                Next::Nothing => return Ok(None),
            };
            let (events, next) = usage::listed(&self.app, &self.report, self.filter.clone(), after, SOME).await?;
            self.next = next.map_or(Next::Nothing, Next::After);
            let names = Names::of_events(&self.app, &self.caller, &self.report, &events).await?;
            let mut text = String::new();
            for event in &events {
                self.write(&mut text, &names, event)?;
            }
            if !text.is_empty() {
                self.ready.push_back(Bytes::from(text));
            }
        }
    }

    fn write(&self, text: &mut String, names: &Names, event: &UsageEvent) -> Result<(), Error> {
        match self.format {
            Format::Csv => {
                for attempt in &event.attempts {
                    let cells = cells(&self.report, names, attempt);
                    text.push_str(&csv::line(cells.iter().map(String::as_str)));
                }
            }
            Format::JsonLines => {
                let Some(view) = event_view(&self.report, names, event) else { return Ok(()) };
                let line = serde_json::to_string(&view).map_err(|error| {
                    Error::new(Code::Internal, "A call could not be written down. Report it.").because(error)
                })?;
                text.push_str(&line);
                text.push('\n');
            }
        }
        Ok(())
    }
}

fn cells(report: &Report, names: &Names, attempt: &Attempt) -> [String; HEADS.len()] {
    let start = &attempt.start;
    let text = |value: Option<&str>| value.unwrap_or_default().to_owned();
    let number = |value: Option<i64>| value.map(|value| value.to_string()).unwrap_or_default();
    let money = |value: Option<Nanos>| value.map(|value| value.to_string()).unwrap_or_default();
    let tokens = |count: fn(&domain::usage::TokenCounts) -> u64| {
        attempt.tokens.as_ref().map(|tokens| count(tokens).to_string()).unwrap_or_default()
    };
    let price = start.price.filter(|_| report.may_see_provider_cost(attempt));
    let rates = price.map(|price| price.rates_for(attempt.tokens.map_or(0, |tokens| tokens.prompt)));
    [
        start.at.to_string(),
        start.request.to_string(),
        start.number.to_string(),
        attempt.state.as_str().to_owned(),
        text(attempt.error_class.map(ErrorClass::as_str)),
        number(attempt.status.map(i64::from)),
        start.source.as_str().to_owned(),
        start.provider.as_str().to_owned(),
        start.model.clone(),
        start.requested_model.clone(),
        text(start.alias.as_deref()),
        start.credential.to_string(),
        text(names.key(start.credential).map(|label| label.name.as_str())),
        start.scope.as_str().to_owned(),
        start.token.map(|id| id.to_string()).unwrap_or_default(),
        text(start.token.and_then(|id| names.token(id))),
        start.team.map(|id| id.to_string()).unwrap_or_default(),
        start.organization.map(|id| id.to_string()).unwrap_or_default(),
        tokens(|tokens| tokens.prompt),
        tokens(|tokens| tokens.completion),
        tokens(|tokens| tokens.cached),
        tokens(|tokens| tokens.cache_write),
        tokens(|tokens| tokens.reasoning),
        text(attempt.usage_source.map(UsageSource::as_str)),
        money(rates.map(|rates| Nanos(rates.input_nanos))),
        money(rates.map(|rates| Nanos(rates.output_nanos))),
        money(report.provider_cost_of(attempt)),
        money(attempt.client_cost),
        number(attempt.latency_ms),
        number(attempt.first_token_ms),
        text(start.client_request_id.as_deref()),
        start.user.to_string(),
        text(names.user(start.user)),
        text(start.team.and_then(|id| names.team(id))),
        text(start.organization.and_then(|id| names.organization(id))),
        number(report.may_see_provider_cost(attempt).then_some(i64::from(start.markup_basis_points))),
    ]
}
