//! `GET /v1/models`: the models usable now, in OpenAI's shape.

use std::sync::Arc;

use app::models::{self, ModelLine};
use app::{App, Code};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use domain::access::Need;
use http::Method;
use serde::Serialize;
use utoipa::ToSchema;

use crate::auth::Authenticated;
use crate::body::Id;
use crate::openapi::says;
use crate::rim::Failure;
use crate::router::{Door, door};

/// `created` of models whose provider does not say: a fixed moment, so that
/// lists do not change from one call to the next.
const UNKNOWN_CREATED: i64 = 1_700_000_000;

pub(super) fn doors() -> Vec<Door> {
    vec![
        door(
            Method::GET,
            "/v1/models",
            Need::CallModels,
            get(list_models),
            says("openai", "The models you can call now").gives::<ModelList>(200, "The models"),
        ),
        door(
            Method::GET,
            "/v1/models/{*id}",
            Need::CallModels,
            get(get_model),
            says("openai", "One model you can call now")
                .gives::<ModelObject>(200, "The model")
                .refuses(&[Code::ModelNotFound]),
        ),
    ]
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
    #[serde(skip_serializing_if = "Option::is_none")]
    context_length: Option<u64>,
}

impl From<&ModelLine> for ModelObject {
    fn from(line: &ModelLine) -> Self {
        Self {
            id: line.client_id.clone(),
            object: "model",
            created: line.created.unwrap_or(UNKNOWN_CREATED),
            owned_by: line.facts.provider.as_str(),
            name: line.facts.display_name.clone(),
            context_length: line.facts.context_window,
        }
    }
}

async fn list_models(State(app): State<Arc<App>>, Authenticated(caller): Authenticated) -> Result<Response, Failure> {
    let lines = models::callable(&app, &caller).await?;
    let data = lines.iter().map(ModelObject::from).collect();
    Ok(axum::Json(ModelList { object: "list", data }).into_response())
}

async fn get_model(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    Id(name): Id<String>,
) -> Result<Response, Failure> {
    let line = models::get(&app, &caller, &name).await?;
    if line.payer.is_none() || !caller.may_call_model(&line.client_id) {
        return Err(models::not_found(&name).into());
    }
    Ok(axum::Json(ModelObject::from(&line)).into_response())
}
