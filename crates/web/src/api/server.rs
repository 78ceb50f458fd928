//! `/v2/server`: how this server does, for whoever looks after it.

use std::sync::Arc;

use app::App;
use app::overview::{self, Overview};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use domain::access::Need;
use http::Method;
use serde::Serialize;
use store::Dialect;
use utoipa::ToSchema;

use crate::auth::Authenticated;
use crate::openapi::says;
use crate::rim::Failure;
use crate::router::{Door, door};

pub(crate) fn doors() -> Vec<Door> {
    vec![door(
        Method::GET,
        "/v2/server",
        Need::ManageUsers,
        get(get_server),
        says("operations", "How this server does, in short; for admins")
            .at_length("Users, keys by state, the calls of today, running servers, and the state of the master keys. Read from the database alone; no provider is called.")
            .gives::<ServerView>(200, "How it does"),
    )]
}

/// How a server does.
#[derive(Serialize, ToSchema)]
struct ServerView {
    version: &'static str,
    #[schema(pattern = "^(sqlite|postgres)$")]
    database: &'static str,
    users: UsersView,
    /// Stored provider keys of everybody.
    provider_keys: Vec<StoredKeysView>,
    today: TodayView,
    nodes: Vec<NodeView>,
    keyring: KeyringView,
}

#[derive(Serialize, ToSchema)]
struct UsersView {
    all: i64,
    admins: i64,
    invited: i64,
    suspended: i64,
}

#[derive(Serialize, ToSchema)]
struct StoredKeysView {
    status: &'static str,
    keys: i64,
}

/// The calls since midnight, UTC, of everybody.
#[derive(Serialize, ToSchema)]
struct TodayView {
    requests: i64,
    failed_attempts: i64,
}

#[derive(Serialize, ToSchema)]
struct NodeView {
    id: String,
    /// Whether it is the one that answers.
    is_this: bool,
}

#[derive(Serialize, ToSchema)]
struct KeyringView {
    /// The id of the master key that seals.
    seals_under: String,
    /// The ids of all that this server was given.
    given: Vec<String>,
    /// Secrets sealed under another than the one that seals: `ownkey keyring
    /// rewrap` seals them again.
    secrets_under_others: i64,
}

/// The word for a database.
pub(crate) const fn database(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Sqlite => "sqlite",
        Dialect::Postgres => "postgres",
    }
}

impl From<Overview> for ServerView {
    fn from(seen: Overview) -> Self {
        let keys = seen.keys.iter().map(|(status, keys)| StoredKeysView { status: status.as_str(), keys: *keys });
        let nodes = seen.nodes.iter().map(|node| NodeView { id: node.id.to_string(), is_this: node.id == seen.node });
        let users = seen.users;
        Self {
            version: env!("CARGO_PKG_VERSION"),
            database: database(seen.database),
            users: UsersView {
                all: users.all,
                admins: users.admins,
                invited: users.invited,
                suspended: users.suspended,
            },
            provider_keys: keys.collect(),
            today: TodayView { requests: seen.today.requests, failed_attempts: seen.today.failed },
            nodes: nodes.collect(),
            keyring: KeyringView {
                seals_under: seen.sealing_key.to_string(),
                given: seen.master_keys.iter().map(ToString::to_string).collect(),
                secrets_under_others: seen.secrets_under_others,
            },
        }
    }
}

async fn get_server(State(app): State<Arc<App>>, Authenticated(caller): Authenticated) -> Result<Response, Failure> {
    Ok(axum::Json(ServerView::from(overview::of(&app, &caller).await?)).into_response())
}
