//! What passes as it is, to OpenAI-like providers: completions, audio, images,
//! moderations, rerank.

use std::sync::Arc;

use app::App;
use app::error::{Code, Error};
use app::opaque;
use axum::extract::{Request, State};
use axum::handler::Handler;
use axum::response::Response;
use axum::routing::{MethodRouter, post};
use domain::Caller;
use domain::access::Need;
use domain::provider::WireName;
use http::Method;
use http::header::CONTENT_TYPE;
use llm::opaque::{Family, Media, Route};
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::schema::{ModerationRequest, PassedAnswer, PassedRequest};
use crate::auth::Authenticated;
use crate::body::{Id, PASSED_BODY_BYTES};
use crate::calls::{self, Arrived, DoorOfCall};
use crate::openapi::{Described, says};
use crate::rim::Failure;
use crate::router::{Door, Shared, door};

pub(crate) fn doors() -> Vec<Door> {
    let at = |path, handler, described| door(Method::POST, path, Need::CallModels, handler, described);
    vec![
        at(
            "/v1/completions",
            root(Family::Completions),
            described::<PassedRequest>(
                "A text that goes on, in OpenAI's older format",
                json!({"model": "m", "prompt": "Once"}),
            )
            .or_events(),
        ),
        at(
            "/v1/audio/{*id}",
            below(Family::Audio),
            described::<PassedRequest>(
                "Speech and transcriptions, in OpenAI's format: `speech`, `transcriptions`, `translations`",
                json!({"model": "gpt-4o-mini-tts", "voice": "alloy", "input": "Hello!"}),
            )
            .or_form()
            .or_events()
            .or_bytes(),
        ),
        at(
            "/v1/images/{*id}",
            below(Family::Images),
            described::<PassedRequest>(
                "Pictures made and edited, in OpenAI's format: `generations`, `edits`, `variations`",
                json!({"model": "gpt-image-1", "prompt": "A cat"}),
            )
            .or_form()
            .or_events(),
        ),
        at(
            "/v1/moderations",
            root(Family::Moderations),
            described::<ModerationRequest>("Whether a text is harmful, in OpenAI's format", json!({"input": "Hello!"})),
        ),
        at(
            "/v1/rerank",
            root(Family::Rerank),
            described::<PassedRequest>(
                "Texts in the order of their use for a question",
                json!({"model": "m", "query": "a cat", "documents": ["cats", "dogs"]}),
            ),
        ),
    ]
}

fn described<T: ToSchema>(summary: &'static str, example: Value) -> Described {
    says("openai", summary)
        .at_length(
            "Goes to OpenAI-like providers as it is, but for the model's name, and is answered as they answer. The \
             `x-ownkey-*` headers of the answer say whose key paid.",
        )
        .takes::<T>()
        .example(example)
        .calls_a_model()
        .gives::<PassedAnswer>(200, "The provider's answer")
}

fn root(family: Family) -> MethodRouter<Shared> {
    posted(move |State(app): State<Arc<App>>, Authenticated(caller): Authenticated, request: Request| async move {
        pass(&app, &caller, Route::new(family, None), request).await
    })
}

fn below(family: Family) -> MethodRouter<Shared> {
    posted(
        move |State(app): State<Arc<App>>,
              Authenticated(caller): Authenticated,
              Id(tail): Id<String>,
              request: Request| async move { pass(&app, &caller, Route::new(family, Some(&tail)), request).await },
    )
}

fn posted<T: 'static>(handler: impl Handler<T, Shared>) -> MethodRouter<Shared> {
    post(handler)
}

async fn pass(app: &Arc<App>, caller: &Caller, route: Option<Route>, request: Request) -> Result<Response, Failure> {
    let route = route.ok_or_else(|| {
        Error::new(
            Code::EndpointNotSupported,
            "No provider has anything at this address. /openapi.json lists what there is.",
        )
    })?;
    let kind = request.headers().get(CONTENT_TYPE).map(|kind| kind.to_str().unwrap_or("?"));
    let media = Media::of(kind).ok_or_else(|| {
        Error::new(
            Code::UnsupportedMediaType,
            "The body is neither JSON nor a form with files. Send it as application/json or multipart/form-data.",
        )
    })?;
    let name = match route.family {
        Family::Completions => "POST /v1/completions",
        Family::Audio => "POST /v1/audio",
        Family::Images => "POST /v1/images",
        Family::Moderations => "POST /v1/moderations",
        Family::Rerank => "POST /v1/rerank",
    };
    let door = DoorOfCall { name, wire: WireName::OpenAiChat, url: None };
    let Arrived { call, reply } = calls::arrived(app, caller, door, request, PASSED_BODY_BYTES).await?;
    let answered = opaque::pass(app, caller, call, &route, &media).await;
    reply.written(answered).await
}
