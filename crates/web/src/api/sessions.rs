//! `/v2/sessions`: where one is signed in.

use std::sync::Arc;

use app::App;
use app::sign_in::sessions;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get};
use domain::access::Need;
use domain::ids::SessionId;
use http::{Method, StatusCode};
use serde::Serialize;
use utoipa::ToSchema;

use super::paging::List;
use crate::auth::Authenticated;
use crate::body::Id;
use crate::openapi::says;
use crate::rim::Failure;
use crate::router::{Door, door};

pub(crate) fn doors() -> Vec<Door> {
    vec![
        door(
            Method::GET,
            "/v2/sessions",
            Need::OwnAccount,
            get(list_sessions),
            says("sign-in", "Where you are signed in")
                .gives_list::<List<SessionView>, SessionView>(200, "Your open sessions"),
        ),
        door(
            Method::DELETE,
            "/v2/sessions",
            Need::OwnAccount,
            delete(end_other_sessions),
            says("sign-in", "End all your sessions but this one").gives::<Ended>(200, "How many ended"),
        ),
        door(
            Method::DELETE,
            "/v2/sessions/{id}",
            Need::OwnAccount,
            delete(end_session),
            says("sign-in", "End one of your sessions").gives_other(204, "Ended"),
        ),
    ]
}

#[derive(Serialize, ToSchema)]
struct SessionView {
    id: String,
    /// A browser, or an access token.
    #[schema(pattern = "^(web|access)$")]
    kind: &'static str,
    created_at: String,
    expires_at: String,
    last_seen_at: String,
    user_agent: Option<String>,
    address: Option<String>,
    /// Whether this request came with it.
    is_current: bool,
}

/// How many sessions ended.
#[derive(Serialize, ToSchema)]
struct Ended {
    ended: usize,
}

async fn list_sessions(State(app): State<Arc<App>>, Authenticated(caller): Authenticated) -> Result<Response, Failure> {
    let current = caller.session();
    let data: Vec<SessionView> = sessions::list(&app, &caller)
        .await?
        .into_iter()
        .map(|session| SessionView {
            id: session.id.to_string(),
            kind: session.kind.as_str(),
            created_at: session.created_at.to_string(),
            expires_at: session.expires_at.to_string(),
            last_seen_at: session.last_seen_at.to_string(),
            user_agent: session.user_agent,
            address: session.address,
            is_current: current == Some(session.id),
        })
        .collect();
    let count = data.len() as i64;
    Ok(axum::Json(List { data, count }).into_response())
}

async fn end_session(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    Id(id): Id<SessionId>,
) -> Result<Response, Failure> {
    sessions::end(&app, &caller, id).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn end_other_sessions(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
) -> Result<Response, Failure> {
    let ended = sessions::end_others(&app, &caller).await?;
    Ok(axum::Json(Ended { ended }).into_response())
}
