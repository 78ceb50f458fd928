//! `POST /v1/chat/completions` and `POST /v1/responses`.

use std::sync::Arc;

use app::App;
use axum::extract::{Request, State};
use axum::response::Response;
use axum::routing::post;
use domain::access::Need;
use domain::provider::WireName;
use http::Method;
use serde_json::json;

use super::schema;
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
                .at_length(
                    "To a provider of the same format the body goes as it is, but for the model's name; so any field that \
                     the provider takes may be sent, also one that is not listed here. To others it is translated. The \
                     `x-ownkey-*` headers of the answer say whose key paid.",
                )
                .takes::<schema::ChatCompletionRequest>()
                .example(json!({"model": "gpt-5-mini", "messages": [{"role": "user", "content": "Hello!"}]}))
                .calls_a_model()
                .gives::<schema::ChatCompletion>(200, "The answer")
                .or_events(),
        ),
        door(
            Method::POST,
            "/v1/responses",
            Need::CallModels,
            post(create_response),
            says("openai", "Chat, in the format of OpenAI's Responses; `stream: true` answers with server-sent events")
                .at_length(
                    "To a provider that speaks Responses the body goes as it is, but for the model's name; to others it is \
                     translated. The `x-ownkey-*` headers of the answer say whose key paid.",
                )
                .takes::<schema::ResponseRequest>()
                .example(json!({"model": "gpt-5-mini", "input": "Hello!"}))
                .calls_a_model()
                .gives::<schema::ResponseObject>(200, "The answer")
                .or_events(),
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
