//! Anthropic's wire: what Claude's own clients call.

pub(crate) mod models;
mod schema;

use std::sync::Arc;

use app::App;
use axum::extract::{Request, State};
use axum::response::Response;
use axum::routing::post;
use domain::access::Need;
use domain::provider::WireName;
use http::Method;
use serde_json::json;

use crate::auth::Authenticated;
use crate::calls::{self, DoorOfCall};
use crate::openapi::says;
use crate::rim::Failure;
use crate::router::{Door, door};

pub(crate) fn doors() -> Vec<Door> {
    vec![create_door(), count_door()]
}

fn create_door() -> Door {
    door(
        Method::POST,
        "/v1/messages",
        Need::CallModels,
        post(create_message),
        says("anthropic", "Chat, in Anthropic's format; `stream: true` answers with server-sent events")
            .at_length(
                "To Anthropic the body goes as it is, but for the model's name; so any field that it takes may be sent, also \
                 one that is not listed here. To others it is translated. The `x-ownkey-*` headers of the answer say whose \
                 key paid.",
            )
            .takes::<schema::MessageRequest>()
            .example(json!({
                "model": "claude-opus-4-8",
                "max_tokens": 256,
                "messages": [{"role": "user", "content": "Hello!"}],
            }))
            .calls_a_model()
            .gives::<schema::Message>(200, "The answer")
            .or_events(),
    )
}

fn count_door() -> Door {
    door(
        Method::POST,
        "/v1/messages/count_tokens",
        Need::CallModels,
        post(count_tokens),
        says("anthropic", "How many tokens a chat has, in Anthropic's format")
            .at_length(
                "Anthropic and Google count it themselves, at no cost. For models of others it is an estimate, in which \
                 pictures and files do not count, and the header `x-ownkey-estimated` says so.",
            )
            .takes::<schema::CountRequest>()
            .example(json!({"model": "claude-opus-4-8", "messages": [{"role": "user", "content": "Hello!"}]}))
            .calls_a_model()
            .may_estimate()
            .gives::<schema::TokenCount>(200, "The number"),
    )
}

async fn create_message(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    request: Request,
) -> Result<Response, Failure> {
    let door = DoorOfCall { name: "POST /v1/messages", wire: WireName::AnthropicMessages, url: None };
    calls::answer(&app, &caller, door, request).await
}

async fn count_tokens(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    request: Request,
) -> Result<Response, Failure> {
    let door = DoorOfCall { name: "POST /v1/messages/count_tokens", wire: WireName::AnthropicMessages, url: None };
    calls::count(&app, &caller, door, request).await
}
