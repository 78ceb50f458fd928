//! `/v2/audit-events`: every change, for admins.

use std::sync::Arc;

use app::error::Error;
use app::{App, audit};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use domain::access::Need;
use domain::ids::UserId;
use http::Method;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use store::audit::{AuditFilter, AuditRow};
use utoipa::{IntoParams, ToSchema};

use super::paging::{self, CursorPage};
use crate::auth::Authenticated;
use crate::body::Query;
use crate::openapi::says;
use crate::rim::Failure;
use crate::router::{Door, door};

pub(crate) fn doors() -> Vec<Door> {
    vec![door(
        Method::GET,
        "/v2/audit-events",
        Need::ReadAudit,
        get(list_events),
        says("audit", "Every change, newest first; for admins")
            .query::<AuditQuery>()
            .gives_list::<CursorPage<AuditView>, AuditView>(200, "The log"),
    )]
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct AuditQuery {
    /// A user's id.
    #[param(format = "uuid")]
    actor: Option<String>,
    /// Such as `credential.created`.
    action: Option<String>,
    /// The id of what was acted on.
    target: Option<String>,
    /// Not earlier than this.
    #[param(format = "date-time")]
    from: Option<String>,
    /// Earlier than this.
    #[param(format = "date-time")]
    to: Option<String>,
    /// The `next` of the page before.
    #[param(pattern = "^[0-9]{1,18}$")]
    after: Option<String>,
    /// Rows to give, 1 to 500; 100 unless said.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<i64>,
}

#[derive(Serialize, ToSchema)]
struct AuditView {
    /// Its place in the chain.
    seq: i64,
    id: String,
    #[schema(format = "date-time")]
    at: String,
    /// `user`, `cli` or `system`.
    actor_kind: String,
    /// A user's id.
    #[schema(format = "uuid")]
    actor: Option<String>,
    token_id: Option<String>,
    address: Option<String>,
    action: String,
    target_kind: String,
    target: Option<String>,
    /// The event's own fields.
    #[schema(value_type = Object)]
    detail: Option<Box<RawValue>>,
}

impl From<AuditRow> for AuditView {
    fn from(row: AuditRow) -> Self {
        Self {
            seq: row.seq,
            id: row.id.to_string(),
            at: row.at.to_string(),
            actor_kind: row.actor_kind,
            actor: row.actor.map(|id| id.to_string()),
            token_id: row.token.map(|id| id.to_string()),
            address: row.address,
            action: row.action,
            target_kind: row.target_kind,
            target: row.target,
            detail: RawValue::from_string(row.detail).ok(),
        }
    }
}

async fn list_events(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    Query(query): Query<AuditQuery>,
) -> Result<Response, Failure> {
    let actor = query
        .actor
        .as_deref()
        .map(|id| id.parse::<UserId>().map_err(|_| Error::invalid("actor", "is not a user's id")))
        .transpose()?;
    let filter = AuditFilter {
        actor,
        action: query.action,
        target: query.target,
        from: super::time("from", query.from.as_deref())?,
        to: super::time("to", query.to.as_deref())?,
    };
    let after = query
        .after
        .as_deref()
        .map(|seq| {
            seq.parse::<i64>()
                .map_err(|_| Error::invalid("after", "is not a cursor; send the `next` of the page before"))
        })
        .transpose()?;
    let page = audit::page(&app, &caller, &filter, after, paging::limit_of(query.limit)?).await?;
    let body = CursorPage {
        data: page.rows.into_iter().map(AuditView::from).collect(),
        count: page.count,
        count_is_exact: page.count_is_exact,
        next: page.next.map(|seq| seq.to_string()),
    };
    Ok(axum::Json(body).into_response())
}
