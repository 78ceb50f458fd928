//! `POST|PATCH|DELETE /v2/llm-models`: models that people write down themselves.

use std::sync::Arc;

use app::App;
use app::error::{Code, Error};
use app::models;
use app::registry::{self, Edit, NewModel};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, patch, post};
use domain::access::Need;
use domain::credential::Scope;
use domain::model::{Capabilities, ModelKind};
use domain::money::Rates;
use domain::registration::Said;
use domain::{Caller, Nanos, Price};
use http::{HeaderMap, Method, StatusCode};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Number, json};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::ModelView;
use crate::api::{present, word};
use crate::auth::Authenticated;
use crate::body::{self, Id, Json, Query};
use crate::idempotent::Asked;
use crate::openapi::says;
use crate::rim::Failure;
use crate::router::{Door, door};

const TAG: &str = "models";

pub(super) fn doors() -> Vec<Door> {
    let need = Need::ManageCredentials;
    vec![
        door(
            Method::POST,
            "/v2/llm-models",
            need,
            post(register_model),
            says(
                TAG,
                "Register a model by hand: an Azure deployment, one that no list has, or other facts of a known one",
            )
            .takes::<ModelBody>()
            .example(json!({
                "provider": "azure", "model_id": "my-gpt", "capabilities": ["chat", "tools", "vision"],
                "context_window": 128_000, "input_token_price": 1.1, "output_token_price": 4.4,
            }))
            .idempotent()
            .gives::<ModelView>(201, "The model")
            .gives::<ModelView>(200, "Registered before with this Idempotency-Key")
            .refuses(&[Code::Conflict, Code::ModelNotFound, Code::NotFound]),
        ),
        door(
            Method::PATCH,
            "/v2/llm-models/{*id}",
            need,
            patch(edit_model),
            says(TAG, "Change what is registered of a model; absent stays, null is said no more")
                .query::<WhoseQuery>()
                .takes::<ModelPatch>()
                .example(json!({"context_window": 200_000}))
                .gives::<ModelView>(200, "The model now")
                .refuses(&[Code::ModelNotFound]),
        ),
        door(
            Method::DELETE,
            "/v2/llm-models/{*id}",
            need,
            delete(unregister_model),
            says(TAG, "Take a model out of the registry; what its provider says of it is in force again")
                .query::<WhoseQuery>()
                .gives_other(204, "Taken out")
                .refuses(&[Code::ModelNotFound]),
        ),
    ]
}

/// Something that a model can do, or what it is for.
#[derive(ToSchema)]
#[schema(pattern = "^(chat|vision|tools|json_schema|reasoning|embeddings)$")]
#[expect(dead_code, reason = "only its schema is used")]
struct AbilityWord(String);

/// A model to register. What is absent stays as it is known elsewhere.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ModelBody {
    /// The provider, in any spelling.
    #[schema(pattern = "@any-provider")]
    provider: String,
    /// The provider's id of it: at Azure the deployment, at custom endpoints `slug/id`.
    #[schema(max_length = 256, pattern = "@line")]
    model_id: String,
    /// `personal` (default): for your own keys; `organization`: for its keys, by its owners and admins; `system`: for everybody's, by admins.
    #[schema(pattern = "@scope")]
    scope: Option<String>,
    /// The organization; the one you act in unless said.
    organization_id: Option<String>,
    /// The name people read.
    #[schema(max_length = 120, pattern = "@line")]
    display_name: Option<String>,
    /// What it can do; `chat` and `embeddings` say what it is for.
    #[schema(max_items = 6, value_type = Option<Vec<AbilityWord>>)]
    capabilities: Option<Vec<String>>,
    /// Prompt plus completion, in tokens.
    #[schema(minimum = 1, maximum = 1_000_000_000)]
    #[serde(default, deserialize_with = "body::whole_number")]
    context_window: Option<u64>,
    /// The longest answer, in tokens.
    #[schema(minimum = 1, maximum = 1_000_000_000)]
    #[serde(default, deserialize_with = "body::whole_number")]
    max_tokens: Option<u64>,
    /// Dollars per million tokens; goes with `output_token_price`.
    #[schema(value_type = Option<f64>, minimum = 0, maximum = 1_000_000)]
    input_token_price: Option<Number>,
    /// Dollars per million tokens.
    #[schema(value_type = Option<f64>, minimum = 0, maximum = 1_000_000)]
    output_token_price: Option<Number>,
    /// Dollars per million tokens; absent: as fresh ones.
    #[schema(value_type = Option<f64>, minimum = 0, maximum = 1_000_000)]
    cached_input_token_price: Option<Number>,
}

/// What is to change: absent stays, `null` is said no more.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ModelPatch {
    /// The name people read.
    #[schema(value_type = Option<String>, max_length = 120, pattern = "@line")]
    #[serde(default, deserialize_with = "present")]
    display_name: Option<Option<String>>,
    /// What it can do; `chat` and `embeddings` say what it is for.
    #[schema(max_items = 6, value_type = Option<Vec<AbilityWord>>)]
    #[serde(default, deserialize_with = "present")]
    capabilities: Option<Option<Vec<String>>>,
    /// Prompt plus completion, in tokens.
    #[schema(value_type = Option<u64>, minimum = 1, maximum = 1_000_000_000)]
    #[serde(default, deserialize_with = "present_whole")]
    context_window: Option<Option<u64>>,
    /// The longest answer, in tokens.
    #[schema(value_type = Option<u64>, minimum = 1, maximum = 1_000_000_000)]
    #[serde(default, deserialize_with = "present_whole")]
    max_tokens: Option<Option<u64>>,
    /// Dollars per million tokens; prices change together.
    #[schema(value_type = Option<f64>, minimum = 0, maximum = 1_000_000)]
    #[serde(default, deserialize_with = "present")]
    input_token_price: Option<Option<Number>>,
    /// Dollars per million tokens; prices change together.
    #[schema(value_type = Option<f64>, minimum = 0, maximum = 1_000_000)]
    #[serde(default, deserialize_with = "present")]
    output_token_price: Option<Option<Number>>,
    /// Dollars per million tokens; prices change together.
    #[schema(value_type = Option<f64>, minimum = 0, maximum = 1_000_000)]
    #[serde(default, deserialize_with = "present")]
    cached_input_token_price: Option<Option<Number>>,
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct WhoseQuery {
    /// `personal` or `system`; your own before everybody's unless said.
    #[param(pattern = "@scope")]
    scope: Option<String>,
}

async fn register_model(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    headers: HeaderMap,
    Json(raw): Json<Box<RawValue>>,
) -> Result<Response, Failure> {
    let raw = raw.get().as_bytes();
    let body: ModelBody = body::parse(raw)?;
    let asked = Asked { app: &app, caller: &caller, headers: &headers, door: "POST /v2/llm-models", body: raw };
    let show = async |made: Option<String>| {
        let id = made.ok_or_else(|| Error::not_found("registered model"))?;
        let line = models::get(&app, &caller, &id).await?;
        Ok(axum::Json(ModelView::from(&line)).into_response())
    };
    asked.once(register(&app, &caller, body), show).await
}

async fn register(app: &App, caller: &Caller, body: ModelBody) -> Result<(Option<String>, Response), Failure> {
    let line = registry::register(app, caller, new_model(body)?).await?;
    let made = (StatusCode::CREATED, axum::Json(ModelView::from(&line))).into_response();
    Ok((Some(line.uuid.to_string()), made))
}

async fn edit_model(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    Id(name): Id<String>,
    Query(query): Query<WhoseQuery>,
    Json(patch): Json<ModelPatch>,
) -> Result<Response, Failure> {
    let model = uuid_of(&app, &caller, &name).await?;
    let scope = word("scope", query.scope.as_deref())?;
    let edit = Edit {
        price: changed_price(&patch)?,
        abilities: patch.capabilities.map(|words| abilities(words.as_deref())).transpose()?,
        display_name: patch.display_name,
        context_window: patch.context_window,
        max_output_tokens: patch.max_tokens,
    };
    let line = registry::edit(&app, &caller, model, scope, edit).await?;
    Ok(axum::Json(ModelView::from(&line)).into_response())
}

async fn unregister_model(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    Id(name): Id<String>,
    Query(query): Query<WhoseQuery>,
) -> Result<Response, Failure> {
    let model = uuid_of(&app, &caller, &name).await?;
    registry::unregister(&app, &caller, model, word("scope", query.scope.as_deref())?).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn uuid_of(app: &App, caller: &Caller, name: &str) -> Result<Uuid, Error> {
    match Uuid::parse_str(name) {
        Ok(uuid) => Ok(uuid),
        Err(_) => Ok(models::get(app, caller, name).await?.uuid),
    }
}

fn new_model(body: ModelBody) -> Result<NewModel, Error> {
    let provider = body
        .provider
        .parse()
        .map_err(|_| Error::invalid("provider", "names no provider; GET /v2/providers lists them"))?;
    let price = price(
        body.input_token_price.as_ref(),
        body.output_token_price.as_ref(),
        body.cached_input_token_price.as_ref(),
    )?;
    let said = Said {
        display_name: body.display_name,
        context_window: body.context_window,
        max_output_tokens: body.max_tokens,
        price,
        ..abilities(body.capabilities.as_deref())?
    };
    Ok(NewModel {
        scope: word("scope", body.scope.as_deref())?.unwrap_or(Scope::Personal),
        organization: super::super::organization_id(body.organization_id)?,
        provider,
        model: body.model_id,
        said,
    })
}

/// What a list of words says of a model's abilities.
///
/// # Errors
/// `invalid_request` for a word that is none.
pub(crate) fn abilities<T: AsRef<str>>(words: Option<&[T]>) -> Result<Said, Error> {
    let Some(words) = words else { return Ok(Said::default()) };
    let has = |wanted: &str| words.iter().any(|word| word.as_ref() == wanted);
    let known = ["chat", "vision", "tools", "json_schema", "reasoning", "embeddings"];
    if words.iter().any(|word| !known.contains(&word.as_ref())) {
        return Err(Error::invalid(
            "capabilities",
            format!("holds an unknown word; expected of: {}", known.join(", ")),
        ));
    }
    let kind = match (has("chat"), has("embeddings")) {
        (true, true) => {
            return Err(Error::invalid("capabilities", "says chat and embeddings; a model is for one of them"));
        }
        (true, false) => Some(ModelKind::Chat),
        (false, true) => Some(ModelKind::Embedding),
        (false, false) => None,
    };
    let capabilities = Capabilities {
        tools: has("tools"),
        vision: has("vision"),
        json_schema: has("json_schema"),
        reasoning: has("reasoning"),
    };
    Ok(Said { kind, capabilities: Some(capabilities), ..Said::default() })
}

/// A whole number, where `null` is told from absent.
fn present_whole<'de, D: serde::Deserializer<'de>>(reader: D) -> Result<Option<Option<u64>>, D::Error> {
    body::whole_number(reader).map(Some)
}

fn changed_price(patch: &ModelPatch) -> Result<Option<Option<Price>>, Error> {
    let fields = [&patch.input_token_price, &patch.output_token_price, &patch.cached_input_token_price];
    if fields.iter().all(|field| field.is_none()) {
        return Ok(None);
    }
    let [input, output, cached] = fields.map(|field| field.as_ref().and_then(Option::as_ref));
    price(input, output, cached).map(Some)
}

fn price(input: Option<&Number>, output: Option<&Number>, cached: Option<&Number>) -> Result<Option<Price>, Error> {
    let nanos = |field: &str, number: &Number| {
        let nanos = Nanos::parse_usd(&number.to_string()).map(|nanos| nanos.0);
        nanos.ok_or_else(|| Error::invalid(field, "has more than nine decimals; write dollars per million tokens"))
    };
    match (input, output) {
        (Some(input), Some(output)) => {
            let rates = Rates {
                input_nanos: nanos("input_token_price", input)?,
                output_nanos: nanos("output_token_price", output)?,
                cached_input_nanos: cached.map(|cached| nanos("cached_input_token_price", cached)).transpose()?,
                ..Rates::default()
            };
            Ok(Some(Price { rates, long_context: None }))
        }
        (None, None) if cached.is_none() => Ok(None),
        (None, _) => Err(Error::invalid("input_token_price", "is missing; prices are set together")),
        (_, None) => Err(Error::invalid("output_token_price", "is missing; prices are set together")),
    }
}
