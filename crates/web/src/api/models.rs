//! `/v2/llm-models`: every model, usable or locked, and the registry by hand.

pub(crate) mod registry;

use std::sync::Arc;

use app::models::{self, ModelFilter, ModelLine};
use app::{App, Code};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use domain::Nanos;
use domain::access::Need;
use domain::credential::Scope;
use domain::ids::CredentialId;
use domain::model::{Capabilities, ModelKind};
use domain::provider::ProviderKind;
use http::Method;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::paging::{self, List};
use crate::auth::Authenticated;
use crate::body::{Id, Query};
use crate::openapi::says;
use crate::rim::Failure;
use crate::router::{Door, door};

pub(crate) fn doors() -> Vec<Door> {
    let mut doors = registry::doors();
    doors.extend([
        door(
            Method::GET,
            "/v2/llm-models",
            Need::CallModels,
            get(list_models),
            says("models", "Models, usable ones first; is_active=true: only those a key of yours opens")
                .query::<ModelQuery>()
                .gives_list::<List<ModelView>, ModelView>(200, "The models"),
        ),
        door(
            Method::GET,
            "/v2/llm-models/{*id}",
            Need::CallModels,
            get(get_model),
            says("models", "One model, by any of its names")
                .gives::<ModelView>(200, "The model")
                .refuses(&[Code::ModelNotFound]),
        ),
    ]);
    doors
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct ModelQuery {
    /// `true`: usable now; `false`: locked or retired.
    is_active: Option<bool>,
    /// A provider, in any spelling.
    #[param(pattern = "@any-provider")]
    provider: Option<String>,
    /// Rows to pass over, 0 to 10,000.
    #[param(minimum = 0, maximum = 10_000)]
    skip: Option<i64>,
    /// Rows to give, 1 to 500; 100 unless said.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<i64>,
}

/// A model. Prices are dollars per million tokens; `null` is unknown, never free.
#[derive(Serialize, ToSchema)]
pub(crate) struct ModelView {
    /// The same for this model everywhere and always.
    id: String,
    /// The name to call it by.
    #[schema(pattern = "@text")]
    model_id: String,
    /// The provider's id of it; of an alias, of the model it reaches first.
    name: String,
    /// What people call it.
    display_name: String,
    #[schema(pattern = "@provider")]
    provider: &'static str,
    /// The id of the provider's row in `/v2/providers`, as a UUID.
    provider_id: String,
    #[schema(value_type = Option<f64>)]
    input_token_price: Option<Nanos>,
    #[schema(value_type = Option<f64>)]
    output_token_price: Option<Nanos>,
    #[schema(value_type = Option<f64>)]
    cached_input_token_price: Option<Nanos>,
    context_window: Option<u64>,
    max_tokens: Option<u64>,
    capabilities: Vec<&'static str>,
    is_active: bool,
    is_recommended: bool,
    /// Whether a key opens it.
    #[schema(pattern = "^(available|locked)$")]
    access: &'static str,
    /// Whose key would pay.
    #[schema(pattern = "@scope")]
    credential_scope: Option<&'static str>,
    /// How it is known.
    #[schema(pattern = "^(catalog|discovered|registered|local|alias)$")]
    origin: &'static str,
    /// Where it is in its life.
    #[schema(value_type = String, pattern = "^(active|deprecated|legacy|retired)$")]
    status: domain::model::ModelStatus,
    /// The day it ends.
    #[schema(format = "date")]
    deprecated_at: Option<String>,
    /// What to use instead.
    replacement: Option<String>,
}

impl From<&ModelLine> for ModelView {
    fn from(line: &ModelLine) -> Self {
        let facts = &line.facts;
        let rates = line.price.map(|price| price.rates);
        let is_local = facts.provider.facts().kind == ProviderKind::Local;
        Self {
            id: line.uuid.to_string(),
            model_id: line.client_id.clone(),
            name: facts.id.clone(),
            display_name: facts.display_name.clone(),
            provider: facts.provider.as_str(),
            provider_id: CredentialId::of_source(&format!("provider:{}", facts.provider)).to_string(),
            input_token_price: rates.map(|rates| Nanos(rates.input_nanos)),
            output_token_price: rates.map(|rates| Nanos(rates.output_nanos)),
            cached_input_token_price: rates.and_then(|rates| rates.cached_input_nanos).map(Nanos),
            context_window: facts.context_window,
            max_tokens: facts.max_output_tokens,
            capabilities: ability_words(facts.kind, facts.capabilities),
            is_active: line.payer.is_some(),
            is_recommended: facts.is_recommended,
            access: if line.payer.is_some() { "available" } else { "locked" },
            credential_scope: line.payer.map(Scope::as_str),
            origin: match (is_local, line.is_listed) {
                _ if line.alias.is_some() => "alias",
                _ if line.registered.is_some() => "registered",
                (true, _) => "local",
                (false, true) => "discovered",
                (false, false) => "catalog",
            },
            status: facts.status,
            deprecated_at: facts.deprecation_date.clone(),
            replacement: facts.replacement.clone(),
        }
    }
}

/// What a model can do, and what it is for, in the words of answers.
pub(crate) fn ability_words(kind: ModelKind, can: Capabilities) -> Vec<&'static str> {
    let is = |other| kind == other;
    [
        (is(ModelKind::Chat), "chat"),
        (can.vision, "vision"),
        (can.tools, "tools"),
        (can.json_schema, "json_schema"),
        (can.reasoning, "reasoning"),
        (is(ModelKind::Embedding), "embeddings"),
    ]
    .into_iter()
    .filter_map(|(has, word)| has.then_some(word))
    .collect()
}

async fn list_models(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    Query(query): Query<ModelQuery>,
) -> Result<Response, Failure> {
    let (skip, limit) = paging::window(query.skip, query.limit)?;
    let filter =
        ModelFilter { is_active: query.is_active, provider: super::word("provider", query.provider.as_deref())? };
    let lines = models::list(&app, &caller, filter).await?;
    let count = lines.len() as i64;
    let data: Vec<ModelView> = lines
        .iter()
        .skip(skip.unsigned_abs() as usize)
        .take(limit.unsigned_abs() as usize)
        .map(ModelView::from)
        .collect();
    Ok(axum::Json(List { data, count }).into_response())
}

async fn get_model(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    Id(name): Id<String>,
) -> Result<Response, Failure> {
    let line = models::get(&app, &caller, &name).await?;
    Ok(axum::Json(ModelView::from(&line)).into_response())
}
