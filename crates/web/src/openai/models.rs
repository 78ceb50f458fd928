//! `GET /v1/models`: the models usable now, in the shape of whoever asks; here
//! is OpenAI's.

use std::sync::Arc;

use app::models::{self, ModelLine};
use app::{App, Code};
use axum::Extension;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use domain::access::Need;
use domain::model::ModelKind;
use http::Method;
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use crate::auth::Authenticated;
use crate::body::Id;
use crate::openapi::says;
use crate::problem::Dialect;
use crate::rim::{Failure, Passport};
use crate::router::{Door, door};
use crate::{anthropic, gemini, model_pages};

/// Whose shape is whose.
const SHAPES: &str = "In OpenAI's shape; with the header `anthropic-version` in Anthropic's (which has pages: `limit`, `after_id`, \
     `before_id`), with `x-goog-api-key` in Google's (`pageSize`, `pageToken`). Each id means this very model.";

pub(super) fn doors() -> Vec<Door> {
    vec![
        door(
            Method::GET,
            "/v1/models",
            Need::CallModels,
            get(list_models),
            says("openai", "The models you can call now")
                .at_length(SHAPES)
                .query::<PageQuery>()
                .gives::<ModelList>(200, "The models"),
        ),
        door(
            Method::GET,
            "/v1/models/{*id}",
            Need::CallModels,
            get(get_model),
            says("openai", "One model you can call now")
                .at_length(SHAPES)
                .gives::<ModelObject>(200, "The model")
                .refuses(&[Code::ModelNotFound]),
        ),
    ]
}

/// How pages are turned in Anthropic's shape. Only its schema is used: in others
/// the parameters are ignored.
#[derive(IntoParams)]
#[expect(dead_code, reason = "only the schema is used")]
struct PageQuery {
    /// Models to give, 1 to 1000; all of them unless said.
    #[param(minimum = 1, maximum = 1_000)]
    limit: Option<u32>,
    /// The id after which to go on.
    #[param(pattern = "@text")]
    after_id: Option<String>,
    /// The id before which to end.
    #[param(pattern = "@text")]
    before_id: Option<String>,
}

#[derive(Serialize, ToSchema)]
struct ModelList {
    #[schema(pattern = "^(list)$")]
    object: &'static str,
    data: Vec<ModelObject>,
}

/// A model in OpenAI's shape, with a few harmless extras.
#[derive(Serialize, ToSchema)]
struct ModelObject {
    /// The name to call it by.
    #[schema(pattern = "@text")]
    id: String,
    #[schema(pattern = "^(model)$")]
    object: &'static str,
    /// Seconds since 1970.
    created: i64,
    /// Its provider.
    #[schema(pattern = "@provider")]
    owned_by: &'static str,
    name: String,
    /// What it is for, where it is one of these.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(pattern = "^(chat|embedding)$")]
    mode: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    context_length: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_input_tokens: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_output_tokens: Option<u64>,
}

impl From<&ModelLine> for ModelObject {
    fn from(line: &ModelLine) -> Self {
        Self {
            id: line.client_id.clone(),
            object: "model",
            created: model_pages::created(line),
            owned_by: line.facts.provider.as_str(),
            name: line.facts.display_name.clone(),
            mode: match line.facts.kind {
                ModelKind::Chat => Some("chat"),
                ModelKind::Embedding => Some("embedding"),
                ModelKind::Other => None,
            },
            context_length: line.facts.context_window,
            max_input_tokens: line.facts.context_window,
            max_output_tokens: line.facts.max_output_tokens,
        }
    }
}

async fn list_models(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    Extension(passport): Extension<Passport>,
    RawQuery(query): RawQuery,
) -> Result<Response, Failure> {
    let lines = models::callable(&app, &caller).await?;
    let query = query.unwrap_or_default();
    match passport.dialect {
        Dialect::Anthropic => Ok(anthropic::models::list(&lines, &query)?),
        Dialect::Google => Ok(gemini::models::list(&lines, &query)?),
        Dialect::OpenAi | Dialect::Problem | Dialect::Page => {
            let data = lines.iter().map(ModelObject::from).collect();
            Ok(axum::Json(ModelList { object: "list", data }).into_response())
        }
    }
}

async fn get_model(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    Extension(passport): Extension<Passport>,
    Id(name): Id<String>,
) -> Result<Response, Failure> {
    let line = models::get_callable(&app, &caller, &name).await?;
    Ok(match passport.dialect {
        Dialect::Anthropic => anthropic::models::one(&line),
        Dialect::Google => gemini::models::one(&line),
        Dialect::OpenAi | Dialect::Problem | Dialect::Page => axum::Json(ModelObject::from(&line)).into_response(),
    })
}
