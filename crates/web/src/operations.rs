//! For those who run the house: health, metrics, the OpenAPI document.

use std::sync::Arc;
use std::time::Duration;

use app::App;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use domain::access::Need;
use http::header::CONTENT_TYPE;
use http::{Method, StatusCode};
use serde::Serialize;
use utoipa::ToSchema;

use crate::openapi::{self, says};
use crate::router::{Door, door, quiet_door};

/// How long readiness waits for the database.
const PATIENCE: Duration = Duration::from_secs(1);

pub(crate) fn doors() -> Vec<Door> {
    let open = Need::Nothing;
    vec![
        door(
            Method::GET,
            "/health/live",
            open,
            get(live),
            says("operations", "Whether the process runs").touches_nothing().gives::<Live>(200, "It runs"),
        ),
        door(
            Method::GET,
            "/health/ready",
            open,
            get(ready),
            says("operations", "Whether calls can be answered, and what is missing if not")
                .touches_nothing()
                .gives::<Readiness>(200, "Ready")
                .gives::<Readiness>(503, "Not ready; the component is named"),
        ),
        quiet_door(Method::GET, "/livez", open, get(live)),
        quiet_door(Method::GET, "/readyz", open, get(ready)),
        quiet_door(Method::GET, "/health", open, get(ready)),
        door(
            Method::GET,
            "/metrics",
            Need::Metrics,
            get(metrics),
            says("operations", "Metrics, as Prometheus reads them").gives_text(
                200,
                "OpenMetrics text",
                "application/openmetrics-text",
            ),
        ),
        door(
            Method::GET,
            "/openapi.json",
            open,
            get(document),
            says("operations", "This document").touches_nothing().gives::<Document>(200, "OpenAPI 3.1"),
        ),
    ]
}

/// That the process runs.
#[derive(Serialize, ToSchema)]
struct Live {
    #[schema(pattern = "^(live)$")]
    status: &'static str,
}

/// Whether calls can be answered, and which part is missing if not.
#[derive(Serialize, ToSchema)]
struct Readiness {
    #[schema(pattern = "^(ready|not ready)$")]
    status: &'static str,
    components: ComponentStates,
}

/// The parts of the server.
#[derive(Serialize, ToSchema)]
struct ComponentStates {
    #[schema(pattern = "^(ready|not ready)$")]
    database: &'static str,
    /// Not ready while it stops.
    #[schema(pattern = "^(ready|not ready)$")]
    server: &'static str,
}

/// An OpenAPI document; only its schema is used.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only its schema is used")]
struct Document {
    openapi: String,
    #[schema(value_type = Object)]
    info: String,
    #[schema(value_type = Object)]
    paths: String,
    #[schema(value_type = Object)]
    components: String,
}

async fn live() -> Response {
    axum::Json(Live { status: "live" }).into_response()
}

async fn ready(State(app): State<Arc<App>>) -> Response {
    let database = matches!(tokio::time::timeout(PATIENCE, app.store.ping()).await, Ok(Ok(())));
    let is_ready = database && !app.is_draining();
    let state = |ok: bool| if ok { "ready" } else { "not ready" };
    let components = ComponentStates { database: state(database), server: state(!app.is_draining()) };
    let body = Readiness { status: state(is_ready), components };
    let status = if is_ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, axum::Json(body)).into_response()
}

async fn metrics(State(app): State<Arc<App>>) -> Response {
    ([(CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")], app.metrics.render())
        .into_response()
}

async fn document() -> Response {
    ([(CONTENT_TYPE, "application/json")], openapi::text()).into_response()
}
