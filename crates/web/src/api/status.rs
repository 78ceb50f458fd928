//! `/v2/status`: how each provider and local service does.

use std::sync::Arc;

use app::App;
use app::status::{self, ProviderStatus};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use domain::Timestamp;
use domain::access::Need;
use domain::provider::ProviderKind;
use http::Method;
use serde::Serialize;
use utoipa::ToSchema;

use super::paging::List;
use crate::auth::Authenticated;
use crate::openapi::says;
use crate::rim::Failure;
use crate::router::{Door, door};

pub(crate) fn doors() -> Vec<Door> {
    vec![door(
        Method::GET,
        "/v2/status",
        Need::ManageCredentials,
        get(list_status),
        says("provider keys", "How each provider and local service does, as your keys tell it")
            .gives_list::<List<StatusView>, StatusView>(200, "Every provider and local service"),
    )]
}

/// How a provider or local service does.
#[derive(Serialize, ToSchema)]
struct StatusView {
    #[schema(pattern = "@provider")]
    provider: &'static str,
    /// What people call it.
    display_name: &'static str,
    /// A service, or a server on this network.
    #[schema(pattern = "^(external|local)$")]
    kind: &'static str,
    /// How it does, in one word.
    #[schema(pattern = "^(operational|degraded|unreachable|no_key|unknown)$")]
    state: &'static str,
    /// Whether it answers; `null`: nobody knows.
    reachable: Option<bool>,
    /// How long the last check that was answered took.
    #[schema(minimum = 0)]
    latency_ms: Option<i64>,
    /// How many of its models you reach.
    models: usize,
    /// The keys you may see; of the server's keys, members see none.
    keys: KeysView,
    /// When it last accepted one of these keys.
    last_success_at: Option<String>,
    /// When one of these keys was last checked.
    checked_at: Option<String>,
    /// Until when the first of these keys is at its rate limit, where all that
    /// would work are at one; `null`: none is.
    limited_until: Option<String>,
    /// What is the matter and what to do.
    detail: String,
}

/// How many keys there are, and how they do.
#[derive(Serialize, ToSchema)]
struct KeysView {
    /// All of them.
    total: usize,
    /// Those that work.
    valid: usize,
    /// Those that do not.
    failing: usize,
}

impl From<ProviderStatus> for StatusView {
    fn from(status: ProviderStatus) -> Self {
        let text = |at: Option<Timestamp>| at.map(|at| at.to_string());
        Self {
            provider: status.provider.name,
            display_name: status.provider.display_name,
            kind: match status.provider.kind {
                ProviderKind::External => "external",
                ProviderKind::Local => "local",
            },
            state: status.state.as_str(),
            reachable: status.state.is_reachable(),
            latency_ms: status.latency_ms,
            models: status.models,
            keys: KeysView { total: status.keys.total, valid: status.keys.valid, failing: status.keys.failing },
            last_success_at: text(status.last_success_at),
            checked_at: text(status.checked_at),
            limited_until: text(status.limited_until),
            detail: status.detail,
        }
    }
}

async fn list_status(State(app): State<Arc<App>>, Authenticated(caller): Authenticated) -> Result<Response, Failure> {
    let data: Vec<StatusView> = status::list(&app, &caller).await?.into_iter().map(StatusView::from).collect();
    let count = data.len() as i64;
    Ok(axum::Json(List { data, count }).into_response())
}
