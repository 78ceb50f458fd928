//! `POST /v1/embeddings`.

use std::sync::Arc;

use app::App;
use app::embeddings;
use axum::extract::{Request, State};
use axum::response::Response;
use axum::routing::post;
use domain::access::Need;
use domain::provider::WireName;
use http::Method;
use llm::embeddings::Form;
use serde_json::json;

use super::schema;
use crate::auth::Authenticated;
use crate::calls::{self, Arrived, DoorOfCall};
use crate::openapi::says;
use crate::rim::Failure;
use crate::router::{Door, door};

pub(crate) fn doors() -> Vec<Door> {
    vec![door(
        Method::POST,
        "/v1/embeddings",
        Need::CallModels,
        post(create_embeddings),
        says("openai", "Vectors of texts, in OpenAI's format")
            .at_length(
                "To a provider of the same format the body goes as it is, but for the model's name; to Google and Ollama it \
                 is translated. Vectors come as numbers or, with `encoding_format: base64`, as the base64 of 32-bit floats. \
                 The `x-ownkey-*` headers of the answer say whose key paid.",
            )
            .takes::<schema::EmbeddingsRequest>()
            .example(json!({"model": "text-embedding-3-small", "input": ["one text", "another"]}))
            .calls_a_model()
            .gives::<schema::Embeddings>(200, "The vectors, in the order of the texts"),
    )]
}

async fn create_embeddings(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    request: Request,
) -> Result<Response, Failure> {
    let door = DoorOfCall { name: "POST /v1/embeddings", wire: WireName::OpenAiChat, url: None };
    let Arrived { call, reply } = calls::arrived_as_json(&app, &caller, door, request).await?;
    let answered = embeddings::create(&app, &caller, call, Form::OpenAi).await;
    reply.written(answered).await
}
