//! `/v2/credentials/{id}/library`: the models on an Ollama server.

use std::convert::Infallible;
use std::sync::Arc;

use app::App;
use app::error::{Code, Error};
use app::library::{self, Pulling, Shelf, Step};
use axum::Extension;
use axum::body::Body;
use axum::extract::{FromRequestParts, Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post};
use bytes::Bytes;
use domain::access::Need;
use domain::ids::CredentialId;
use domain::model::ModelKind;
use futures_util::stream;
use http::request::Parts;
use http::{Method, StatusCode};
use llm::ollama::{Progress, Shown};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::paging::List;
use crate::auth::Authenticated;
use crate::body::{Id, Json};
use crate::calls::event_stream_headers;
use crate::openapi::says;
use crate::problem::{self, Dialect};
use crate::rim::{Failure, Passport};
use crate::router::{Door, door};

const TAG: &str = "provider keys";

/// What can stand in the way of any look into a library.
const REFUSALS: [Code; 9] = [
    Code::EndpointNotSupported,
    Code::EndpointNotAllowed,
    Code::Undecryptable,
    Code::UpstreamCredentialsExhausted,
    Code::RateLimited,
    Code::ProviderError,
    Code::ProviderRejected,
    Code::ProviderOverloaded,
    Code::ProviderTimeout,
];

/// Who may change what is on a disk.
const WHO: &str = "The models of a server that only the operator's list lets be reached are an admin's to change, because \
     everybody here may share its disk; those of a server elsewhere are its key's owner's.";

pub(super) fn doors() -> Vec<Door> {
    let need = Need::ManageCredentials;
    vec![
        door(
            Method::GET,
            "/v2/credentials/{id}/library",
            need,
            get(list_models),
            says(TAG, "The models on an Ollama server, and which of them are loaded")
                .gives_list::<List<ShelfView>, ShelfView>(200, "The models")
                .refuses(&REFUSALS)
                .refuses(&[Code::ModelNotFound]),
        ),
        door(
            Method::POST,
            "/v2/credentials/{id}/library/pull",
            need,
            post(pull_model),
            says(TAG, "Fetch a model to an Ollama server; its progress comes as server-sent events")
                .at_length(
                    "The events are `progress` (`step` and, of a `layer`, how many bytes of it are there), then `done`, or \
                     `error` with a problem. Closing the connection stops the fetch; the next one goes on from there. On a \
                     server that only the operator's list lets be reached this is for admins, because everybody here may \
                     share its disk.",
                )
                .takes::<PullBody>()
                .example(json!({"model": "llama3.2"}))
                .gives_events(200, "How far it has come, then its end")
                .refuses(&REFUSALS)
                .refuses(&[Code::ModelNotFound]),
        ),
        door(
            Method::GET,
            "/v2/credentials/{id}/library/{*model}",
            need,
            get(show_model),
            says(TAG, "What one model of an Ollama server can do")
                .gives::<ShownView>(200, "What is known of it")
                .refuses(&REFUSALS)
                .refuses(&[Code::ModelNotFound]),
        ),
        door(
            Method::DELETE,
            "/v2/credentials/{id}/library/{*model}",
            need,
            delete(delete_model),
            says(TAG, "Throw a model of an Ollama server away")
                .at_length(WHO)
                .gives_other(204, "It is gone")
                .refuses(&REFUSALS)
                .refuses(&[Code::ModelNotFound]),
        ),
    ]
}

/// Which model to fetch.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PullBody {
    /// Its name, as Ollama has it.
    #[schema(min_length = 1, max_length = 200, pattern = "^[A-Za-z0-9]([._:/-]?[A-Za-z0-9])*$")]
    model: String,
}

/// A model on a server.
#[derive(Serialize, ToSchema)]
struct ShelfView {
    /// Its name.
    #[schema(pattern = "@text")]
    model: String,
    /// Whether it is in memory now.
    is_loaded: bool,
    /// The memory it takes, in bytes.
    memory_bytes: Option<u64>,
    /// How much of that is the graphics card's, in bytes.
    video_memory_bytes: Option<u64>,
    /// The context it is loaded with, in tokens.
    loaded_context_window: Option<u64>,
}

impl ShelfView {
    fn all(shelf: Shelf) -> Vec<Self> {
        let Shelf { models, running } = shelf;
        let view = |model: domain::model::ListedModel| {
            let loaded = running.iter().find(|running| running.model == model.id);
            Self {
                is_loaded: loaded.is_some(),
                memory_bytes: loaded.map(|loaded| loaded.size_bytes),
                video_memory_bytes: loaded.map(|loaded| loaded.video_bytes),
                loaded_context_window: loaded.and_then(|loaded| loaded.context_length),
                model: model.id,
            }
        };
        models.into_iter().map(view).collect()
    }
}

/// What is known of a model.
#[derive(Serialize, ToSchema)]
struct ShownView {
    /// Its name.
    #[schema(pattern = "@text")]
    model: String,
    /// What it is for.
    #[schema(pattern = "^(chat|embedding|other)$")]
    kind: &'static str,
    /// What it can do; `null`: an older server that does not say.
    capabilities: Option<Vec<&'static str>>,
    /// Prompt plus answer it was made for, in tokens.
    context_window: Option<u64>,
    /// How large it is, like `3.2B`.
    parameter_size: Option<String>,
    /// How it is packed, like `Q4_K_M`.
    quantization: Option<String>,
}

impl ShownView {
    fn new(model: String, shown: Shown) -> Self {
        let words = |can: domain::model::Capabilities| {
            let all = [
                (can.vision, "vision"),
                (can.tools, "tools"),
                (can.json_schema, "json_schema"),
                (can.reasoning, "reasoning"),
            ];
            all.into_iter().filter_map(|(has, word)| has.then_some(word)).collect()
        };
        Self {
            model,
            kind: match shown.kind {
                ModelKind::Chat => "chat",
                ModelKind::Embedding => "embedding",
                ModelKind::Other => "other",
            },
            capabilities: shown.capabilities.map(words),
            context_window: shown.context_window,
            parameter_size: shown.parameter_size,
            quantization: shown.quantization,
        }
    }
}

/// A key and a model in a path. Anything that is none is simply not there.
struct Place(CredentialId, String);

impl<S: Send + Sync> FromRequestParts<S> for Place {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        let missing = || Failure::from(Error::not_found("model"));
        let path = Path::<(String, String)>::from_request_parts(parts, state).await;
        let Path((id, model)) = path.map_err(|_| missing())?;
        Ok(Self(id.parse().map_err(|_| missing())?, model))
    }
}

async fn list_models(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    Id(id): Id<CredentialId>,
) -> Result<Response, Failure> {
    let data = ShelfView::all(library::list(&app, &caller, id).await?);
    let count = data.len() as i64;
    Ok(axum::Json(List { data, count }).into_response())
}

async fn show_model(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    Place(id, model): Place,
) -> Result<Response, Failure> {
    let shown = library::show(&app, &caller, id, &model).await?;
    Ok(axum::Json(ShownView::new(model, shown)).into_response())
}

async fn delete_model(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    Place(id, model): Place,
) -> Result<Response, Failure> {
    library::delete(&app, &caller, id, &model).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn pull_model(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    Id(id): Id<CredentialId>,
    Extension(passport): Extension<Passport>,
    Json(PullBody { model }): Json<PullBody>,
) -> Result<Response, Failure> {
    let pulling = library::pull(&app, &caller, id, &model).await?;
    let state = (pulling, model, passport.shown);
    let events = stream::unfold(state, |(mut pulling, model, request_id): (Pulling, String, Arc<str>)| async {
        let event = written(&pulling.next().await?, &model, &request_id);
        Some((Ok::<Bytes, Infallible>(event), (pulling, model, request_id)))
    });
    Ok((event_stream_headers(), Body::from_stream(events)).into_response())
}

fn written(step: &Step, model: &str, request_id: &str) -> Bytes {
    let (name, data) = match step {
        Step::Progress(progress) => ("progress", told(progress)),
        Step::Done => ("done", json!({"model": model})),
        Step::Failed(error) => ("error", problem::envelope(error, Dialect::Problem, request_id, None)),
    };
    Bytes::from(format!("event: {name}\ndata: {data}\n\n"))
}

fn told(progress: &Progress) -> Value {
    match progress {
        Progress::Manifest => json!({"step": "manifest"}),
        Progress::Layer { digest, total_bytes, completed_bytes } => json!({
            "step": "layer", "digest": digest, "total_bytes": total_bytes, "completed_bytes": completed_bytes,
        }),
        Progress::Verifying => json!({"step": "verifying"}),
        Progress::Writing => json!({"step": "writing"}),
        Progress::Working | Progress::Done => json!({"step": "working"}),
    }
}
