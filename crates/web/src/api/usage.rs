//! `/v2/usage`: calls and what they cost; one's own, or those one may read.

mod export;
mod reconcile;
pub(crate) mod view;

use std::sync::Arc;

use app::error::{Code, Error};
use app::usage::Whose;
use app::{App, usage};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use domain::Timestamp;
use domain::access::Need;
use domain::ids::RequestId;
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
            says("usage", "Calls, newest first: whose key paid, tokens, cost")
                .at_length(
                    "Your own, unless `scope` says otherwise. What the provider bills is told to whoever owns the key, \
                     and is `null` to everybody else.",
                )
                .query::<EventQuery>()
                .gives_list::<CursorPage<EventView>, EventView>(200, "The calls")
                .refuses(&[Code::NotFound]),
        ),
        door(
            Method::GET,
            "/v2/usage",
            Need::ReadUsage,
            get(get_summary),
            says("usage", "Calls, summed up")
                .at_length(
                    "Your own, unless `scope` says otherwise. A request counts in the line of its first attempt, so that \
                     lines add up. Times that begin or end whole days, UTC, are answered from sums; others also read \
                     the calls of the days they cut. What providers bill is told to whoever owns the keys; profit is \
                     what clients are billed beyond that for calls of shared keys.",
                )
                .query::<SummaryQuery>()
                .gives_list::<List<LineView>, LineView>(200, "One line a group")
                .refuses(&[Code::NotFound]),
        ),
    ];
    doors.extend(export::doors());
    doors.push(reconcile::door_of_it());
    doors
}

/// A query that says which calls are asked for, and something of its own.
macro_rules! usage_query {
    ($name:ident { $($(#[$meta:meta])* $field:ident: $type:ty,)* }) => {
        #[derive(Deserialize, IntoParams)]
        #[serde(deny_unknown_fields)]
        struct $name {
            $($(#[$meta])* $field: $type,)*
            /// Whose calls: your own unless said; `team` and `organization` with their ids, for their leads, owners
            /// and admins; `all` for admins of this server.
            #[param(pattern = "@usage-scope")]
            scope: Option<String>,
            /// In this organization.
            organization_id: Option<String>,
            /// For this team.
            team_id: Option<String>,
            /// By this user.
            user_id: Option<String>,
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
            /// The scope of the key that paid.
            #[param(pattern = "@scope")]
            credential_scope: Option<String>,
            /// Where the calls came from.
            #[param(pattern = "@source")]
            source: Option<String>,
            /// The gateway token that called.
            token_id: Option<String>,
        }

        impl $name {
            /// # Errors
            /// `invalid_request` that names what cannot be read.
            fn wanted(&self) -> Result<crate::api::usage::Wanted, Error> {
                crate::api::usage::Asked {
                    scope: self.scope.as_deref(),
                    organization_id: self.organization_id.as_deref(),
                    team_id: self.team_id.as_deref(),
                    user_id: self.user_id.as_deref(),
                    from: self.from.as_deref(),
                    to: self.to.as_deref(),
                    provider: self.provider.as_deref(),
                    model: self.model.as_deref(),
                    credential_id: self.credential_id.as_deref(),
                    credential_scope: self.credential_scope.as_deref(),
                    source: self.source.as_deref(),
                    token_id: self.token_id.as_deref(),
                }
                .read()
            }
        }
    };
}
use usage_query;

usage_query! { EventQuery {
    /// The `next` of the page before.
    #[param(pattern = "@usage-cursor")]
    after: Option<String>,
    /// Rows to give, 1 to 500; 100 unless said.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<i64>,
    /// How an attempt stands.
    #[param(pattern = "@attempt-state")]
    status: Option<String>,
} }

usage_query! { SummaryQuery {
    /// `day` unless said.
    #[param(pattern = "@group-by")]
    group_by: Option<String>,
    /// One line for each day and group, instead of one for each group; 50,000 lines at most.
    each_day: Option<bool>,
} }

/// What `scope` may be.
pub(crate) const SCOPES: [&str; 4] = ["own", "team", "organization", "all"];

/// Which calls are asked for, as it was written.
struct Asked<'q> {
    scope: Option<&'q str>,
    organization_id: Option<&'q str>,
    team_id: Option<&'q str>,
    user_id: Option<&'q str>,
    from: Option<&'q str>,
    to: Option<&'q str>,
    provider: Option<&'q str>,
    model: Option<&'q str>,
    credential_id: Option<&'q str>,
    credential_scope: Option<&'q str>,
    source: Option<&'q str>,
    token_id: Option<&'q str>,
}

/// Whose calls are asked for, and which of them.
struct Wanted {
    whose: Whose,
    filter: UsageFilter,
}

impl Asked<'_> {
    fn read(&self) -> Result<Wanted, Error> {
        let filter = UsageFilter {
            user: id("user_id", self.user_id)?,
            from: super::time("from", self.from)?,
            to: super::time("to", self.to)?,
            provider: super::word("provider", self.provider)?,
            model: self.model.map(str::to_owned),
            credential: id("credential_id", self.credential_id)?,
            source: super::word("source", self.source)?,
            token: id("token_id", self.token_id)?,
            team: id("team_id", self.team_id)?,
            without_teams: false,
            organization: id("organization_id", self.organization_id)?,
            scope: super::word("credential_scope", self.credential_scope)?,
            state: None,
        };
        let whose = match self.scope {
            None | Some("own") => Whose::Own,
            Some("all") => Whose::Everybody,
            Some("organization") => Whose::Organization(
                filter.organization.ok_or_else(|| Error::invalid("organization_id", "is missing; say which one"))?,
            ),
            Some("team") => {
                Whose::Team(filter.team.ok_or_else(|| Error::invalid("team_id", "is missing; say which one"))?)
            }
            Some(_) => return Err(Error::invalid("scope", format!("is none of {}", SCOPES.join(", ")))),
        };
        Ok(Wanted { whose, filter })
    }
}

fn id<T: std::str::FromStr>(field: &str, text: Option<&str>) -> Result<Option<T>, Error> {
    text.map(|text| text.parse().map_err(|_| Error::invalid(field, "is not an id"))).transpose()
}

async fn list_events(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    Query(query): Query<EventQuery>,
) -> Result<Response, Failure> {
    let Wanted { whose, filter } = query.wanted()?;
    let filter = UsageFilter { state: super::word("status", query.status.as_deref())?, ..filter };
    let report = usage::open(&app, &caller, whose).await?;
    let after = query.after.as_deref().map(read_cursor).transpose()?;
    let page = usage::events(&app, &report, filter, after, paging::limit_of(query.limit)?).await?;
    let names = Names::of_events(&app, &caller, &report, &page.rows).await?;
    let body = CursorPage {
        data: page.rows.iter().filter_map(|event| event_view(&report, &names, event)).collect(),
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
    let Wanted { whose, filter } = query.wanted()?;
    let report = usage::open(&app, &caller, whose).await?;
    let by = super::word("group_by", query.group_by.as_deref())?.unwrap_or(GroupBy::Day);
    let lines: Vec<UsageLine> = if query.each_day == Some(true) {
        usage::daily(&app, &report, filter, by).await?
    } else {
        usage::summary(&app, &report, filter, by).await?
    };
    let names = Names::of_lines(&app, &caller, &report, &lines, by).await?;
    let data: Vec<LineView> = lines.iter().map(|line| LineView::of(&report, line, by, &names)).collect();
    let count = data.len() as i64;
    Ok(axum::Json(List { data, count }).into_response())
}
