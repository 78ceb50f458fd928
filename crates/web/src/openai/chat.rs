//! `POST /v1/chat/completions` and `POST /v1/responses`.

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
    vec![
        door(
            Method::POST,
            "/v1/chat/completions",
            Need::CallModels,
            post(create_chat_completion),
            says("openai", "Chat, in OpenAI's format; `stream: true` answers with server-sent events")
                .gives_other(200, "The answer, with x-ownkey-* headers that say who paid"),
        ),
        door(
            Method::POST,
            "/v1/responses",
            Need::CallModels,
            post(create_response),
            says("openai", "Chat, in the format of OpenAI's Responses; `stream: true` answers with server-sent events")
                .gives_other(200, "The answer, with x-ownkey-* headers that say who paid"),
        ),
    ]
}

async fn create_chat_completion(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    request: Request,
) -> Result<Response, Failure> {
    let door = DoorOfCall { name: "POST /v1/chat/completions", wire: WireName::OpenAiChat, url: None };
    calls::answer(&app, &caller, door, request).await
}

async fn create_response(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    request: Request,
) -> Result<Response, Failure> {
    let door = DoorOfCall { name: "POST /v1/responses", wire: WireName::OpenAiResponses, url: None };
    calls::answer(&app, &caller, door, request).await
}
