//! The models usable now, in Gemini's shape.

use std::sync::Arc;

use app::App;
use app::error::{Code, Result};
use app::models::{self, ModelLine};
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
use crate::model_pages::{Asked, Page};
use crate::openapi::says;
use crate::rim::Failure;
use crate::router::{Door, door};

pub(super) fn doors() -> Vec<Door> {
    vec![
        door(
            Method::GET,
            "/v1beta/models",
            Need::CallModels,
            get(list_models),
            says("gemini", "The models you can call now, in Gemini's shape")
                .query::<PageQuery>()
                .gives::<GeminiModelList>(200, "The models"),
        ),
        door(
            Method::GET,
            "/v1beta/models/{*id}",
            Need::CallModels,
            get(get_model),
            says("gemini", "One model you can call now, in Gemini's shape")
                .gives::<GeminiModel>(200, "The model")
                .refuses(&[Code::ModelNotFound]),
        ),
    ]
}

/// How pages are turned. Only its schema is used: what is not listed is ignored.
#[derive(IntoParams)]
#[expect(dead_code, non_snake_case, reason = "only the schema is used, and the names are Google's")]
struct PageQuery {
    /// Models to give, at most 1000; all of them unless said.
    #[param(minimum = 0)]
    pageSize: Option<u32>,
    /// `nextPageToken` of the page before.
    #[param(pattern = "@text")]
    pageToken: Option<String>,
}

/// A page of models.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct GeminiModelList {
    models: Vec<GeminiModel>,
    /// Send it as `pageToken`; not there on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_page_token: Option<String>,
}

/// A model in Gemini's shape.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct GeminiModel {
    /// `models/` and the name to call it by.
    #[schema(pattern = "@text")]
    name: String,
    version: &'static str,
    /// What people call it.
    display_name: String,
    /// Its provider.
    description: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    input_token_limit: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output_token_limit: Option<u64>,
    /// What may stand behind the colon.
    supported_generation_methods: &'static [&'static str],
    /// Whether it thinks before it answers.
    thinking: bool,
}

impl From<&ModelLine> for GeminiModel {
    fn from(line: &ModelLine) -> Self {
        let facts = &line.facts;
        Self {
            name: format!("models/{}", line.client_id),
            version: "001",
            display_name: facts.display_name.clone(),
            description: format!("Served by {}.", facts.provider.display_name()),
            input_token_limit: facts.context_window,
            output_token_limit: facts.max_output_tokens,
            supported_generation_methods: match facts.kind {
                ModelKind::Chat => &["generateContent", "streamGenerateContent", "countTokens"],
                ModelKind::Embedding => &["embedContent", "batchEmbedContents"],
                ModelKind::Other => &[],
            },
            thinking: facts.capabilities.reasoning,
        }
    }
}

/// The page that a query asks for: `pageSize` and `pageToken`.
pub(crate) fn list(lines: &[ModelLine], query: &str) -> Result<Response> {
    let asked = Asked(query);
    let page = Page::after(lines, asked.place("pageToken", lines)?, asked.clamped_size("pageSize")?);
    let last = page.lines.last().filter(|_| page.has_more);
    let next_page_token = last.map(|line| line.client_id.clone());
    let models = page.lines.iter().map(GeminiModel::from).collect();
    Ok(axum::Json(GeminiModelList { models, next_page_token }).into_response())
}

/// One model.
pub(crate) fn one(line: &ModelLine) -> Response {
    axum::Json(GeminiModel::from(line)).into_response()
}

async fn list_models(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    RawQuery(query): RawQuery,
) -> std::result::Result<Response, Failure> {
    let lines = models::callable(&app, &caller).await?;
    Ok(list(&lines, query.as_deref().unwrap_or_default())?)
}

async fn get_model(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    Id(name): Id<String>,
) -> std::result::Result<Response, Failure> {
    Ok(one(&models::get_callable(&app, &caller, &name).await?))
}
