//! `/v2/audit-events`: every change, for admins of the server; what happened in an
//! organization, for whoever looks after it.

use std::sync::Arc;

use app::error::{Code, Error};
use app::{App, audit};
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use bytes::Bytes;
use domain::access::Need;
use domain::ids::UserId;
use futures_util::stream;
use http::Method;
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
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
    vec![
        door(
            Method::GET,
            "/v2/audit-events",
            Need::ReadAudit,
            get(list_events),
            says("audit", "Every change, newest first; for admins of the server, or of the organization that is named")
                .query::<AuditQuery>()
                .gives_list::<CursorPage<AuditView>, AuditView>(200, "The log")
                .refuses(&[Code::NotFound]),
        ),
        door(
            Method::GET,
            "/v2/audit-events/export.jsonl",
            Need::ReadAudit,
            get(export_lines),
            says("audit", "Every change as JSON, one a line, newest first; for the same")
                .at_length("Each line is what `/v2/audit-events` says of a change.")
                .query::<ExportQuery>()
                .gives_text(200, "The log", "application/jsonl")
                .refuses(&[Code::NotFound]),
        ),
        door(
            Method::POST,
            "/v2/audit-events/verify",
            Need::ReadAudit,
            post(verify_chain),
            says("audit", "Read the whole log and check that every link of its chain holds; for admins of the server")
                .gives::<VerifiedView>(200, "What was found"),
        ),
    ]
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct AuditQuery {
    /// Only what happened in this organization, by its id or slug. Who looks after
    /// it must say so; admins of the server may.
    organization_id: Option<String>,
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

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct ExportQuery {
    /// Only what happened in this organization, by its id or slug. Who looks after
    /// it must say so; admins of the server may.
    organization_id: Option<String>,
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
}

/// Whether the chain holds.
#[derive(Serialize, ToSchema)]
struct VerifiedView {
    /// Events whose links hold.
    events: i64,
    /// The first event whose link does not; `null`: all hold.
    broken_at: Option<i64>,
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
    /// From where; for admins of the server.
    address: Option<String>,
    action: String,
    target_kind: String,
    target: Option<String>,
    /// The event's own fields.
    #[schema(value_type = Object)]
    detail: Option<Box<RawValue>>,
    /// The organization it happened in.
    #[schema(format = "uuid")]
    organization_id: Option<String>,
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
            organization_id: row.organization.map(|id| id.to_string()),
        }
    }
}

async fn list_events(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    Query(query): Query<AuditQuery>,
) -> Result<Response, Failure> {
    let AuditQuery { actor, action, target, from, to, .. } = &query;
    let filter = filter_of(actor.as_deref(), action.clone(), target.clone(), from.as_deref(), to.as_deref())?;
    let after = query
        .after
        .as_deref()
        .map(|seq| {
            seq.parse::<i64>()
                .map_err(|_| Error::invalid("after", "is not a cursor; send the `next` of the page before"))
        })
        .transpose()?;
    let reading = audit::open(&app, &caller, query.organization_id.as_deref()).await?;
    let page = audit::page(&app, &reading, &filter, after, paging::limit_of(query.limit)?).await?;
    let body = CursorPage {
        data: page.rows.into_iter().map(AuditView::from).collect(),
        count: page.count,
        count_is_exact: page.count_is_exact,
        next: page.next.map(|seq| seq.to_string()),
    };
    Ok(axum::Json(body).into_response())
}

fn filter_of(
    actor: Option<&str>,
    action: Option<String>,
    target: Option<String>,
    from: Option<&str>,
    to: Option<&str>,
) -> Result<AuditFilter, Error> {
    let actor = actor.map(|id| id.parse::<UserId>().map_err(|_| Error::invalid("actor", "is not a user's id")));
    Ok(AuditFilter {
        actor: actor.transpose()?,
        action,
        target,
        from: super::time("from", from)?,
        to: super::time("to", to)?,
        organization: None,
    })
}

async fn verify_chain(State(app): State<Arc<App>>, Authenticated(caller): Authenticated) -> Result<Response, Failure> {
    let found = audit::verify(&app, &caller).await?;
    Ok(axum::Json(VerifiedView { events: found.rows, broken_at: found.broken_at }).into_response())
}

/// Events read at a time.
const SOME: i64 = 500;

async fn export_lines(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    Query(query): Query<ExportQuery>,
) -> Result<Response, Failure> {
    let ExportQuery { organization_id, actor, action, target, from, to } = query;
    let filter = filter_of(actor.as_deref(), action, target, from.as_deref(), to.as_deref())?;
    let reading = audit::open(&app, &caller, organization_id.as_deref()).await?;
    // An error cuts the connection, so that half a file is not taken for a whole one.
    let lines = stream::try_unfold(Some(None), move |after| {
        let (app, filter) = (Arc::clone(&app), filter.clone());
        async move {
            let Some(after) = after else { return Ok::<_, Error>(None) };
            let (rows, next) = audit::listed(&app, &reading, &filter, after, SOME).await?;
            let mut piece = Vec::new();
            for row in rows {
                serde_json::to_writer(&mut piece, &AuditView::from(row)).map_err(|error| {
                    Error::new(Code::Internal, "An event cannot be written. Report it.").because(error)
                })?;
                piece.push(b'\n');
            }
            Ok(Some((Bytes::from(piece), next.map(Some))))
        }
    });
    let name = "attachment; filename=\"ownkey-audit.jsonl\"";
    Ok(([(CONTENT_TYPE, "application/jsonl"), (CONTENT_DISPOSITION, name)], Body::from_stream(lines)).into_response())
}
