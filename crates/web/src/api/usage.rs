//! `/v2/usage`: one's own calls and what they cost.

mod export;
pub(crate) mod view;

use std::sync::Arc;

use app::error::Error;
use app::{App, usage};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use domain::Timestamp;
use domain::access::Need;
use domain::ids::{CredentialId, RequestId, TokenId};
use http::Method;
use serde::Deserialize;
use store::usage::{EventCursor, GroupBy, UsageFilter, UsageLine};
use utoipa::IntoParams;

use super::paging::{self, CursorPage, List};
use crate::auth::Authenticated;
use crate::body::Query;
use crate::openapi::says;
use crate::rim::Failure;
use crate::router::{Door, door};
use view::{EventView, LineView, Names, event_view};

pub(crate) fn doors() -> Vec<Door> {
    let mut doors = vec![
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
                .at_length(
                    "A request counts in the line of its first attempt, so that lines add up. Times that begin or \
                     end whole days, UTC, are answered from sums; others also read the calls of the days they cut.",
                )
                .query::<SummaryQuery>()
                .gives_list::<List<LineView>, LineView>(200, "One line a group"),
        ),
    ];
    doors.extend(export::doors());
    doors
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
    /// The gateway token that called.
    token_id: Option<String>,
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
    /// One line for each day and group, instead of one for each group.
    each_day: Option<bool>,
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
    /// The gateway token that called.
    token_id: Option<String>,
}

/// Which calls are asked for, as they were written.
struct Wanted {
    from: Option<String>,
    to: Option<String>,
    provider: Option<String>,
    model: Option<String>,
    credential_id: Option<String>,
    source: Option<String>,
    token_id: Option<String>,
}

impl Wanted {
    /// # Errors
    /// `invalid_request` that names what cannot be read.
    fn filter(self) -> Result<UsageFilter, Error> {
        let id = |text: &str| text.parse::<CredentialId>().map_err(|_| Error::invalid("credential_id", "is not an id"));
        let token = |text: &str| text.parse::<TokenId>().map_err(|_| Error::invalid("token_id", "is not an id"));
        Ok(UsageFilter {
            user: None,
            from: super::time("from", self.from.as_deref())?,
            to: super::time("to", self.to.as_deref())?,
            provider: super::word("provider", self.provider.as_deref())?,
            model: self.model,
            credential: self.credential_id.as_deref().map(id).transpose()?,
            source: super::word("source", self.source.as_deref())?,
            token: self.token_id.as_deref().map(token).transpose()?,
            team: None,
            organization: None,
        })
    }
}

async fn list_events(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    Query(query): Query<EventQuery>,
) -> Result<Response, Failure> {
    let EventQuery { from, to, provider, model, credential_id, source, token_id, after, limit } = query;
    let filter = Wanted { from, to, provider, model, credential_id, source, token_id }.filter()?;
    let after = after.as_deref().map(read_cursor).transpose()?;
    let page = usage::events(&app, &caller, filter, after, paging::limit_of(limit)?).await?;
    let names = Names::of_events(&app, &caller, &page.rows).await?;
    let body = CursorPage {
        data: page.rows.iter().filter_map(|event| event_view(&caller, &names, event)).collect(),
        count: page.count,
        count_is_exact: page.count_is_exact,
        next: page.next.map(written_cursor),
    };
    Ok(axum::Json(body).into_response())
}

/// A cursor as an address has it.
pub(crate) fn written_cursor(cursor: EventCursor) -> String {
    format!("{}.{}", cursor.at.as_micros(), cursor.request)
}

/// # Errors
/// `invalid_request` when it is none of ours.
pub(crate) fn read_cursor(text: &str) -> Result<EventCursor, Error> {
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
    let SummaryQuery { group_by, each_day, from, to, provider, model, credential_id, source, token_id } = query;
    let filter = Wanted { from, to, provider, model, credential_id, source, token_id }.filter()?;
    let by = super::word("group_by", group_by.as_deref())?.unwrap_or(GroupBy::Day);
    let lines: Vec<UsageLine> = if each_day == Some(true) {
        usage::daily(&app, &caller, filter, by).await?
    } else {
        usage::summary(&app, &caller, filter, by).await?
    };
    let names = Names::of_lines(&app, &caller, &lines, by).await?;
    let data: Vec<LineView> = lines.iter().map(|line| LineView::of(&caller, line, by, &names)).collect();
    let count = data.len() as i64;
    Ok(axum::Json(List { data, count }).into_response())
}
