//! `POST /v2/credentials/{id}/try`: what an endpoint of one's own can do.

use std::sync::Arc;

use app::tries::{self, AskedBy, Found, Wanted};
use app::{App, Code};
use axum::Extension;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use domain::Nanos;
use domain::access::Need;
use domain::ids::CredentialId;
use http::Method;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use crate::auth::Authenticated;
use crate::body::{Id, Json};
use crate::openapi::says;
use crate::rim::{Failure, Passport};
use crate::router::{Door, door};

pub(super) fn doors() -> Vec<Door> {
    vec![door(
        Method::POST,
        "/v2/credentials/{id}/try",
        Need::ManageCredentials,
        post(try_endpoint),
        says("provider keys", "Try what a custom endpoint or LM Studio can do; this costs a few tokens")
            .at_length(
                "One tiny call for each ability, of at most 16 tokens of answer; each is in the ledger, paid with this key. \
                 What the model refuses is refused early from then on, and what it can do is told in the list of models, \
                 until it is tried again or the key moves to another endpoint.",
            )
            .takes::<TryBody>()
            .example(json!({"model": "my-model", "abilities": ["tools", "json_schema"]}))
            .gives::<FoundView>(200, "What was found")
            .refuses(&[Code::EndpointNotAllowed, Code::Undecryptable, Code::BudgetExceeded, Code::ModelUnpriced]),
    )]
}

/// What to try.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct TryBody {
    /// The model, by the endpoint's own id.
    #[schema(min_length = 1, max_length = 512, pattern = "@line")]
    model: String,
    /// The model for vectors, when it is another one.
    #[schema(min_length = 1, max_length = 512, pattern = "@line")]
    embedding_model: Option<String>,
    /// Of `stream`, `tools`, `json_schema`, `vision`, `embeddings`; all of them unless said.
    #[schema(max_items = 5)]
    abilities: Option<Vec<String>>,
}

/// What was found.
#[derive(Serialize, ToSchema)]
struct FoundView {
    /// One for each ability that was tried.
    data: Vec<TriedView>,
    /// What it cost, in dollars; `null` where nobody knows a price.
    #[schema(value_type = Option<f64>)]
    cost: Option<Nanos>,
    cost_nanos: Option<i64>,
}

/// One ability, and what trying it showed.
#[derive(Serialize, ToSchema)]
struct TriedView {
    #[schema(pattern = "^(stream|tools|json_schema|vision|embeddings)$")]
    ability: &'static str,
    #[schema(pattern = "^(works|refused|unclear)$")]
    outcome: &'static str,
    /// Why, in a plain sentence.
    reason: String,
}

impl From<Found> for FoundView {
    fn from(found: Found) -> Self {
        let view = |tried: llm::capabilities::Tried| TriedView {
            ability: tried.ability.as_str(),
            outcome: tried.outcome.as_str(),
            reason: tried.reason,
        };
        Self {
            data: found.tried.into_iter().map(view).collect(),
            cost: found.cost,
            cost_nanos: found.cost.map(|cost| cost.0),
        }
    }
}

async fn try_endpoint(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    Extension(passport): Extension<Passport>,
    Id(id): Id<CredentialId>,
    Json(body): Json<TryBody>,
) -> Result<Response, Failure> {
    let mut abilities = Vec::new();
    for word in body.abilities.iter().flatten() {
        let ability = super::word("abilities", Some(word))?;
        abilities.extend(ability.filter(|ability| !abilities.contains(ability)));
    }
    let wanted = Wanted { model: body.model, embedding_model: body.embedding_model, abilities };
    let by = AskedBy { request: passport.request, client_request_id: passport.client_request_id() };
    let found = tries::run(&app, &caller, &by, id, &wanted).await?;
    Ok(axum::Json(FoundView::from(found)).into_response())
}
