//! The one table of doors. Every route is here with what it needs; what is not
//! here is closed. The OpenAPI document is made from the same rows.

use std::net::IpAddr;
use std::ops::Deref;
use std::sync::Arc;

use app::App;
use axum::Router;
use axum::middleware;
use axum::routing::MethodRouter;
use domain::access::Need;
use http::Method;

use crate::auth::{self, Guard};
use crate::openapi::{self, Described};
use crate::origins::Origins;
use crate::{anthropic, api, gemini, openai, operations, rim, ui};

/// What handlers share. Behind one count, because every request clones it.
#[derive(Clone)]
pub struct Shared(Arc<SharedParts>);

/// The parts of [`Shared`].
pub struct SharedParts {
    /// The house.
    pub app: Arc<App>,
    /// The origins that are ours.
    pub origins: Arc<Origins>,
    /// Addresses whose forwarded headers count.
    pub trusted_proxies: Vec<IpAddr>,
}

impl Shared {
    /// What handlers are to share.
    #[must_use]
    pub fn new(app: Arc<App>, origins: Origins, trusted_proxies: Vec<IpAddr>) -> Self {
        Self(Arc::new(SharedParts { app, origins: Arc::new(origins), trusted_proxies }))
    }
}

impl Deref for Shared {
    type Target = SharedParts;

    fn deref(&self) -> &SharedParts {
        &self.0
    }
}

impl axum::extract::FromRef<Shared> for Arc<App> {
    fn from_ref(shared: &Shared) -> Self {
        Self::clone(&shared.app)
    }
}

/// One door.
pub struct Door {
    /// The method it answers.
    pub method: Method,
    /// Its path, in axum's words.
    pub path: &'static str,
    /// What it needs.
    pub need: Need,
    /// What answers.
    pub handler: MethodRouter<Shared>,
    /// What the OpenAPI document says of it; `None`: a page or another spelling
    /// of a described door.
    pub described: Option<Described>,
}

impl Door {
    /// Whether any query parameter is one too many.
    fn refuses_query(&self) -> bool {
        openapi::is_control(self.path) && self.described.as_ref().is_some_and(|described| !described.has_query())
    }
}

/// A door that the OpenAPI document describes.
pub(crate) fn door(
    method: Method,
    path: &'static str,
    need: Need,
    handler: MethodRouter<Shared>,
    described: Described,
) -> Door {
    Door { method, path, need, handler, described: Some(described) }
}

/// A page, or another spelling of a described door.
pub(crate) fn quiet_door(method: Method, path: &'static str, need: Need, handler: MethodRouter<Shared>) -> Door {
    Door { method, path, need, handler, described: None }
}

/// All doors of the house.
#[must_use]
pub fn doors() -> Vec<Door> {
    let mut doors = Vec::new();
    doors.extend(openai::doors());
    doors.extend(anthropic::doors());
    doors.extend(gemini::doors());
    doors.extend(api::doors());
    doors.extend(operations::doors());
    doors.extend(ui::doors());
    doors
}

/// The router of the house: each door behind its guard, all behind the rim.
pub fn router(shared: Shared) -> Router {
    let mut router = Router::new();
    for door in doors() {
        let guard = Arc::new(Guard {
            app: Arc::clone(&shared.app),
            need: door.need,
            origins: Arc::clone(&shared.origins),
            refuses_query: door.refuses_query(),
        });
        router = router.route(door.path, door.handler.layer(middleware::from_fn_with_state(guard, auth::guard)));
    }
    router
        .fallback(crate::strays::not_found)
        .method_not_allowed_fallback(crate::strays::method_not_allowed)
        .layer(middleware::from_fn_with_state(Arc::clone(&shared.app), rim::rim))
        .with_state(shared)
}
