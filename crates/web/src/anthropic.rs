//! Anthropic's wire: what Claude's own clients call.

use std::sync::Arc;

use app::App;
use axum::extract::{Request, State};
use axum::response::Response;
use axum::routing::post;
use domain::access::Need;
use domain::provider::WireName;
use http::Method;

use crate::auth::Authenticated;
use crate::calls::{self, DoorOfCall};
use crate::openapi::says;
use crate::rim::Failure;
use crate::router::{Door, door};

pub(crate) fn doors() -> Vec<Door> {
    vec![door(
        Method::POST,
        "/v1/messages",
        Need::CallModels,
        post(create_message),
        says("anthropic", "Chat, in Anthropic's format; `stream: true` answers with server-sent events")
            .gives_other(200, "The answer, with x-ownkey-* headers that say who paid"),
    )]
}

async fn create_message(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    request: Request,
) -> Result<Response, Failure> {
    let door = DoorOfCall { name: "POST /v1/messages", wire: WireName::AnthropicMessages, url: None };
    calls::answer(&app, &caller, door, request).await
}
